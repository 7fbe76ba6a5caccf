"""Arguments of a tool, checked against its JSON Schema before it runs. A script or a model gave them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.errors import ToolError
from llmspell.schemas import Misfit, Schema


def checked(tool: str, schema: Schema, arguments: Any) -> dict[str, Any]:
    """The arguments for the tool of that name. Raises ToolError that names what does not fit, InvalidArgument for
    arguments that are too large to be checked."""
    fitted = _fitted({} if arguments == [] else arguments, schema.source)
    if not isinstance(fitted, dict):
        raise ToolError(
            f"tool '{tool}': a table of named arguments expected", details={"tool": tool, "reason": "arguments"}
        )
    misfits = schema.misfits(_plain(fitted))
    if misfits:
        raise ToolError(
            f"tool '{tool}': {'; '.join(map(_told, misfits))}", details={"tool": tool, "reason": "arguments"}
        )
    return fitted


def _told(misfit: Misfit) -> str:
    where = misfit.path.removeprefix(".")
    if misfit.missing:
        return f"the argument '{where and where + '.'}{misfit.missing}' is missing"
    return f"argument '{where}': {misfit.reason}" if where else misfit.reason


def _fitted(value: Any, schema: Any) -> Any:
    """The same, but an empty table of Lua, which may be meant as either, is a list where the schema wants one. What a
    schema says by reference is not looked up."""
    if not isinstance(schema, Mapping):
        return value
    if isinstance(value, dict):
        if not value:
            return [] if schema.get("type") == "array" else value
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        return {key: _fitted(item, properties.get(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_fitted(item, schema.get("items")) for item in value]
    return value


def _plain(value: Any) -> Any:
    """As JSON has it: strings of other bytes and keys that are no strings become text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _key(key: Any) -> str:
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
