r"""Server-sent events: bytes in, events out. Pure, incremental, and bounded whatever the server sends.

Lines end at \n, \r\n and \r only, and are split before they are decoded, so no character inside a JSON string
(U+2028, U+0085) and no cut inside a UTF-8 sequence can break one. An event is given the moment its blank line is
complete, and one that the server never terminated is given by `close()`.

Why not httpx-sse: 0.4.3 splits correctly, but it decodes before it splits (with the charset that the server names),
holds back a line that ends in \r until more bytes arrive, keeps a byte order mark, drops an unterminated last event,
makes an event of a lone `retry:`, and bounds neither a line nor an event. Those are the cases this file is for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from llmspell.errors import BadResponseError

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""Of one line, and of one event: an image of 12 MB in base64. The default of `max_reply_bytes` is the same."""

FIELDS = (b"data", b"event", b"id", b"retry")
STRANGE_BYTES = 2_000
"""Of a line that is quoted."""
_BOM = b"\xef\xbb\xbf"


class ServerEvent(NamedTuple):
    """One event. `event` is "" where the server named none; `id` is the last one that it gave, as the format says."""

    event: str
    data: str
    id: str


class SseParser:
    """Feed it bytes as they arrive, cut anywhere. Raises BadResponseError for a line or an event over `max_bytes`."""

    def __init__(self, *, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._tail = bytearray()  # the line that has no end yet
        self._after_cr = False  # a \n that comes next belongs to the \r that ended the last line
        self._at_start = True
        self._event = ""
        self._id = ""
        self._data: list[bytes] = []
        self._size = 0  # of the event so far, field names included
        self.strange = b""
        """The beginning of the first line that is no field of an event: a page, or an error in plain text."""

    def feed(self, data: bytes) -> Iterator[ServerEvent]:
        """The events that these bytes complete. Take all of them before feeding more."""
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if data:
            self._after_cr = data.endswith(b"\r")
        for piece in data.splitlines(keepends=True):  # of bytes: \n, \r and \r\n, nothing else
            line = piece.rstrip(b"\r\n")
            if len(line) == len(piece):  # no end yet: the last piece
                self._tail += line
                self._check(len(self._tail))
                return
            if self._tail:
                line = bytes(self._tail) + line
                self._tail.clear()
            yield from self._take(line)

    def close(self) -> Iterator[ServerEvent]:
        """The event that the end of the bytes completes, if there is one."""
        if self._tail:
            line = bytes(self._tail)
            self._tail.clear()
            yield from self._take(line)
        yield from self._dispatch()

    def _take(self, line: bytes) -> Iterator[ServerEvent]:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BOM)
        if not line:
            yield from self._dispatch()
            return
        self._check(len(line))
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._size += len(line) + 1
            self._check(self._size)
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        elif name and name not in FIELDS:
            self.strange = self.strange or line[:STRANGE_BYTES]
        # Everything else is a comment (the name is empty) or `retry`; all of these are ignored, as the format says.

    def _dispatch(self) -> Iterator[ServerEvent]:
        event, data, self._event, self._data, self._size = self._event, self._data, "", [], 0
        if data:
            yield ServerEvent(event, b"\n".join(data).decode("utf-8", "replace"), self._id)

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            raise BadResponseError(f"the stream holds an event of more than {self._max_bytes:,} bytes")
