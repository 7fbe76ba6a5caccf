"""JPEG: segments, and the compressed scans between them. What is no part of the picture goes: EXIF with its GPS and
thumbnails, XMP, comments, and further pictures behind the end. Colour profiles stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from llmspell.content import ImageMetadata
from llmspell.errors import InvalidMedia
from llmspell.media.blobs import PIECE, Part
from llmspell.media.formats import exif
from llmspell.media.formats.pictures import look, turned
from llmspell.media.window import Window

SOI, EOI, SOS, COM = 0xD8, 0xD9, 0xDA, 0xFE
FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The segments that say how large the picture is."""
OTHERS: Final = (b"%PDF", b"PK\x03\x04", b"Rar!", b"<", b"#!", b"MZ", b"\x7fELF", b"GIF8", b"\x89PNG")
"""How a file of another kind begins that stands behind the picture. Further pictures and makers' data may."""
MAX_SCANS: Final = 100
"""A progressive picture has about ten; each costs as much as decoding the whole."""
FIRST_LOOK: Final = 4096
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""Within a scan 0xff is followed by 0, or by a restart marker."""


class Segment(NamedTuple):
    marker: int
    start: int
    """Of its 0xff."""
    data: int
    end: int


def read(window: Window) -> ImageMetadata:
    found = list(_head(window))
    if not any(item.marker in FRAMES for item in found):
        raise window.broken("it has no picture in it")
    scan = found[-1].end
    end = _last(window, scan)
    if end is None:
        raise window.broken("it is cut off: its end mark is missing")
    header: list[Part] = [(0, 2), *_shown(window, found)]
    return turned(look("jpeg", window, header), _orientation(window, found))


def kept(window: Window) -> list[Part]:
    found = list(_head(window))
    parts: list[Part] = [(0, 2), *_shown(window, found)]
    at, scans = found[-1].end, 0
    while True:  # scans, and what stands between those of a progressive picture
        marker = _scan_end(window, at)
        parts.append((at, marker))
        if window.at(marker + 1, 1)[0] == EOI:
            parts.append((marker, marker + 2))
            _check_rest(window, marker + 2)
            return parts
        segment = _segment(window, marker)
        scans += segment.marker == SOS
        if scans >= MAX_SCANS:
            raise window.broken(f"it has more than {MAX_SCANS} scans")
        parts += _shown(window, [segment])
        at = segment.end


def orientation(window: Window) -> int:
    return _orientation(window, _head(window))


def _orientation(window: Window, found: Iterator[Segment] | list[Segment]) -> int:
    for item in found:
        if item.marker == 0xE1 and window.at(item.data, min(6, item.end - item.data)) == b"Exif\0\0":
            return exif.orientation(window.at(item.data + 6, item.end - item.data - 6))
    return 1


def _head(window: Window) -> Iterator[Segment]:
    """The segments up to the first scan's."""
    at = 2
    while True:
        window.step()
        segment = _segment(window, at)
        yield segment
        if segment.marker == SOS:
            return
        at = segment.end


def _segment(window: Window, at: int) -> Segment:
    start = at
    while window.at(at, 2) == b"\xff\xff":  # any number of them may fill up
        window.step()
        at += 1
    lead, marker = window.at(at, 2)
    if lead != 0xFF or marker in (0, SOI, EOI, 1) or 0xD0 <= marker <= 0xD7:
        raise window.broken(f"there is no segment at byte {at:,}")
    size = window.number(">H", at + 2)
    window.at(at + 2, max(size, 2))
    if size < 2:
        raise window.broken(f"the segment at byte {at:,} has no length")
    return Segment(marker, start, at + 4, at + 2 + size)


def _shown(window: Window, found: list[Segment]) -> Iterator[Part]:
    for item in found:
        size = item.end - item.data
        name = window.at(item.data, min(12, size))
        if item.marker == 0xE0:
            if name.startswith(b"JFIF\0") and size >= 14:  # without its thumbnail
                yield b"\xff\xe0\x00\x10" + window.at(item.data, 12) + b"\0\0"
        elif item.marker == 0xE2:
            if name == b"ICC_PROFILE\0":
                yield item.start, item.end
        elif not (0xE1 <= item.marker <= 0xEF or item.marker == COM) or (item.marker == 0xEE and name[:5] == b"Adobe"):
            yield item.start, item.end


def _scan_end(window: Window, at: int) -> int:
    """The next marker behind a scan."""
    size = FIRST_LOOK  # most of a hostile file's scans are short
    while at < window.size - 1:
        window.step()
        found = _MARKER.search(window.at(at, min(size, window.size - at)))
        if found:
            return at + found.start()
        at += size - 1
        size = PIECE
    raise window.broken("it is cut off: its end mark is missing")


def _last(window: Window, scan: int) -> int | None:
    """The last end mark, looked for from the end, where it nearly always is."""
    end = window.size
    while end > scan:
        window.step()
        start = max(end - PIECE, scan)
        found = window.blob.part(start, end - start).rfind(b"\xff\xd9")
        if found >= 0:
            _check_rest(window, start + found + 2)
            return start + found + 2
        end = start + 1 if start > scan else scan
    return None


def _check_rest(window: Window, end: int) -> None:
    rest = window.blob.part(end, 64).lstrip(b"\0\r\n ")
    if rest.startswith(OTHERS):
        raise InvalidMedia(
            f"{window.label}, and a file of another kind follows its end", details={"reason": "polyglot"}
        )
