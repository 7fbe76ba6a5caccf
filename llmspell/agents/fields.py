"""Reading the tables that a script sends: typed fields, lists with a bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from llmspell.errors import InvalidArgument

MAX_ITEMS: Final = 10_000
_WORDS: Final = {
    bool: "boolean",
    bytes: "string",
    dict: "table",
    float: "number",
    int: "integer",
    list: "list",
    str: "string",
}
"""What a script calls these types."""


def field(data: Any, name: str, kind: type, default: Any = None) -> Any:
    """A field of that type: required, unless there is a default. Raises InvalidArgument."""
    if not isinstance(data, Mapping):
        raise InvalidArgument("a table expected")
    value = data.get(name)
    if value is None and default is not None:
        return default
    if isinstance(value, bytes) and kind is str:
        raise InvalidArgument(f"field '{name}': the text is not UTF-8")
    if value == [] and kind is dict:
        return {}
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InvalidArgument(f"field '{name}': {_WORDS[kind]} expected, got {_WORDS.get(type(value), 'no value')}")
    return value


def items(data: Any, name: str) -> list[Any]:
    """A list field; none, or an empty table of the script's, which may come as an empty map, is an empty list."""
    value = data.get(name) if isinstance(data, Mapping) else None
    if value is None or value == {}:
        return []
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise InvalidArgument(f"field '{name}': a list of at most {MAX_ITEMS} expected")
    return value


def texts(data: Any, name: str) -> tuple[str, ...]:
    """A list field of strings."""
    found = items(data, name)
    if not all(isinstance(item, str) for item in found):
        raise InvalidArgument(f"field '{name}': a list of strings expected")
    return tuple(found)
