"""What Ollama answers, whole or as the lines that a stream is made of: pure functions over JSON.

Whatever the server sends, the outcome is a ModelReply or a ProviderError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from llmspell.errors import BadResponseError
from llmspell.providers import faults, wirejson
from llmspell.providers.call_ids import CallIds
from llmspell.providers.error_body import report
from llmspell.providers.protocols.ollama.request import KIND
from llmspell.providers.protocols.parts import (
    arguments_text,
    check_arguments,
    check_count,
    count,
    kind_of,
    quoted,
    tool_call,
    tool_entry,
    word,
)
from llmspell.providers.protocols.text import Pieces
from llmspell.types import (
    Delta,
    FinishReason,
    ModelReply,
    ModelRequest,
    Reasoning,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)

FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType({"stop": "stop", "length": "length"})


def decode(body: bytes, request: ModelRequest, request_id: str = "") -> ModelReply:
    """A whole reply. Raises BadResponseError, or what an error inside the body stands for."""
    try:
        payload = wirejson.load(body)
    except ValueError:
        raise BadResponseError(f"the answer is not JSON; it begins: {quoted(body)}") from None
    answer = Answer(request)
    if found := report(payload, failed=not isinstance(payload, dict) or "message" not in payload):
        raise faults.from_report(found)
    for _ in (*answer.take(payload), *answer.close()):
        pass
    if not answer.answered:
        raise BadResponseError("the answer holds no message")
    return answer.reply(request_id)


class Answer:
    """What the lines of one answer add up to; a whole answer is one line. Raises BadResponseError."""

    def __init__(self, request: ModelRequest) -> None:
        self._request = request
        self._ids = CallIds(request)
        self._text = Pieces()
        self._thinking = Pieces()
        self._calls: list[ToolCall] = []
        self._usage = Usage()
        self._model = ""
        self._reason = ""
        self.answered = False
        """A message was seen."""
        self.started = False
        """Some of it was text, thinking or a tool call."""
        self.done = False

    @property
    def text(self) -> str:
        return self._text.whole

    def take(self, payload: Any) -> Iterator[Delta]:
        """One line."""
        if not isinstance(payload, dict):
            raise BadResponseError(f"a line of the answer is {kind_of(payload)}, not an object")
        self._model = self._model or word(payload.get("model"))
        message = payload.get("message")
        if message is not None:
            if not isinstance(message, dict):
                raise BadResponseError(f"the message of the answer is {kind_of(message)}, not an object")
            self.answered = True
            for delta in self._message(message):
                self.started = True
                yield delta
        if payload.get("done") is True:
            self.done = self.started = True
            self._reason = word(payload.get("done_reason"))
            self._usage = Usage(
                input_tokens=count(payload.get("prompt_eval_count")), output_tokens=count(payload.get("eval_count"))
            )

    def close(self) -> Iterator[Delta]:
        """What has waited for more."""
        yield from self._said("", "", last=True)

    def reply(self, request_id: str) -> ModelReply:
        reason = FINISH_REASONS.get(self._reason, "other")
        return ModelReply(
            text=self.text,
            tool_calls=tuple(self._calls),
            usage=self._usage,
            finish_reason="tool_calls" if self._calls and self._reason in ("stop", "") else reason,
            raw_finish_reason=self._reason,
            model=self._model or self._request.model,
            request_id=request_id,
            reasoning=(Reasoning(kind=KIND, text=thinking),) if (thinking := self._thinking.whole) else (),
        )

    def _message(self, message: dict[str, Any]) -> Iterator[Delta]:
        yield from self._said(message.get("thinking"), message.get("content"))
        entries = message.get("tool_calls") or []
        if not isinstance(entries, list):
            raise BadResponseError("the answer's tool calls are not a list")
        check_count(len(self._calls) + len(entries))
        for entry in entries:
            call_id, name, arguments = tool_entry(entry)
            fragment = arguments_text(arguments)
            check_arguments(len(fragment))
            call = tool_call(self._ids.unique(call_id), name, arguments)
            self._calls.append(call)
            yield ToolCallDelta(len(self._calls) - 1, call.id, name, wirejson.clean(fragment))

    def _said(self, thinking: Any, content: Any, *, last: bool = False) -> Iterator[Delta]:
        for what in (thinking, content):
            if not isinstance(what, str | None):
                raise BadResponseError(f"the content of the answer is {kind_of(what)}, not text")
        if thought := self._thinking.add(thinking or "", last=last):
            yield ReasoningDelta(thought)
        if text := self._text.add(content or "", last=last):
            yield TextDelta(text)
