"""What Pillow tells of a picture from its header. It is given the file without its metadata, so it parses neither EXIF
nor text, and it never decodes a pixel here.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from llmspell.content import Blob, ImageMetadata
from llmspell.media.blobs import Joined, Part
from llmspell.media.formats.exif import TURNED
from llmspell.media.window import Window

if TYPE_CHECKING:
    from PIL import Image

MAX_FRAMES: Final = 10_000
"""Eleven minutes of animation at 15 frames a second."""

COLOURS: Final = {
    "1": "gray", "L": "gray", "LA": "gray", "La": "gray", "I": "gray", "I;16": "gray", "I;16B": "gray", "F": "gray",
    "P": "palette", "PA": "palette", "CMYK": "cmyk", "YCbCr": "ycbcr", "LAB": "lab", "HSV": "hsv",
}  # fmt: skip
"""Pillow's modes; all others are RGB."""


def look(form: str, window: Window, parts: Iterable[Part], *, frames: int = 1) -> ImageMetadata:
    """The picture's metadata, upright. Raises InvalidMedia for a header that cannot be."""
    try:
        with opened(form, Joined(window.blob, parts)) as image:
            dpi = image.info.get("dpi")
            return ImageMetadata(
                width=image.width,
                height=image.height,
                color_space=COLOURS.get(image.mode, "rgb"),
                has_transparency=image.has_transparency_data,
                dpi=_dpi(dpi),
                frames=frames,
            )
    except Exception as error:  # Pillow's plugins raise whatever a broken file makes them
        raise window.broken(f"its header cannot be read ({type(error).__name__})") from error


def turned(seen: ImageMetadata, orientation: int) -> ImageMetadata:
    """As it is shown."""
    if orientation not in TURNED:
        return seen
    dpi = None if seen.dpi is None else (seen.dpi[1], seen.dpi[0])
    return replace(seen, width=seen.height, height=seen.width, dpi=dpi)


def opened(form: str, blob: Blob) -> Image.Image:
    """The picture, not yet decoded. Of that format and no other: the file's first bytes do not choose Pillow's code.
    Raises what Pillow does."""
    file = io.BufferedReader(BlobFile(blob), 64 * 1024)
    match form:  # each plugin by itself: half of the time of Image.open, and no warning of large pictures
        case "png":
            from PIL.PngImagePlugin import PngImageFile

            return PngImageFile(file)
        case "jpeg":
            from PIL.JpegImagePlugin import JpegImageFile

            return JpegImageFile(file)
        case "gif":
            from PIL.GifImagePlugin import GifImageFile

            return GifImageFile(file)
        case "webp":
            from PIL.WebPImagePlugin import WebPImageFile

            return WebPImageFile(file)
        case _:
            from PIL.TiffImagePlugin import TiffImageFile

            _silence()
            return TiffImageFile(file)


def _silence() -> None:
    """What is wrong with a TIFF is an error. The libraries would have lines of their own on stderr too."""
    import ctypes
    import warnings

    from PIL import _imaging

    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    decoder = ctypes.CDLL(_imaging.__file__)  # loaded already; finds what it is linked to
    for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
        if handler := getattr(decoder, name, None):  # none where libtiff is built in and hidden, or missing
            handler(None)


class BlobFile(io.RawIOBase):
    """A blob as the file object that libraries want."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._blob.size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = self._blob.part(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _dpi(value: Any) -> tuple[float, float] | None:
    try:
        across, down = (round(float(number), 2) for number in value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None
