"""A streamed answer of Ollama: the body's bytes in, deltas out, and last the whole ModelReply. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from llmspell.errors import BadResponseError
from llmspell.providers import faults, wirejson
from llmspell.providers.error_body import report
from llmspell.providers.ndjson import NdjsonParser
from llmspell.providers.protocols.ollama.reply import Answer
from llmspell.providers.protocols.parts import quoted
from llmspell.providers.sse import MAX_EVENT_BYTES
from llmspell.types import Delta, ModelRequest


class LineStream:
    """Of one request. Raises BadResponseError, or what an error inside the stream stands for.

    The last line says that the answer is done; when the bytes end before, it was cut off.
    """

    def __init__(self, request: ModelRequest, request_id: str = "", max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._request_id = request_id
        self._parser = NdjsonParser(max_bytes=max_event_bytes)
        self._answer = Answer(request)
        self.events = 0
        """Lines so far; empty ones are none."""

    @property
    def text(self) -> str:
        """The answer's text so far."""
        return self._answer.text

    @property
    def done(self) -> bool:
        """The last line was seen."""
        return self._answer.done

    @property
    def finished(self) -> bool:
        """The last line was seen: it holds the reason too."""
        return self._answer.done

    @property
    def started(self) -> bool:
        """The model's first token was seen: text, thinking, or a tool call."""
        return self._answer.started

    def feed(self, data: bytes) -> Iterator[Delta]:
        """The deltas in these bytes. Take all of them before feeding more."""
        for line in self._parser.feed(data):
            yield from self._take(line)

    def close(self) -> Iterator[Delta]:
        """The last deltas and the ModelReply. Raises BadResponseError, retryable, when the stream was cut short."""
        for line in self._parser.close():
            yield from self._take(line, last=True)
        if not self.events:
            raise BadResponseError("the answer is empty: it holds no line", retryable=True)
        if not self.done:
            raise BadResponseError("the answer was cut off: the stream ended without its last line", retryable=True)
        if not self._answer.answered:
            raise BadResponseError("the stream ended without an answer", retryable=True)
        yield from self._answer.close()
        yield self._answer.reply(self._request_id)

    def _take(self, line: str, *, last: bool = False) -> Iterator[Delta]:
        if self.done:
            return
        self.events += 1
        try:
            payload = wirejson.load(line)
        except ValueError:
            if not last:  # the last one may be cut in its middle: close() decides
                raise BadResponseError(f"a line of the stream is not JSON: {quoted(line)}") from None
            return
        if found := report(payload, failed=False):
            raise faults.from_report(found)
        yield from self._answer.take(payload)
