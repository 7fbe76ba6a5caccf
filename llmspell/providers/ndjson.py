r"""JSON lines: bytes in, lines out. Pure, incremental, and bounded whatever the server sends.

A line ends at \n only, \r before it is taken away, and lines are split before they are decoded, so no character inside
a JSON string (U+2028, U+0085) and no cut inside a UTF-8 sequence can break one. Empty lines are none. A last line that
the server never ended is given by `close()`.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmspell.errors import BadResponseError
from llmspell.providers.sse import MAX_EVENT_BYTES


class NdjsonParser:
    """Feed it bytes as they arrive, cut anywhere. Raises BadResponseError for a line over `max_bytes`."""

    def __init__(self, *, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._tail = bytearray()  # the line that has no end yet
        self.strange = b""
        """Nothing here: any line is one."""

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that these bytes complete. Take all of them before feeding more."""
        *lines, rest = data.split(b"\n")
        for line in lines:
            if self._tail:
                line = bytes(self._tail) + line
                self._tail.clear()
            yield from self._take(line)
        self._tail += rest
        self._check(len(self._tail))

    def close(self) -> Iterator[str]:
        """The line that the end of the bytes completes, if there is one."""
        line = bytes(self._tail)
        self._tail.clear()
        yield from self._take(line)

    def _take(self, line: bytes) -> Iterator[str]:
        self._check(len(line))
        text = line.decode("utf-8", "replace").removeprefix("\ufeff").strip(" \t\r")
        if text:
            yield text

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            raise BadResponseError(f"the stream holds a line of more than {self._max_bytes:,} bytes")
