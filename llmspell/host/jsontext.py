"""JSON text to plain values and back, as a script sees it: strict, bounded, with errors that say where."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

from llmspell.abi.spec import MAX_NODES
from llmspell.errors import InvalidArgument

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)


def parse(text: str) -> Any:
    """Raises InvalidArgument with line and column. NaN and Infinity are not JSON."""
    if _parts(text) > MAX_NODES and _parts(_STRING.sub("", text)) > MAX_NODES:
        raise InvalidArgument(f"JSON.parse: the text holds more than {MAX_NODES:,} values")
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        raise InvalidArgument(f"JSON.parse: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise InvalidArgument("JSON.parse: the text is nested too deeply") from None
    except ValueError as error:  # an integer of thousands of digits
        raise InvalidArgument(f"JSON.parse: {error}") from None


def _parts(text: str) -> int:
    """At least the number of values in the text."""
    return text.count(",") + text.count("[") + text.count("{") + 1


def _reject_constant(name: str) -> NoReturn:
    raise InvalidArgument(f"JSON.parse: {name} is not JSON")


def stringify(value: Any, *, pretty: bool = False, sort: bool = False) -> str:
    """Raises InvalidArgument for NaN, infinities and strings that are not UTF-8."""
    try:
        return json.dumps(
            value,
            ensure_ascii=False,
            allow_nan=False,
            indent=2 if pretty else None,
            separators=None if pretty else (",", ":"),
            sort_keys=sort,
            default=_reject_value,
        )
    except ValueError:
        raise InvalidArgument("JSON.stringify: NaN and infinities have no JSON form") from None
    except TypeError as error:  # keys of mixed types cannot be sorted
        raise InvalidArgument(f"JSON.stringify: {error}") from None
    except RecursionError:
        raise InvalidArgument("JSON.stringify: the value is nested too deeply") from None


def _reject_value(value: Any) -> NoReturn:
    what = "a string that is not UTF-8" if isinstance(value, bytes) else f"a {type(value).__name__}"
    raise InvalidArgument(f"JSON.stringify: {what} has no JSON form")
