"""What a chat completions server answers, whole or as the parts that a stream also has: pure functions over JSON.

Whatever the server sends, the outcome is a ModelReply or a ProviderError. Arguments that are not a JSON object do
not fail the turn: they become the ToolCall's `error`, which the agent loop tells the model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from llmspell.errors import BadResponseError
from llmspell.providers import faults, wirejson
from llmspell.providers.call_ids import CallIds
from llmspell.providers.error_body import report, tidy
from llmspell.types import FinishReason, ModelReply, ModelRequest, ToolCall, Usage

MAX_TOOL_CALLS = 128
"""In one turn: as many as OpenAI accepts tools in one request."""
MAX_ARGUMENT_CHARS = 1_000_000
"""Of one call's JSON: a model that writes more is looping, and every token of it is paid for."""
MAX_NAME_CHARS = 256
"""Of ids and tool names, which end at 64 on the servers we know; the rest is dropped."""
QUOTED_CHARS = 120

FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
        "function_call": "tool_calls",
        "content_filter": "content_filter",
    }
)


def decode(body: bytes, request: ModelRequest, *, request_id: str = "") -> ModelReply:
    """A whole reply. Raises BadResponseError, or what an error inside the body stands for."""
    try:
        payload = wirejson.load(body)
    except ValueError:
        raise BadResponseError(f"the answer is not JSON; it begins: {quoted(body)}") from None
    if found := report(payload, failed=not isinstance(payload, dict) or not payload.get("choices")):
        raise faults.from_report(found)
    choice = first_choice(payload)
    message = choice.get("message") if choice else None
    if not isinstance(message, dict):
        raise BadResponseError("the answer holds no message")
    refusal = text_of(message.get("refusal"))
    entries = message.get("tool_calls") or []
    if not isinstance(entries, list):
        raise BadResponseError("the answer's tool calls are not a list")
    check_count(len(entries))
    ids = CallIds(request)
    calls = []
    for entry in entries:
        call_id, name, arguments = tool_entry(entry)
        check_arguments(len(arguments_text(arguments)))
        calls.append(tool_call(ids.unique(call_id), name, arguments))
    raw = word(choice.get("finish_reason")) if choice else ""
    return ModelReply(
        text=text_of(message.get("content")) + refusal,
        tool_calls=tuple(calls),
        usage=usage(payload.get("usage")) or Usage(),
        finish_reason=finish_reason(raw, calls=bool(calls), refused=bool(refusal)),
        raw_finish_reason=raw,
        model=word(payload.get("model")) or request.model,
        request_id=request_id or word(payload.get("id")),
    )


def first_choice(payload: Any) -> dict[str, Any] | None:
    """The choice with index 0 (or the first without an index), None where there is none."""
    choices = payload.get("choices") if isinstance(payload, dict) else None
    if not choices:
        return None
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise BadResponseError("the answer's choices are not a list of objects")
    return next((choice for choice in choices if not choice.get("index")), None)


def text_of(content: Any) -> str:
    """The text of a content field: a string, null, or a list of parts, of which only text parts are the answer."""
    match content:
        case None:
            return ""
        case str():
            return content
        case list():
            parts = (part if isinstance(part, str) else _part(part) for part in content)
            return "".join(parts)
    raise BadResponseError(f"the answer's content is {kind_of(content)}, not text")


def _part(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) and part.get("type", "text") in ("text", "output_text") else None
    return text if isinstance(text, str) else ""


def tool_entry(entry: Any) -> tuple[str, str, Any]:
    """The id, the name ("" where missing) and the arguments as they stand of one entry of a tool_calls list."""
    function = entry.get("function") if isinstance(entry, dict) else None
    if function is None and isinstance(entry, dict):
        function = {}
    if not isinstance(function, dict):
        raise BadResponseError("a tool call of the answer is not an object")
    return word(entry.get("id")), word(function.get("name")), function.get("arguments")


def arguments_text(arguments: Any) -> str:
    """Arguments as JSON text: as they are, or written anew where the server gave them as an object."""
    if isinstance(arguments, str):
        return arguments
    try:
        return "" if arguments is None else json.dumps(wirejson.plain(arguments), ensure_ascii=False)
    except ValueError:
        return ""  # tool_call() says what is wrong with them


def tool_call(call_id: str, name: str, arguments: Any) -> ToolCall:
    """The call with its arguments parsed, where they can be. Empty and null arguments are an empty object."""
    if isinstance(arguments, str):
        if not arguments.strip():
            return ToolCall(id=call_id, name=name)
        try:
            value = wirejson.load(arguments)
        except ValueError as exc:
            problem = f"the arguments are not valid JSON ({exc}); they begin: {quoted(arguments)}"
            return ToolCall(id=call_id, name=name, error=problem)
    else:
        value = arguments
    if value is None:
        return ToolCall(id=call_id, name=name)
    if not isinstance(value, dict):
        return ToolCall(id=call_id, name=name, error=f"the arguments are {kind_of(value)}, not an object")
    try:
        return ToolCall(id=call_id, name=name, arguments=wirejson.plain(value))
    except ValueError as exc:
        return ToolCall(id=call_id, name=name, error=f"the arguments cannot be used: {exc}")


def finish_reason(raw: str, *, calls: bool, refused: bool) -> FinishReason:
    """Normalised: several servers say "stop", or nothing, where the model called tools."""
    if calls and raw in ("stop", ""):
        return "tool_calls"
    if refused and raw in ("stop", ""):
        return "content_filter"
    return FINISH_REASONS.get(raw, "other")


def usage(value: Any) -> Usage | None:
    """Token counts; what is missing or senseless is 0. None where there are no counts at all."""
    if not isinstance(value, dict) or not value:
        return None
    prompt, completion = value.get("prompt_tokens_details"), value.get("completion_tokens_details")
    return Usage(
        input_tokens=_count(value.get("prompt_tokens")),
        output_tokens=_count(value.get("completion_tokens")),
        cached_tokens=_count(prompt.get("cached_tokens")) if isinstance(prompt, dict) else 0,
        reasoning_tokens=_count(completion.get("reasoning_tokens")) if isinstance(completion, dict) else 0,
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def word(value: Any) -> str:
    """A short string of the server's; anything else is ""."""
    return wirejson.clean(value[:MAX_NAME_CHARS]) if isinstance(value, str) else ""


def quoted(text: str | bytes) -> str:
    if isinstance(text, bytes):
        text = text[: QUOTED_CHARS * 20].decode("utf-8", "replace")
    return tidy(text, QUOTED_CHARS)


def kind_of(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
    return names.get(type(value), "null")


def check_count(count: int) -> None:
    if count > MAX_TOOL_CALLS:
        raise BadResponseError(f"the answer makes more than {MAX_TOOL_CALLS} tool calls")


def check_arguments(size: int) -> None:
    if size > MAX_ARGUMENT_CHARS:
        raise BadResponseError(
            f"a tool call of the answer has more than {MAX_ARGUMENT_CHARS:,} characters of arguments"
        )
