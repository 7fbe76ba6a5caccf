"""A streamed answer of a Gemini server: the body's bytes in, deltas out, and last the whole ModelReply. Pure.

Each event is an object of the same shape as a whole answer. There is no end mark: after an event with a finish reason
the server closes the stream.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmspell.errors import BadResponseError
from llmspell.providers import wirejson
from llmspell.providers.protocols.gemini.reply import Collected
from llmspell.providers.protocols.parts import quoted
from llmspell.providers.sse import MAX_EVENT_BYTES, ServerEvent, SseParser
from llmspell.types import Delta, ModelRequest


class GeminiStream:
    """Of one request. Raises BadResponseError, or what an error inside the stream stands for."""

    done = False
    """There is no end mark to be seen."""

    def __init__(self, request: ModelRequest, request_id: str = "", max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._parser = SseParser(max_bytes=max_event_bytes)
        self._collected = Collected(request, request_id)
        self.events = 0

    @property
    def text(self) -> str:
        return self._collected.text

    @property
    def finished(self) -> bool:
        return bool(self._collected.finish)

    @property
    def started(self) -> bool:
        return self._collected.started

    def feed(self, data: bytes) -> Iterator[Delta]:
        """The deltas in these bytes. Take all of them before feeding more."""
        for event in self._parser.feed(data):
            yield from self._take(event)

    def close(self) -> Iterator[Delta]:
        """The last deltas and the ModelReply. Raises BadResponseError, retryable, when the stream was cut short."""
        for event in self._parser.close():
            yield from self._take(event, last=True)
        if not self.events:
            raise BadResponseError("the answer is empty: it holds no event", retryable=True)
        if not self.finished:
            raise BadResponseError("the answer was cut off: the stream ended without a finish reason", retryable=True)
        yield from self._collected.last()

    def _take(self, event: ServerEvent, *, last: bool = False) -> Iterator[Delta]:
        if not event.data.strip():
            return
        self.events += 1
        try:
            payload = wirejson.load(event.data)
        except ValueError:
            if not last:  # the last one may be cut in its middle: close() decides
                raise BadResponseError(f"an event of the stream is not JSON: {quoted(event.data)}") from None
            return
        yield from self._collected.take(payload)
