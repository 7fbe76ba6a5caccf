"""TIFF: directories of tags. Before it is sent it is encoded again, losslessly, for its parts may stand anywhere in the
file.
"""

from __future__ import annotations

from typing import Any, Final

from llmspell.content import ImageMetadata
from llmspell.media.formats.exif import ORIENTATION
from llmspell.media.formats.pictures import MAX_FRAMES, turned
from llmspell.media.window import Window

SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of a value, by its kind."""
CODES: Final = {1: "B", 3: "H", 4: "I", 13: "I"}
COLOURS: Final = {0: "gray", 1: "gray", 2: "rgb", 3: "palette", 4: "gray", 5: "cmyk", 6: "ycbcr", 8: "lab"}
WIDTH, HEIGHT, PHOTOMETRIC, EXTRA, UNIT = 256, 257, 262, 338, 296
RESOLUTIONS: Final = (282, 283)
DATA: Final = ((273, 279), (324, 325))
"""Offsets and sizes of strips and of tiles."""
MAX_VALUES: Final = 100_000

Tags = dict[int, tuple[int, int, int]]
"""Kind, count and place of the values, by tag."""


def read(window: Window) -> ImageMetadata:
    order = "<" if window.at(0, 2) == b"II" else ">"
    at, first, frames, claimed = window.number(f"{order}I", 4), None, 0, 0
    seen = set()
    while at:
        if at in seen or frames >= MAX_FRAMES:
            raise window.broken("its directories follow each other in a ring, or have no end")
        seen.add(at)
        frames += 1
        tags, at, size = _directory(window, order, at)
        claimed += size
        if claimed > window.size:
            raise window.broken("its tags claim more than the whole file")
        first = first or tags
    if not first:
        raise window.broken("it has no picture in it")
    width, height = (_first(window, order, first, tag) for tag in (WIDTH, HEIGHT))
    if not (width and height):
        raise window.broken("it does not say how large it is")
    _check_data(window, order, first)
    seen_as = ImageMetadata(
        width=width,
        height=height,
        color_space=COLOURS.get(_first(window, order, first, PHOTOMETRIC), "other"),
        has_transparency=EXTRA in first,
        dpi=_dpi(window, order, first),
        frames=frames,
    )
    return turned(seen_as, _first(window, order, first, ORIENTATION))


def _directory(window: Window, order: str, at: int) -> tuple[Tags, int, int]:
    """The tags, the place of the next directory, and the bytes that the values claim."""
    tags: Tags = {}
    claimed = 0
    count = window.number(f"{order}H", at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        window.step()
        tag, kind, values = window.unpack(f"{order}HHI", entry)
        size = SIZES.get(kind, 1) * values
        place = entry + 8 if size <= 4 else window.number(f"{order}I", entry + 8)
        if place + size > window.size:
            raise window.broken(f"it is cut off: its tag {tag} claims {size:,} bytes at byte {place:,}")
        claimed += size if size > 4 else 0
        tags.setdefault(tag, (kind, values, place))
    return tags, window.number(f"{order}I", at + 2 + 12 * count), claimed


def _values(window: Window, order: str, tags: Tags, tag: int) -> tuple[Any, ...]:
    kind, count, place = tags.get(tag, (0, 0, 0))
    return window.unpack(f"{order}{count}{CODES[kind]}", place) if kind in CODES and 0 < count <= MAX_VALUES else ()


def _first(window: Window, order: str, tags: Tags, tag: int) -> int:
    values = _values(window, order, tags, tag)
    return int(values[0]) if values else 0


def _check_data(window: Window, order: str, tags: Tags) -> None:
    for offsets, sizes in DATA:
        pairs = zip(_values(window, order, tags, offsets), _values(window, order, tags, sizes), strict=False)
        if any(offset + size > window.size for offset, size in pairs):
            raise window.broken("it is cut off: some of its picture is missing")


def _dpi(window: Window, order: str, tags: Tags) -> tuple[float, float] | None:
    values = []
    for tag in RESOLUTIONS:
        kind, count, place = tags.get(tag, (0, 0, 0))
        if kind != 5 or count < 1:
            return None
        upper, lower = window.unpack(f"{order}II", place)
        values.append(round(upper / lower * (2.54 if _first(window, order, tags, UNIT) == 3 else 1), 2) if lower else 0)
    across, down = values
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None
