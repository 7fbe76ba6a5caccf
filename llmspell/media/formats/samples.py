"""Where the samples of a track of MP4 or MOV stand in the file, by the tables that say so."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from typing import Final

from llmspell.media.blobs import Span
from llmspell.media.window import Window

MAX_ENTRIES: Final = 1_000_000
"""Of one table: more than an hour of 200 samples a second."""


def spans(window: Window, offsets: Span, runs: Span, sizes: Span, *, wide: bool) -> Iterator[Span]:
    """Of each chunk. `offsets` is where the content of stco stands, of co64 if it is `wide`, `runs` that of stsc, and
    `sizes` that of stsz. Raises InvalidMedia for tables that are larger than any that is real."""
    same, count = window.unpack(">II", sizes[0] + 4)
    each = array("I") if same else _table(window, sizes[0] + 12, count)
    run = _table(window, runs[0] + 8, 3 * window.number(">I", runs[0] + 4))
    sample = at = per = 0
    starts = _table(window, offsets[0] + 8, window.number(">I", offsets[0] + 4), wide=wide)
    for chunk, start in enumerate(starts, 1):
        while at < len(run) and run[at] <= chunk:
            per = run[at + 1]
            at += 3
        end = min(sample + per, count)
        size = same * (end - sample) if same else sum(each[sample:end])
        sample = end
        if size:
            yield start, start + size


def _table(window: Window, at: int, count: int, *, wide: bool = False) -> array[int]:
    if count > MAX_ENTRIES:
        raise window.broken(f"a table of it claims {count:,} entries")
    table = array("Q" if wide else "I", window.at(at, count * (8 if wide else 4)))
    if sys.byteorder == "little":
        table.byteswap()
    return table
