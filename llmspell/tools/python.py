"""Your own tools: a Python function with type hints and a docstring becomes a tool.

The hints become the JSON Schema, the docstring what a model reads. msgspec makes the schema, and dataclasses out of
the arguments; docstring_parser takes the three usual styles of docstrings apart.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, get_type_hints

import msgspec
from docstring_parser import parse

from llmspell.errors import LlmspellError, ToolError, UsageError
from llmspell.tools.base import Arguments, Tool
from llmspell.types import RawMedia

_KINDS: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_TYPES: Final = "arguments are str, int, float, bool, list, dict, Literal, dataclasses and the like"
_importing = threading.Lock()


def python_tool(function: Callable[..., Any], name: str = "") -> Tool:
    """The tool that calls this function, on the event loop if it is async, else on a thread. Its name is the function's
    unless given. Raises UsageError for arguments that no table of named ones can be."""
    name = name or getattr(function, "__name__", "")
    if not name:
        raise UsageError(f"{function!r} has no name that a tool could have")
    kind = _arguments(function, name)
    about = parse(inspect.getdoc(function) or "")
    waits = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)

    async def run(arguments: Arguments) -> Any:
        try:
            taken = msgspec.convert(dict(arguments), kind, strict=False)
        except msgspec.ValidationError as error:
            raise ToolError(f"tool '{name}': {error}", details={"tool": name}) from None
        call = partial(function, **{field: getattr(taken, field) for field in kind.__struct_fields__})
        result = await call() if waits else await asyncio.to_thread(call)
        return result if isinstance(result, RawMedia) else msgspec.to_builtins(result, builtin_types=(bytes,))

    return Tool(
        name=name,
        description="\n\n".join(filter(None, (about.short_description, about.long_description))),
        parameters=_schema(kind, {item.arg_name: item.description or "" for item in about.params}),
        run=run,
    )


def referenced(name: str, reference: str, base: Path) -> Tool:
    """The tool of `python = "package.module:function"`: of what is installed, or of a module in the manifest's folder.
    Raises UsageError."""
    module, _, path = reference.partition(":")
    where = f'[tools.{name}] python = "{reference}"'
    try:
        with _importable(base):
            found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except Exception as error:  # the module's own code runs: anything can come of it
        raise UsageError(f"{where}: {type(error).__name__}: {error}") from error
    return _as_tool(found, name, where)


def installed(name: str, group: str) -> Tool:
    """The tool that an installed package offers under that name. Raises UsageError."""
    point = next(iter(entry_points(group=group, name=name)))
    where = f"the tool '{name}' of the installed package {point.dist.name if point.dist else 'unknown'}"
    try:
        found = point.load()
    except Exception as error:
        raise UsageError(f"{where}: {type(error).__name__}: {error}") from error
    return _as_tool(found, name, where)


def _as_tool(found: Any, name: str, where: str) -> Tool:
    if isinstance(found, Tool):
        return replace(found, name=name)
    if not callable(found):
        raise UsageError(f"{where}: a function or a Tool expected, found {type(found).__name__}")
    try:
        return python_tool(found, name)
    except LlmspellError as error:
        raise UsageError(f"{where}: {error.message}", hint=error.hint) from error


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """The folder comes last, and only for now: nothing in it can stand in for what others import later, when a script
    may have written there."""
    place = str(folder.absolute())
    with _importing:
        sys.path.append(place)
        try:
            yield
        finally:
            sys.path.remove(place)


def _arguments(function: Callable[..., Any], name: str) -> type[msgspec.Struct]:
    """The function's arguments as one class."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    try:
        hints = get_type_hints(function if inspect.isroutine(function) else function.__call__, include_extras=True)  # type: ignore[operator]
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind not in _KINDS:
                message = f"'{name}' takes '{parameter}', and a tool has named arguments only"
                raise UsageError(message, hint="give each argument a name and a type")
            hint = hints.get(parameter.name, Any)
            default = parameter.default
            if default is inspect.Parameter.empty:
                fields.append((parameter.name, hint))
            else:
                fields.append((parameter.name, hint, msgspec.field(default_factory=partial(_same, default))))
        return msgspec.defstruct(name, fields, kw_only=True)
    except (NameError, TypeError, ValueError) as error:
        raise UsageError(f"'{name}' cannot be a tool: {error}") from error


def _same(value: Any) -> Any:
    return value


def _schema(kind: type[msgspec.Struct], about: dict[str, str]) -> dict[str, Any]:
    try:
        (reference,), parts = msgspec.json.schema_components((kind,), ref_template="#/$defs/{name}")
    except TypeError as error:
        reason = str(error).rpartition("\n")[2]  # before it stands how a program would teach msgspec the type
        raise UsageError(f"'{kind.__name__}' cannot be a tool: {reason}", hint=_TYPES) from error
    whole: dict[str, Any] = parts.pop(reference["$ref"].rpartition("/")[2])
    properties = {
        field: {**schema, "description": about[field]} if about.get(field) else schema
        for field, schema in whole["properties"].items()
    }
    schema = {"type": "object", "properties": properties, "required": whole["required"], "additionalProperties": False}
    return {**schema, "$defs": parts} if parts else schema
