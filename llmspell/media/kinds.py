"""Every format that is known: how it begins, what it is called, and which module reads it. Light: a parser is imported
when there is a file for it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, NamedTuple

from llmspell.content import MediaType, Metadata
from llmspell.media.blobs import Part
from llmspell.media.window import Window


class Kind(NamedTuple):
    """One format. `parser` is "module" or "module:suffix" of llmspell.media.formats, whose functions are `read` and
    `kept` with that suffix."""

    type: MediaType
    format: str
    mime: str
    label: str
    """With its article, for messages."""
    extensions: tuple[str, ...] = ()
    """Endings of file names that claim this format; the first is the usual one."""
    mimes: tuple[str, ...] = ()
    """Other spellings of its MIME type."""
    parser: str = ""
    strips: bool = True
    """Metadata can be taken out without encoding it again."""
    shrinks: str = ""
    """The format that a smaller version of it is in."""

    def read(self, window: Window) -> Metadata | None:
        """Raises InvalidMedia for a file that is not whole."""
        found: Metadata | None = self.function("read")(window)
        return found

    def kept(self, window: Window) -> list[Part]:
        """What is left without metadata."""
        parts: list[Part] = self.function("kept")(window)
        return parts

    def function(self, name: str) -> Callable[[Window], Any]:
        module, _, suffix = self.parser.partition(":")
        called = f"{name}_{suffix}" if suffix else name
        function: Callable[[Window], Any] = getattr(import_module(f"llmspell.media.formats.{module}"), called)
        return function


_ALL: Final = (
    Kind("image", "png", "image/png", "a PNG", ("png", "apng"), ("image/apng", "image/x-png"), "png", shrinks="png"),
    Kind("image", "jpeg", "image/jpeg", "a JPEG", ("jpg", "jpeg", "jpe", "jfif"), ("image/jpg", "image/pjpeg"), "jpeg",
         shrinks="jpeg"),
    Kind("image", "webp", "image/webp", "a WebP", ("webp",), (), "riff:webp", shrinks="webp"),
    Kind("image", "gif", "image/gif", "a GIF", ("gif",), (), "gif", shrinks="png"),
    Kind("image", "svg", "image/svg+xml", "an SVG", ("svg",), (), "svg"),
    Kind("image", "tiff", "image/tiff", "a TIFF", ("tiff", "tif"), (), "tiff", strips=False, shrinks="tiff"),
    Kind("audio", "mp3", "audio/mpeg", "an MP3", ("mp3",), ("audio/mp3", "audio/x-mp3", "audio/x-mpeg"), "mp3"),
    Kind("audio", "wav", "audio/wav", "a WAV", ("wav", "wave"), ("audio/x-wav", "audio/wave", "audio/vnd.wave"),
         "riff:wav"),
    Kind("audio", "flac", "audio/flac", "a FLAC", ("flac",), ("audio/x-flac",), "flac"),
    Kind("audio", "ogg", "audio/ogg", "an Ogg", ("ogg", "oga", "opus", "spx"), ("audio/opus", "application/ogg"),
         "ogg"),
    Kind("audio", "m4a", "audio/mp4", "an M4A", ("m4a", "m4b"), ("audio/m4a", "audio/x-m4a"), "boxes"),
    Kind("video", "mp4", "video/mp4", "an MP4", ("mp4", "m4v"), ("video/x-m4v",), "boxes"),
    Kind("video", "mov", "video/quicktime", "a MOV", ("mov", "qt"), (), "boxes"),
    Kind("video", "webm", "video/webm", "a WebM", ("webm",), ("audio/webm",), "matroska"),
    Kind("video", "mkv", "video/x-matroska", "a Matroska", ("mkv", "mka"), ("video/matroska", "audio/x-matroska"),
         "matroska"),
    Kind("video", "avi", "video/x-msvideo", "an AVI", ("avi",), ("video/avi", "video/vnd.avi"), "riff:avi"),
    Kind("binary", "pdf", "application/pdf", "a PDF", ("pdf",), ("application/x-pdf",), "plain:pdf", strips=False),
    Kind("text", "text", "text/plain", "text", ("txt", "md", "csv", "json", "html", "htm", "log", "toml", "yaml"),
         ("application/json",), "plain:text", strips=False),
)  # fmt: skip
KINDS: Final = {kind.format: kind for kind in _ALL}
BINARY: Final = Kind("binary", "binary", "application/octet-stream", "nothing that is known", strips=False)

RELATED: Final = (frozenset({"mp4", "mov", "m4a"}), frozenset({"webm", "mkv"}), frozenset({"text", "svg"}))
"""Formats that people call by each other's names: they share their structure."""
SOUND: Final = {"mp4": ("m4a", "audio/mp4"), "mov": ("m4a", "audio/mp4"), "webm": ("webm", "audio/webm"),
                "mkv": ("mkv", "audio/x-matroska")}  # fmt: skip
"""What a file of video that has none is: format and MIME type."""


def named(filename: str) -> Kind | None:
    """The format that a file's name claims; None for an ending that claims none."""
    ending = filename.rpartition(".")[2].lower() if "." in filename else ""
    return next((kind for kind in _ALL if ending in kind.extensions), None)


def declared(mime: str) -> Kind | None:
    """The format that a MIME type claims; None for one that claims none that is known."""
    plain = mime.partition(";")[0].strip().lower()
    if plain.startswith("text/"):
        return KINDS["text"]
    return next((kind for kind in _ALL if plain == kind.mime or plain in kind.mimes), None)


def fits(kind: Kind, claim: Kind) -> bool:
    """Whether a file may be called what it is claimed to be."""
    return kind.format == claim.format or any({kind.format, claim.format} <= family for family in RELATED)
