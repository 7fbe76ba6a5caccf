"""A streamed Responses answer: the body's bytes in, deltas out, and last the whole ModelReply. Pure.

What each event means is the table of handlers; what has come before is kept in answer.py. Events that are not in the
table are a server's own business (its progress with a search, annotations), and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llmspell.errors import BadResponseError
from llmspell.providers import faults
from llmspell.providers.error_body import Report, report
from llmspell.providers.protocols.events import EventStream
from llmspell.providers.protocols.parts import event_value, kind_of
from llmspell.providers.protocols.responses import items
from llmspell.providers.protocols.responses.answer import Answer
from llmspell.providers.sse import MAX_EVENT_BYTES, ServerEvent, SseParser
from llmspell.types import Delta, MediaDelta, ModelRequest

ENDS = ("response.completed", "response.incomplete")
IDLE = "keepalive"
"""An event that says no more than a comment does."""
DONE = "[DONE]"
"""Some servers end with it, as chat completions do. The answer has ended before."""


class ResponseStream(EventStream[ServerEvent]):
    """See EventStream. The end is one event here, the finish reason in it."""

    def __init__(self, request: ModelRequest, request_id: str = "", max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        super().__init__(SseParser(max_bytes=max_event_bytes))
        self._answer = Answer(request, request_id)

    @property
    def text(self) -> str:
        return self._answer.text

    def _last(self) -> Iterator[Delta]:
        yield self._answer.reply()

    def _take(self, event: ServerEvent, *, last: bool = False) -> Iterator[Delta]:
        data = event.data.strip()
        if self.done or not data or data == DONE:
            return
        payload = event_value(event, optional=last)
        if isinstance(payload, dict) and payload.get("type") == IDLE:
            return
        self.events += 1
        if payload is None:
            return
        kind = (payload.get("type") if isinstance(payload, dict) else None) or event.event
        is_error = "error" in (event.event, kind)
        found = report(payload, failed=is_error)
        if found or is_error:
            raise faults.from_report(found or Report("", ()))
        if not isinstance(payload, dict):
            raise BadResponseError(f"an event of the stream is {kind_of(payload)}, not an object")
        if kind in ENDS:
            yield from self._end(payload)
        elif kind == "response.failed":
            raise items.failed(_response(payload))
        elif handler := HANDLERS.get(kind if isinstance(kind, str) else ""):
            for delta in handler(self._answer, payload):
                self.started = True
                yield delta

    def _end(self, payload: Mapping[str, Any]) -> Iterator[Delta]:
        for delta in self._answer.end(_response(payload)):
            self.started = True
            yield delta
        self.done = self.finished = self.started = True


def _response(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    response = payload.get("response")
    if not isinstance(response, dict):
        raise BadResponseError("an event of the stream holds no response")
    return response


def _number(payload: Mapping[str, Any], name: str) -> int:
    value = payload.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _piece(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""


Handler = Callable[[Answer, Mapping[str, Any]], Iterator[Delta]]


def _begin(answer: Answer, payload: Mapping[str, Any]) -> Iterator[Delta]:
    answer.began(_response(payload))
    return iter(())


def _item(*, done: bool) -> Handler:
    def handle(answer: Answer, payload: Mapping[str, Any]) -> Iterator[Delta]:
        item = payload.get("item")
        if not isinstance(item, dict):
            raise BadResponseError("an event of the stream holds no item")
        return answer.item(_number(payload, "output_index"), item, done=done)

    return handle


def _said(field: str, *, whole: bool = False, refused: bool = False) -> Handler:
    def handle(answer: Answer, payload: Mapping[str, Any]) -> Iterator[Delta]:
        index, part = _number(payload, "output_index"), _number(payload, "content_index")
        return answer.said(index, part, _piece(payload, field), refused=refused, whole=whole)

    return handle


def _thought(field: str, number: str, name: str, *, whole: bool = False) -> Handler:
    def handle(answer: Answer, payload: Mapping[str, Any]) -> Iterator[Delta]:
        part = (name, _number(payload, number))
        return answer.thought(_number(payload, "output_index"), part, _piece(payload, field), whole=whole)

    return handle


def _arguments(field: str, *, whole: bool = False) -> Handler:
    def handle(answer: Answer, payload: Mapping[str, Any]) -> Iterator[Delta]:
        return answer.arguments(_number(payload, "output_index"), payload.get(field), whole=whole)

    return handle


def _partial_image(_: Answer, payload: Mapping[str, Any]) -> Iterator[Delta]:
    medium = items.image_of(payload, "partial_image_b64")
    return iter(() if medium is None else (MediaDelta(medium, is_final=False),))


HANDLERS: Mapping[str, Handler] = {
    "response.created": _begin,
    "response.output_item.added": _item(done=False),
    "response.output_item.done": _item(done=True),
    "response.output_text.delta": _said("delta"),
    "response.output_text.done": _said("text", whole=True),
    "response.refusal.delta": _said("delta", refused=True),
    "response.refusal.done": _said("refusal", whole=True, refused=True),
    "response.reasoning_summary_text.delta": _thought("delta", "summary_index", "summary"),
    "response.reasoning_summary_text.done": _thought("text", "summary_index", "summary", whole=True),
    "response.reasoning_text.delta": _thought("delta", "content_index", "content"),
    "response.reasoning_text.done": _thought("text", "content_index", "content", whole=True),
    "response.function_call_arguments.delta": _arguments("delta"),
    "response.function_call_arguments.done": _arguments("arguments", whole=True),
    "response.image_generation_call.partial_image": _partial_image,
}
