"""The kinds of value that hold others whose names are not ours: arrays of strings, HTTP headers, and free tables."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from llmspell.errors import InvalidArgument
from llmspell.manifest.report import USE_API_KEY_ENV, At, is_auth_header, is_secret_name, shown
from llmspell.manifest.units import I64_MAX
from llmspell.manifest.values import BAD, Choice, Text
from llmspell.schemas import Schema

_HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$"
_HEADER_VALUE = r"^[\t -~]*$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """An array of strings, as a tuple. With `unique`, a string stands in it once."""

    item: Text | Choice
    unique: bool = True

    def read(self, value: Any, at: At) -> Any:
        if not isinstance(value, list):
            at.wrong("an array of strings", value, f"write [{shown(value)}]" if isinstance(value, str) else "")
            return BAD
        items = [self.item.read(item, at.child(index)) for index, item in enumerate(value)]
        if any(item is BAD for item in items):
            return BAD
        seen: set[str] = set()
        for index, item in enumerate(items):
            if self.unique and item in seen:
                at.child(index).refuse(f"{at.label} has {shown(item)} twice")
                return BAD
            seen.add(item)
        return tuple(items)

    def write(self, value: Any) -> Any:
        return None if value is None else list(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema()} | ({"uniqueItems": True} if self.unique else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """HTTP headers by name. Those that carry credentials are refused; no value is ever shown."""

    def read(self, value: Any, at: At) -> Any:
        if not isinstance(value, dict):
            at.wrong("a table of strings", value, secret=True)
            return BAD
        good = [self._accepts(name, text, at.child(name)) for name, text in value.items()]
        return dict(value) if all(good) else BAD

    def _accepts(self, name: str, text: Any, at: At) -> bool:
        if is_auth_header(name):
            at.refuse(f"the header {shown(name)} would hold a secret", USE_API_KEY_ENV, on_key=True, secret=True)
        elif not re.fullmatch(_HEADER_NAME, name):
            at.refuse(f"{shown(name)} is not a header name", on_key=True, secret=True)
        elif not isinstance(text, str) or not re.fullmatch(_HEADER_VALUE, text):
            at.wrong("a string of printable ASCII characters", text, secret=True)
        else:
            return True
        return False

    def write(self, value: Any) -> Any:
        return dict(value) or None

    def schema(self) -> dict[str, Any]:
        values = {"type": "string", "pattern": _HEADER_VALUE}
        return {"type": "object", "propertyNames": {"pattern": _HEADER_NAME}, "additionalProperties": values}


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """A table whose content is not ours to judge, as long as JSON can say it."""

    def read(self, value: Any, at: At) -> Any:
        if not isinstance(value, dict):
            at.wrong("a table", value)
            return BAD
        return value if self._is_json(value, at) else BAD

    def _is_json(self, value: Any, at: At) -> bool:
        if isinstance(value, (dict, list)):
            if isinstance(value, dict):
                good = [self._accepts(name, item, at.child(name)) for name, item in value.items()]
            else:
                good = [self._is_json(item, at.child(index)) for index, item in enumerate(value)]
            return all(good)
        if isinstance(value, (bool, str)):
            return True
        if isinstance(value, int) and abs(value) <= I64_MAX:
            return True
        if isinstance(value, float) and math.isfinite(value):
            return True
        at.wrong("something that JSON can say", value)
        return False

    def _accepts(self, name: str, item: Any, at: At) -> bool:
        if "key" in name and is_secret_name(name) and isinstance(item, str):
            at.refuse(f"{at.label} would hold a secret", USE_API_KEY_ENV, on_key=True, secret=True)
            return False
        return self._is_json(item, at)

    def write(self, value: Any) -> Any:
        return dict(value) or None

    def schema(self) -> dict[str, Any]:
        return {"type": "object"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSchema(Free):
    """A JSON Schema."""

    def read(self, value: Any, at: At) -> Any:
        # not super(): a dataclass with slots is made twice, and super() would look for the first one
        table = Free.read(self, value, at)
        if table is BAD:
            return BAD
        try:
            Schema(table)
        except InvalidArgument as error:
            at.refuse(f"{at.label}: {error.message}", error.hint)
            return BAD
        return table

    def write(self, value: Any) -> Any:
        return None if value is None else dict(value)
