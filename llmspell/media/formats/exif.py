"""The one thing that counts in EXIF before it is dropped: which way up a picture is."""

from __future__ import annotations

import struct
from typing import Final

ORIENTATION: Final = 0x0112
MAX_ENTRIES: Final = 512
TURNED: Final = frozenset({5, 6, 7, 8})
"""Orientations in which width and height change places."""


def orientation(data: bytes) -> int:
    """1 to 8, as EXIF numbers them; 1, upright, where the data do not say or cannot be read. `data` begins with the
    TIFF header."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, first)
        for entry in range(min(count, MAX_ENTRIES)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", data, first + 2 + 12 * entry)
            if tag == ORIENTATION:
                return value if kind == 3 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
