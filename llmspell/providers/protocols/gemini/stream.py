"""A streamed answer of a Gemini server: the body's bytes in, deltas out, and last the whole ModelReply. Pure.

Each event is an object of the same shape as a whole answer. There is no end mark: after an event with a finish reason
the server closes the stream.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmspell.providers.protocols.events import EventStream
from llmspell.providers.protocols.gemini.reply import Collected
from llmspell.providers.protocols.parts import event_value
from llmspell.providers.sse import MAX_EVENT_BYTES, ServerEvent, SseParser
from llmspell.types import Delta, ModelRequest


class GeminiStream(EventStream[ServerEvent]):
    """See EventStream."""

    END = "a finish reason"

    def __init__(self, request: ModelRequest, request_id: str = "", max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        super().__init__(SseParser(max_bytes=max_event_bytes))
        self._collected = Collected(request, request_id)

    @property
    def text(self) -> str:
        return self._collected.text

    def _last(self) -> Iterator[Delta]:
        yield from self._collected.last()

    def _take(self, event: ServerEvent, *, last: bool = False) -> Iterator[Delta]:
        if not event.data.strip():
            return
        self.events += 1
        payload = event_value(event, optional=last)
        if payload is not None:
            yield from self._collected.take(payload)
            self.started, self.finished = self._collected.started, bool(self._collected.finish)
