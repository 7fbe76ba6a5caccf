"""What a Messages server answers, whole or as the parts that a stream also has: pure functions over JSON.

Whatever the server sends, the outcome is a ModelReply or a ProviderError.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from llmspell.errors import BadResponseError
from llmspell.providers import faults, wirejson
from llmspell.providers.error_body import report
from llmspell.providers.protocols.anthropic.content import Content
from llmspell.providers.protocols.parts import count, quoted, word
from llmspell.types import FinishReason, ModelReply, ModelRequest, Usage

FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "tool_calls",
        "refusal": "content_filter",
        "pause_turn": "other",  # the server's own tools need longer: asked again with the answer so far, it goes on
    }
)
READ, CREATED = "cache_read_input_tokens", "cache_creation_input_tokens"
COUNTS = ("input_tokens", "output_tokens", READ, CREATED)


def decode(body: bytes, request: ModelRequest, request_id: str = "") -> ModelReply:
    """A whole reply. Raises BadResponseError, or what an error inside the body stands for."""
    try:
        payload = wirejson.load(body)
    except ValueError:
        raise BadResponseError(f"the answer is not JSON; it begins: {quoted(body)}") from None
    blocks = payload.get("content") if isinstance(payload, dict) else None
    if found := report(payload, failed=blocks is None):
        raise faults.from_report(found)
    if not isinstance(blocks, list):
        raise BadResponseError("the answer holds no content")
    content, tokens = Content(request), Tokens()
    for index, block in enumerate(blocks):
        for _ in content.begin(index, block):
            pass
    for _ in content.close():
        pass
    tokens.add(payload.get("usage"))
    return reply(content, tokens, payload, word(payload.get("stop_reason")), request, request_id)


def reply(
    content: Content, tokens: Tokens, message: Mapping[str, Any], raw: str, request: ModelRequest, request_id: str
) -> ModelReply:
    calls = content.tool_calls()
    # Some compatible servers say "end_turn", or nothing, where the model called tools.
    reason = "tool_calls" if calls and raw in ("end_turn", "") else FINISH_REASONS.get(raw, "other")
    return ModelReply(
        text=content.text,
        tool_calls=calls,
        usage=tokens.usage(),
        finish_reason=reason,
        raw_finish_reason=raw,
        model=word(message.get("model")) or request.model,
        request_id=request_id or word(message.get("id")),
        reasoning=content.reasoning(),
    )


class Tokens:
    """Token counts, which are totals and come several times: the largest of each counts. The vendor's later ones
    are never smaller; some servers begin with zeros, others end with them."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(COUNTS, 0)
        self._thinking = 0

    def add(self, value: Any) -> None:
        """What is missing or senseless changes nothing."""
        if not isinstance(value, dict):
            return
        for name in COUNTS:
            self._counts[name] = max(self._counts[name], count(value.get(name)))
        details = value.get("output_tokens_details")
        if isinstance(details, dict):
            self._thinking = max(self._thinking, count(details.get("thinking_tokens")))

    def usage(self) -> Usage:
        """The API counts cached tokens beside `input_tokens`, and we within."""
        return Usage(
            input_tokens=self._counts["input_tokens"] + self._counts[READ] + self._counts[CREATED],
            output_tokens=self._counts["output_tokens"],
            cached_tokens=self._counts[READ],
            cache_write_tokens=self._counts[CREATED],
            reasoning_tokens=self._thinking,
        )
