"""What the protocols have in common: reading words, counts and tool calls of a server. Pure.

Whatever the server sends, the outcome is a value or a BadResponseError. Arguments that are not a JSON object do not
fail the turn: they become the ToolCall's `error`, which the agent loop tells the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from llmspell.errors import BadResponseError, InvalidArgument
from llmspell.providers import faults, wirejson
from llmspell.providers.error_body import Report, tidy
from llmspell.providers.sse import ServerEvent
from llmspell.types import ToolCall

MAX_TOOL_CALLS = 128
"""In one turn: as many as OpenAI accepts tools in one request."""
MAX_MEDIA = 64
"""In one turn; servers send one, some of them a handful."""
MAX_PARTS = 1_000
"""Of one turn, or of its thoughts: items, blocks, whatever a protocol makes them of; real ones have some dozens."""
MAX_ARGUMENT_CHARS = 1_000_000
"""Of one call's JSON: a model that writes more is looping, and every token of it is paid for."""
MAX_NAME_CHARS = 256
"""Of ids and tool names, which end at 64 on the servers we know; the rest is dropped."""
MAX_COUNT = 1_000_000_000
"""Tokens of one turn: a thousand times what the largest models take."""
QUOTED_CHARS = 120


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


def event_value(event: ServerEvent, *, optional: bool) -> Any:
    """The JSON of a stream's event. Raises BadResponseError where it is none, or what the text of an error stands for.

    One that is `optional` is None instead: the last event, never terminated, may be cut in its middle.
    """
    data = event.data.strip()
    try:
        return wirejson.load(data)
    except ValueError:
        if event.event == "error" and not (optional and data.startswith("{")):
            raise faults.from_report(Report(data, ())) from None
        if optional:
            return None
        raise BadResponseError(f"an event of the stream is not JSON: {quoted(data)}") from None


def tool_entry(entry: Any) -> tuple[str, str, Any]:
    """The id, the name ("" where missing) and the arguments as they stand of one entry of a tool_calls list."""
    function = entry.get("function") if isinstance(entry, dict) else None
    if function is None and isinstance(entry, dict):
        function = {}
    if not isinstance(function, dict):
        raise BadResponseError("a tool call of the answer is not an object")
    return word(entry.get("id")), word(function.get("name")), function.get("arguments")


def count(value: Any) -> int:
    """Of tokens; what is missing or senseless is 0, which budgets take for unknown."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < MAX_COUNT else 0


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


def check_media(count: int) -> None:
    if count > MAX_MEDIA:
        raise BadResponseError(f"the answer has more than {MAX_MEDIA} media")


def check_parts(count: int) -> None:
    if count > MAX_PARTS:
        raise BadResponseError(f"the answer has more than {MAX_PARTS:,} parts")


def check_arguments(size: int) -> None:
    if size > MAX_ARGUMENT_CHARS:
        raise BadResponseError(
            f"a tool call of the answer has more than {MAX_ARGUMENT_CHARS:,} characters of arguments"
        )


def own_parameters(parameters: Mapping[str, Any], taken: Iterable[str]) -> dict[str, Any]:
    """The parameters, which may set everything but what has a place of its own in the request."""
    for name in taken:
        if name in parameters:
            raise InvalidArgument(f"`parameters` cannot set '{name}'", hint="it has a place of its own in the request")
    return dict(parameters)
