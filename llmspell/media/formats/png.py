"""PNG: chunks with checksums. Only those that a picture is shown with are kept."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from llmspell.content import ImageMetadata
from llmspell.media.blobs import PIECE, Part, Span
from llmspell.media.formats import exif
from llmspell.media.formats.pictures import MAX_FRAMES, look, turned
from llmspell.media.window import Window

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
SHOWN: Final = frozenset(
    (b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP sBIT bKGD pHYs acTL fcTL fdAT mDCV cLLI").split()
)


class Chunk(NamedTuple):
    kind: bytes
    start: int
    """Of the data, behind length and kind."""
    size: int

    @property
    def span(self) -> Span:
        return self.start - 8, self.start + self.size + 4


def read(window: Window) -> ImageMetadata:
    frames, turn = 1, 1
    for chunk in chunks(window):
        if chunk.kind == b"acTL" and chunk.size >= 4:
            frames = max(window.number(">I", chunk.start), 1)
        if chunk.kind == b"eXIf":
            turn = exif.orientation(window.at(chunk.start, min(chunk.size, 65536)))
    if frames > MAX_FRAMES:
        raise window.broken(f"it says that it has {frames:,} frames")
    return turned(look("png", window, kept(window), frames=frames), turn)


def kept(window: Window) -> list[Part]:
    return [(0, 8), *(chunk.span for chunk in chunks(window) if chunk.kind in SHOWN)]


def orientation(window: Window) -> int:
    for chunk in chunks(window):
        if chunk.kind == b"eXIf":
            return exif.orientation(window.at(chunk.start, min(chunk.size, 65536)))
    return 1


def chunks(window: Window) -> Iterator[Chunk]:
    at, seen = 8, set()
    while True:
        window.step()
        size, kind = struct.unpack(">I4s", window.at(at, 8))
        if size > 2**31 - 1 or not kind.isalpha():
            raise window.broken(f"there is no chunk at byte {at:,}")
        if (kind == b"IHDR") != (at == 8):
            raise window.broken("its header is not at its beginning")
        window.at(at + 8 + size, 4)
        if _checksum(window, at + 4, size + 4) != window.number(">I", at + 8 + size):
            raise window.broken(f"the checksum of its part at byte {at:,} is wrong")
        yield Chunk(kind, at + 8, size)
        seen.add(kind)
        at += 12 + size
        if kind == b"IEND":
            break
    if b"IDAT" not in seen:
        raise window.broken("it has no picture in it")
    if (error := window.trailed(at)) is not None:
        raise error


def _checksum(window: Window, start: int, size: int) -> int:
    value = 0
    for begin in range(start, start + size, PIECE):
        value = zlib.crc32(window.at(begin, min(PIECE, start + size - begin)), value)
    return value
