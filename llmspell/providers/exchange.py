"""What the translators and the network exchange: a Call goes out, an Answer comes back in bounded, timed pieces.

Nothing here knows httpx: the bytes come from a Wire, which http.py puts around one response.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from llmspell.access.inflate import BadEncoding, Inflater
from llmspell.errors import BadResponseError, ProviderError, ProviderTimeout
from llmspell.providers import faults
from llmspell.providers.body import Body

DRAIN_SECONDS = 0.25
"""For the last bytes after an answer's end mark, which let the connection be used again."""
DRAIN_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: a POST of `body`, or a GET without one. `host` is host:port for messages; `headers` may hold the
    key."""

    url: str
    host: str
    body: Body | None
    headers: Mapping[str, str] = field(default_factory=dict)
    accept: str = "application/json"
    stream: bool = False
    asked: faults.Asked

    def __repr__(self) -> str:
        return f"Call(url={self.asked.url!r}, stream={self.stream})"


class Wire(Protocol):
    """Where the bytes of one answer come from."""

    async def receive(self) -> bytes:
        """The next bytes as the server sent them; b"" at the end. Raises ProviderError."""
        ...

    async def aclose(self) -> None: ...


class Answer:
    """An answer whose status was good. Close it, read to its end or not; closing early closes the connection.

    `headers` by lower-case name. No more than `limit` bytes are read, as they come and decompressed.
    """

    def __init__(self, wire: Wire, headers: Mapping[str, str], *, host: str, limit: int) -> None:
        self._wire = wire
        self._host = host
        self._limit = limit
        with _translated():
            self._inflater = Inflater(headers.get("content-encoding", ""))
        self._ready: Iterator[bytes] = iter(())
        self._ended = False
        self._raw_size = 0
        self._size = 0
        self._deadline: float | None = None
        self._late = ""
        self._end = math.inf
        self._ends_late = ""
        self.content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        self.request_id = faults.request_id(headers)

    def allow(self, seconds: float, waiting_for: str, *, since: float | None = None) -> None:
        """From now on (or `since`), reading may wait this long in all. `waiting_for` completes "no ... came"."""
        until = (asyncio.get_running_loop().time() if since is None else since) + seconds
        late = f"no {waiting_for} came from {self._host} within {seconds:g} s"
        self._deadline, self._late = (until, late) if until < self._end else (self._end, self._ends_late)

    def end_at(self, end: float, late: str) -> None:
        """Whatever is allowed from now on, reading waits no longer than until then; `late` says it."""
        self._end, self._ends_late = end, late

    async def read(self) -> bytes:
        """The next bytes, decompressed, at once when they are there; b"" at the end. Raises ProviderError."""
        while True:
            with _translated():
                piece = next(self._ready, b"")
            if piece:
                self._size += len(piece)
                self._check(self._size)
                return piece
            if self._ended:
                return b""
            raw = await self._receive()
            self._raw_size += len(raw)
            self._check(self._raw_size)  # bytes that decompress to nothing end somewhere, too
            self._ended = not raw
            self._ready = self._inflater.feed(raw) if raw else self._inflater.close()

    async def read_all(self, seconds: float) -> bytes:
        """The whole body, with at most `seconds` of silence within it, once it has begun."""
        pieces: list[bytes] = []
        while piece := await self.read():
            pieces.append(piece)
            self.allow(seconds, "further part of the answer")
        return b"".join(pieces)

    async def drain(self) -> None:
        """After the end mark: take the few bytes that may follow, so that the connection can be used again."""
        self.allow(DRAIN_SECONDS, "end")
        taken = 0
        with contextlib.suppress(ProviderError):
            while taken < DRAIN_BYTES and (piece := await self.read()):
                taken += len(piece)

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def _receive(self) -> bytes:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._wire.receive()
        except TimeoutError:
            raise ProviderTimeout(self._late) from None

    def _check(self, size: int) -> None:
        if size > self._limit:
            hint = "`max_reply_bytes` of the provider sets the limit"
            raise BadResponseError(f"the answer is larger than {self._limit:,} bytes", hint=hint)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except BadEncoding as error:
        raise BadResponseError(str(error), retryable=error.cut) from None
