"""A streamed answer of Ollama: the body's bytes in, deltas out, and last the whole ModelReply. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from llmspell.errors import BadResponseError
from llmspell.providers import faults, wirejson
from llmspell.providers.error_body import report
from llmspell.providers.ndjson import NdjsonParser
from llmspell.providers.protocols.events import EventStream, check_answered
from llmspell.providers.protocols.ollama.reply import Answer
from llmspell.providers.protocols.parts import quoted
from llmspell.providers.sse import MAX_EVENT_BYTES
from llmspell.types import Delta, ModelRequest


class LineStream(EventStream[str]):
    """See EventStream. The last line says that the answer is done, and why."""

    EVENT = "line"
    END = "its last line"

    def __init__(self, request: ModelRequest, request_id: str = "", max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        super().__init__(NdjsonParser(max_bytes=max_event_bytes))
        self._request_id = request_id
        self._answer = Answer(request)

    @property
    def text(self) -> str:
        return self._answer.text

    def _last(self) -> Iterator[Delta]:
        check_answered(self._answer.answered)
        yield from self._answer.close()
        yield self._answer.reply(self._request_id)

    def _take(self, event: str, *, last: bool = False) -> Iterator[Delta]:
        if self.done:
            return
        self.events += 1
        try:
            payload = wirejson.load(event)
        except ValueError:
            if not last:  # the last one may be cut in its middle: close() decides
                raise BadResponseError(f"a line of the stream is not JSON: {quoted(event)}") from None
            return
        if found := report(payload, failed=False):
            raise faults.from_report(found)
        yield from self._answer.take(payload)
        self.done = self.finished = self._answer.done
        self.started = self._answer.started
