"""How a parser looks at a file: small reads at given places, never more than it asked for, and never behind the end."""

from __future__ import annotations

import struct
from typing import Any, Final

from llmspell.content import Blob
from llmspell.errors import InvalidMedia

PAGE: Final = 64 * 1024
MAX_STEPS: Final = 400_000
"""Parts that a parser looks at in one file, in about half a second. A 20 MB GIF has 80,000 blocks."""


class Window:
    """A blob as the file of a format; `label` is what messages call that ("a PNG")."""

    def __init__(self, blob: Blob, label: str) -> None:
        self.blob = blob
        self.label = label
        self.size = blob.size
        self._steps = 0
        self._page = b""
        self._start = 0

    def at(self, start: int, size: int) -> bytes:
        """Exactly these bytes. Raises InvalidMedia where the file ends before."""
        if start < 0 or size < 0 or start + size > self.size:
            raise self.broken(
                f"it is cut off: {size:,} bytes belong at byte {start:,}, and it has {self.size:,} in all"
            )
        if size > PAGE // 2:
            return self.blob.part(start, size)
        offset = start - self._start
        if offset < 0 or offset + size > len(self._page):
            self._page, self._start, offset = self.blob.part(start, PAGE), start, 0
        return self._page[offset : offset + size]

    def step(self) -> None:
        """Count one more part of the file. Raises InvalidMedia for more than any real file has."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise self.broken(f"it has more than {MAX_STEPS:,} parts")

    def unpack(self, form: str, start: int) -> tuple[Any, ...]:
        return struct.unpack(form, self.at(start, struct.calcsize(form)))

    def number(self, form: str, start: int) -> int:
        """One whole number, by its code of the struct module."""
        value: int = self.unpack(form, start)[0]
        return value

    def broken(self, why: str) -> InvalidMedia:
        return InvalidMedia(f"{self.label} that is broken: {why}", details={"reason": "broken"})

    def trailed(self, end: int) -> InvalidMedia | None:
        """The error for what stands behind the file's end, unless there is nothing, or padding."""
        tail = self.blob.part(end, PAGE)
        if end >= self.size or (self.size - end <= PAGE and not tail.strip(b"\0\r\n ")):
            return None
        more = f"{self.size - end:,} bytes of something else follow its end"
        return InvalidMedia(f"{self.label}, and {more}", details={"reason": "polyglot"})
