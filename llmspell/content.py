"""Media as frozen data: what they are, what is known of them, and where their bytes are. Who makes and checks them is
in media/; here is only what every layer may hold.

The names MediaContent, ImageMetadata and so on are the seed document's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

MediaType = Literal["text", "image", "audio", "video", "binary"]
MEDIA_TYPES: tuple[MediaType, ...] = ("text", "image", "audio", "video", "binary")


class Blob(Protocol):
    """Bytes that need not be in memory. They never change: `sha256` (64 hexadecimal digits) names them."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def sha256(self) -> str: ...

    def read(self) -> bytes:
        """All of them, as one object in memory."""
        ...

    def part(self, start: int, size: int) -> bytes:
        """Those from `start` on, `size` of them or as many as there are."""
        ...

    def pieces(self, size: int) -> Iterator[bytes]:
        """All of them in order, `size` bytes at a time; the last piece may be shorter."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageMetadata:
    """Width and height in pixels, as shown: after orientation. `dpi` is horizontal and vertical."""

    width: int
    height: int
    color_space: str
    """"rgb", "gray", "cmyk", "palette", ...: what the pixels are made of."""
    has_transparency: bool = False
    dpi: tuple[float, float] | None = None
    frames: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioMetadata:
    """`duration` in seconds, `sample_rate` in hertz, `bit_depth` in bits a sample; None where the file does not say."""

    codec: str
    duration: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    bit_depth: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoMetadata:
    """`duration` in seconds, width and height in pixels, `frame_rate` in frames a second; None where it is not said."""

    duration: float | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None


Metadata = ImageMetadata | AudioMetadata | VideoMetadata


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaContent:
    """One medium. `format` is a lower-case name ("png", "mp3", "pdf", "text", "binary"), `mime` its MIME type.

    `format`, `mime` and `metadata` are what the bytes say, not what somebody claimed; `filename` is somebody's claim.
    """

    type: MediaType
    format: str
    mime: str
    blob: Blob
    filename: str | None = None
    metadata: Metadata | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return self.blob.size

    @property
    def sha256(self) -> str:
        return self.blob.sha256

    def described(self) -> dict[str, Any]:
        """Everything but the bytes, as plain data: what a script's handle shows."""
        known = {} if self.metadata is None else {k: v for k, v in asdict(self.metadata).items() if v is not None}
        shown: dict[str, Any] = {
            "type": self.type,
            "format": self.format,
            "mime": self.mime,
            "size": self.size,
            "sha256": self.sha256,
            "metadata": {key: list(value) if isinstance(value, tuple) else value for key, value in known.items()},
        }
        return shown if self.filename is None else {**shown, "filename": self.filename}
