"""Arguments of a tool, checked against a JSON Schema before anything happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.errors import InvalidArgument, ToolError
from llmspell.schemas import Schema


def check(who: str, schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Raises ToolError that says what is wrong. Bytes, which scripts have and JSON has not, count as strings."""
    missing = [name for name in schema.get("required", ()) if name not in arguments]
    try:
        problems = [f"the argument '{missing[0]}' is missing"] if missing else Schema(schema).problems(_text(arguments))
    except InvalidArgument as error:
        problems = [f"its arguments cannot be checked: {error.message}"]
    if problems:
        details = {"tool": who, "reason": "arguments"}
        raise ToolError(f"tool '{who}': {'; '.join(problems)}", details=details)


def _text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_text(name): _text(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_text(item) for item in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
