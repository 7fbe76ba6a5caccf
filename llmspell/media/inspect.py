"""From bytes and what somebody says of them to a MediaContent: what it really is, whole, and within the limits."""

from __future__ import annotations

from llmspell.content import AudioMetadata, Blob, ImageMetadata, MediaContent, Metadata
from llmspell.errors import InvalidMedia
from llmspell.media.kinds import SOUND, Kind, declared, fits, named
from llmspell.media.sniff import sniff
from llmspell.media.window import Window
from llmspell.settings import MediaSettings

MAX_FILENAME = 255
"""Bytes, as most file systems have it."""


def inspect(
    blob: Blob, settings: MediaSettings, *, filename: str | None = None, mime: str = "", where: str = ""
) -> MediaContent:
    """Raises InvalidMedia for what is broken, two things at once, too large, or not what its name or `mime` says.
    `where` begins the messages."""
    filename = clean_name(filename)
    try:
        kind = sniff(blob)
        _check_size(kind, blob, settings)
        _check_claims(kind, filename, mime)
        metadata = kind.read(Window(blob, kind.label)) if kind.parser else None
        _check_pixels(kind, metadata, settings)
    except InvalidMedia as error:
        subject = f"'{filename}' is" if filename else "this is"
        error.message = f"{where}: {subject} {error.message}" if where else f"{subject} {error.message}"
        error.args = (error.message,)
        raise
    form, type_, mime_ = kind.format, kind.type, kind.mime
    if isinstance(metadata, AudioMetadata) and kind.format in SOUND:
        type_, (form, mime_) = "audio", SOUND[kind.format]
    return MediaContent(type=type_, format=form, mime=mime_, blob=blob, filename=filename, metadata=metadata)


def clean_name(filename: str | None) -> str | None:
    """The last part of a path, without what a terminal or a model would take for something else, and not too long."""
    if filename is None:
        return None
    name = filename.replace("\\", "/").rpartition("/")[2]
    shown = "".join(char if char.isprintable() else "_" for char in name)
    return shown.encode("utf-8", "replace")[:MAX_FILENAME].decode("utf-8", "ignore") or None


def shown_size(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MB" if size >= 1 << 20 else f"{size:,} bytes"


def _check_size(kind: Kind, blob: Blob, settings: MediaSettings) -> None:
    limit: int = getattr(settings.max_size, kind.type)
    if blob.size > limit:
        raise InvalidMedia(
            f"{kind.label} of {shown_size(blob.size)}, and at most {shown_size(limit)} are allowed for {kind.type}",
            hint=f"`{kind.type}` under [media.max_size] says how much",
            details={"reason": "too_large", "size": blob.size, "limit": limit},
        )


def _check_claims(kind: Kind, filename: str | None, mime: str) -> None:
    claims = ((f"its name ends in .{(filename or '').rpartition('.')[2][:16]}", named(filename or "")),)
    for says, claim in (*claims, (f"it was declared as {mime[:80]}", declared(mime))):
        if claim is not None and not fits(kind, claim):
            other = "save it as UTF-8" if claim.format == "text" else "it may be damaged or encrypted"
            raise InvalidMedia(
                f"{kind.label}, and {says}, which is {claim.label}",
                hint="name it what it is" if kind.parser else other,
                details={"reason": "mismatch", "format": kind.format, "claimed": claim.format},
            )


def _check_pixels(kind: Kind, metadata: Metadata | None, settings: MediaSettings) -> None:
    if not isinstance(metadata, ImageMetadata):
        return
    width, height = metadata.width, metadata.height
    if width < 1 or height < 1:
        raise InvalidMedia(f"{kind.label} of {width} x {height} pixels", details={"reason": "broken"})
    if kind.format != "svg" and width * height > settings.max_pixels:
        raise InvalidMedia(
            f"{kind.label} of {width:,} x {height:,} pixels, and at most {settings.max_pixels:,} in all are allowed",
            hint="`max_pixels` under [media] says how many",
            details={"reason": "too_large", "width": width, "height": height},
        )
