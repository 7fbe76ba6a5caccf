"""A streamed message: the body's bytes in, deltas out, and last the whole ModelReply. Pure.

message_start, then for each content block content_block_start, content_block_delta and content_block_stop, then
message_delta with the reason why it ended, and message_stop; pings anywhere, and an error instead of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmspell.errors import BadResponseError
from llmspell.providers import faults
from llmspell.providers.error_body import report
from llmspell.providers.protocols.anthropic.content import Content
from llmspell.providers.protocols.anthropic.reply import Tokens, reply
from llmspell.providers.protocols.events import EventStream, check_answered
from llmspell.providers.protocols.parts import event_value, kind_of, word
from llmspell.providers.sse import MAX_EVENT_BYTES, ServerEvent, SseParser
from llmspell.types import Delta, ModelRequest

PING = "ping"


class MessageStream(EventStream[ServerEvent]):
    """See EventStream."""

    def __init__(self, request: ModelRequest, request_id: str = "", max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._request = request
        self._request_id = request_id
        super().__init__(SseParser(max_bytes=max_event_bytes))
        self._content = Content(request)
        self._tokens = Tokens()
        self._message: Mapping[str, Any] = {}
        self._reason = ""
        self._answered = False

    @property
    def text(self) -> str:
        return self._content.text

    def _last(self) -> Iterator[Delta]:
        check_answered(self._answered)
        yield from self._content.close()
        yield reply(self._content, self._tokens, self._message, self._reason, self._request, self._request_id)

    def _take(self, event: ServerEvent, *, last: bool = False) -> Iterator[Delta]:
        if self.done or event.event == PING or not event.data.strip():
            return
        self.events += 1
        payload = event_value(event, optional=last)
        if payload is None:
            return
        if found := report(payload, failed=event.event == "error"):
            raise faults.from_report(found)
        if not isinstance(payload, dict):
            raise BadResponseError(f"an event of the stream is {kind_of(payload)}, not an object")
        yield from self._event(word(payload.get("type")) or event.event, payload)

    def _event(self, kind: str, payload: dict[str, Any]) -> Iterator[Delta]:
        """Events of other kinds are no part of the answer."""
        match kind:
            case "message_start":
                message = payload.get("message")
                self._message = message if isinstance(message, dict) else {}
                self._tokens.add(self._message.get("usage"))
                self._answered = True
            case "content_block_start":
                self.started = self._answered = True
                yield from self._content.begin(_index(payload), payload.get("content_block"))
            case "content_block_delta":
                yield from self._content.grow(_index(payload), payload.get("delta"))
            case "message_delta":
                self._tokens.add(payload.get("usage"))
                delta = payload.get("delta")
                if isinstance(delta, dict) and (reason := word(delta.get("stop_reason"))):
                    self._reason = reason
                    self.finished = self.started = True
            case "message_stop":
                self.done = True


def _index(payload: Mapping[str, Any]) -> int:
    index = payload.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) else 0
