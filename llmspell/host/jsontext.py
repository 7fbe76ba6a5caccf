"""JSON text to plain values and back, as a script sees it: strict, bounded, with errors that say where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from math import isfinite, isnan
from typing import Any, Final, NoReturn

from llmspell.abi.spec import MAX_NODES
from llmspell.errors import InvalidArgument

_NUMBER_AS_KEY: Final = re.compile(r'"-?[0-9]+":')
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)

_MESSAGES: Final[Mapping[str, str]] = {
    "Expecting value": "a value is expected",
    "Expecting property name enclosed in double quotes": 'a key in "double quotes" is expected',
    "Expecting ':' delimiter": "':' is expected",
    "Expecting ',' delimiter": "',' is expected",
    "Illegal trailing comma before end of object": "a comma with nothing behind it",
    "Illegal trailing comma before end of array": "a comma with nothing behind it",
    "Extra data": "the value has ended, but the text goes on",
    "Unterminated string starting at": "a string without its end",
    "Invalid control character at": "a line break or another control character inside of a string",
    "Unexpected UTF-8 BOM (decode using utf-8-sig)": "a byte order mark",
}
"""What Python's parser says, in other words where its own are about Python or unclear."""


def parse(text: str) -> Any:
    """Raises InvalidArgument with line and column. NaN and Infinity are not JSON; of equal keys the last one counts."""
    if _parts(text) > MAX_NODES and _parts(_STRING.sub("", text)) > MAX_NODES:
        raise InvalidArgument(f"JSON.parse: the text holds more than {MAX_NODES:,} values")
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        raise _invalid(text, error) from None
    except RecursionError:
        raise InvalidArgument("JSON.parse: the text is nested too deeply") from None
    except ValueError:
        raise InvalidArgument("JSON.parse: an integer of thousands of digits") from None


def _invalid(text: str, error: json.JSONDecodeError) -> InvalidArgument:
    message = _MESSAGES.get(error.msg, error.msg)
    if not text[error.pos :].strip():
        message = "the text ends too early" if text.strip() else "the text is empty"
    fenced = text.lstrip().startswith("```")
    return InvalidArgument(
        f"JSON.parse: {message} at line {error.lineno}, column {error.colno}",
        hint='the text is in a Markdown fence; take what is inside, as with text:match("%b{}")' if fenced else "",
    )


def _parts(text: str) -> int:
    """At least the number of values in the text."""
    return text.count(",") + text.count("[") + text.count("{") + 1


def _reject_constant(name: str) -> NoReturn:
    raise InvalidArgument(f"JSON.parse: {name} is not JSON")


def stringify(value: Any, *, pretty: bool = False, sort: bool = False) -> str:
    """Raises InvalidArgument, with the path to the culprit, for NaN, infinities, strings that are not UTF-8 and tables
    that have a number and its text as keys."""
    try:
        text = json.dumps(
            _sorted(value) if sort else value,
            ensure_ascii=False,
            allow_nan=False,
            indent=2 if pretty else None,
            separators=None if pretty else (",", ":"),
        )
    except (TypeError, ValueError):
        path, what = next(_culprits(value, "value"), ("value", "what is not plain data"))
        raise InvalidArgument(f"JSON.stringify: {what} has no JSON form (field '{path}')") from None
    if _NUMBER_AS_KEY.search(text):  # else there is nothing to look for
        for path, key in _doubles(value, "value"):
            both = f'the table has the keys [{key}] and ["{key}"], which are one in JSON'
            raise InvalidArgument(f"JSON.stringify: {both} (field '{path}')")
    return text


def _sorted(value: Any) -> Any:
    """The same with the keys of every object in order, numbers before strings."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (not isinstance(key, int), key if isinstance(key, int) else _text(key)))
        return {key: _sorted(value[key]) for key in keys}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _culprits(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """What json.dumps refuses, and where it stands, in Lua's way of writing it."""
    if isinstance(value, bytes):
        yield path, "a string that is not UTF-8"
    elif isinstance(value, float) and not isfinite(value):
        yield path, "NaN" if isnan(value) else "an infinity"
    elif isinstance(value, list):
        for place, item in enumerate(value, 1):
            yield from _culprits(item, f"{path}[{place}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, bytes):
                yield path, "a key that is not UTF-8"
            yield from _culprits(item, f"{path}[{key}]" if isinstance(key, int) else f"{path}.{_text(key)}")


def _doubles(value: Any, path: str) -> Iterator[tuple[str, int]]:
    """Integer keys whose text is a key of the same table, and where that stands."""
    if isinstance(value, list):
        for place, item in enumerate(value, 1):
            if isinstance(item, (list, dict)):
                yield from _doubles(item, f"{path}[{place}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, int) and str(key) in value:
                yield path, key
            if isinstance(item, (list, dict)):
                yield from _doubles(item, f"{path}[{key}]" if isinstance(key, int) else f"{path}.{_text(key)}")


def _text(key: str | bytes) -> str:
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else key
