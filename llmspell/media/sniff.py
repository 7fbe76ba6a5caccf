"""What a file is, by its content and nothing else. Raises InvalidMedia for one that is two things at once."""

from __future__ import annotations

from typing import Final

from llmspell.content import Blob
from llmspell.errors import InvalidMedia
from llmspell.media.kinds import BINARY, KINDS, Kind
from llmspell.media.window import Window

MAGIC: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (0, b"II*\0", "tiff"),
    (0, b"MM\0*", "tiff"),
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (0, b"%PDF-", "pdf"),
    (0, b"\x1aE\xdf\xa3", "mkv"),
)
"""Where these bytes stand, a file is of that format."""
RIFF: Final = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
BRANDS: Final = {b"M4A ": "m4a", b"M4B ": "m4a", b"qt  ": "mov"}
"""Of MP4's family; any other is MP4, but those of pictures."""
PICTURES: Final = frozenset({b"avif", b"avis", b"heic", b"heix", b"heif", b"mif1", b"msf1"})
OLD_MOVIES: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip"})
"""A QuickTime film without a file type begins with one of these boxes."""
ZIP_END: Final = b"PK\x05\x06"
ZIP_TAIL: Final = 22 + 65535
PDF_HEAD: Final = 1024
"""Bytes in which readers of PDF look for its beginning."""


def sniff(blob: Blob) -> Kind:
    head = blob.part(0, 512)
    found = _found(blob, head)
    kind = KINDS.get(found, BINARY)
    if kind is BINARY and _is_text(blob):
        kind = KINDS["svg" if _is_svg(blob) else "text"]
    if kind.type not in ("text", "binary") or kind.format == "pdf":
        _check_single(blob, kind)
    return kind


def _found(blob: Blob, head: bytes) -> str:
    for at, magic, name in MAGIC:
        if head.startswith(magic, at):
            return "webm" if name == "mkv" and b"webm" in head[:64] else name
    if head[:4] in (b"RIFF", b"RF64"):
        return RIFF.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return "" if head[8:12] in PICTURES else BRANDS.get(head[8:12], "mp4")
    if head[4:8] in OLD_MOVIES and len(head) > 16:
        return "mov"
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2):
        from llmspell.media.formats.mp3 import starts

        return "mp3" if starts(Window(blob, "")) else ""
    return ""


def _is_text(blob: Blob) -> bool:
    from llmspell.media.formats.plain import is_text

    return is_text(Window(blob, ""))


def _is_svg(blob: Blob) -> bool:
    begin = blob.part(0, 4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return begin.startswith(b"<") and b"<svg" in begin and b"<html" not in begin.lower()


def _check_single(blob: Blob, kind: Kind) -> None:
    """A program that looks for a PDF or a ZIP must not find one in what is something else for us."""
    other = ""
    if kind.format != "pdf" and b"%PDF-" in blob.part(0, PDF_HEAD):
        other = "a PDF"
    else:
        tail = blob.part(max(blob.size - ZIP_TAIL, 0), ZIP_TAIL)
        at = tail.rfind(ZIP_END)
        if (
            at >= 0
            and len(tail) - at >= 22
            and int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail) - at - 22
        ):
            other = "a ZIP"
    if other:
        raise InvalidMedia(f"{kind.label}, and {other} too", details={"reason": "polyglot"})
