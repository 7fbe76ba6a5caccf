"""JSON that a server or a model wrote: read without trust.

Python's reader recurses, keeps integers of any length, and gives lone surrogates that no later step can encode.
Here every failure is a ValueError, integers beyond 64 bits become floats, and what goes on to tools is bounded.
"""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DEPTH = 64
"""Of tool arguments: deeper than any schema that a model is given, and far from where recursion hurts."""


def _integer(digits: str) -> int | float:
    if len(digits) < 19:
        return int(digits)
    value = int(digits) if len(digits) <= 20 else 1 << 64
    return value if -(1 << 63) <= value < 1 << 63 else float(digits)


_DECODER = json.JSONDecoder(parse_int=_integer)


def load(data: bytes | str) -> Any:
    """Any JSON text; bytes are UTF-8, with or without a byte order mark. Raises ValueError."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    try:
        return _DECODER.decode(text.removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def clean(text: str) -> str:
    """Surrogate pairs that were written as two escapes are joined, lone surrogates become U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """The same value, safe to hand on: clean text, finite numbers, at most `depth` levels. Raises ValueError."""
    match value:
        case str():
            return clean(value)
        case float():
            if not math.isfinite(value):
                raise ValueError("it holds a number that is out of range")
            return value
        case dict() | list() if depth == 0:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
        case dict():
            return {clean(str(key)): plain(item, depth - 1) for key, item in value.items()}
        case list():
            return [plain(item, depth - 1) for item in value]
    return value
