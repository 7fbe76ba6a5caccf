"""The kinds of single value that a manifest's keys take. Each reads what tomllib gives, strictly: a value of another
type is an error, never converted. Each also writes the value back and says itself as JSON Schema, so that they agree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from llmspell.limits import DOLLAR
from llmspell.manifest.report import At, nearest, shown
from llmspell.manifest.units import I64_MAX

BAD: Final = object()
"""What `read` gives when it has reported a problem."""
UNLIMITED = "unlimited"
_DOLLARS: Final = re.compile(r"\$?[0-9]+(\.[0-9]+)?")


class Kind(Protocol):
    def read(self, value: Any, at: At) -> Any:
        """The value for the dataclass, or BAD after a report."""

    def write(self, value: Any) -> Any:
        """The value for TOML, or None when the key is better left out."""

    def schema(self) -> dict[str, Any]:
        """A JSON Schema of what `read` accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string. `pattern` covers the whole of it and `what` says it in words; `check` gives a complaint or "".
    A `secret` one is not shown when it is wrong: people paste keys where a key's name belongs."""

    what: str = "a string"
    pattern: str = ""
    check: Callable[[str], str] | None = None
    hint: str = ""
    secret: bool = False

    def matches(self, value: str) -> bool:
        return not self.pattern or re.fullmatch(self.pattern, value) is not None

    def read(self, value: Any, at: At) -> Any:
        if not isinstance(value, str):
            unquoted = isinstance(value, (bool, int, float)) and not self.hint
            at.wrong(self.what, value, "strings need quotes" if unquoted else self.hint, secret=self.secret)
        elif not self.matches(value):
            at.wrong(self.what, value, self.hint, secret=self.secret)
        elif self.check and (complaint := self.check(value)):
            # addresses are what is checked: one may carry a password or a key
            at.refuse(f"{at.label} {complaint}", self.hint, secret=self.secret or "@" in value or "?" in value)
        else:
            return value
        return BAD

    def write(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string"} | ({"pattern": self.pattern} if self.pattern else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A boolean. With `only_true`, false is refused for that reason."""

    only_true: str = ""

    def read(self, value: Any, at: At) -> Any:
        if not isinstance(value, bool):
            quoted = value in ("true", "false") if isinstance(value, str) else False
            at.wrong("true or false", value, "write it without quotes" if quoted else "")
            return BAD
        if self.only_true and not value:
            at.refuse(f"{at.label} can only be true: {self.only_true}")
            return BAD
        return value

    def write(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"const": True} if self.only_true else {"type": "boolean"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of a few strings."""

    options: tuple[str, ...]

    def read(self, value: Any, at: At) -> Any:
        if value in self.options:
            return value
        *most, last = (shown(option) for option in self.options)
        near = nearest(value, list(self.options)) if isinstance(value, str) else ""
        at.wrong(
            f"{', '.join(most)} or {last}" if most else last, value, f"did you mean {shown(near)}?" if near else ""
        )
        return BAD

    def write(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.options)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An integer. With `floats` also 1e9; with `unlimited` also that word, as None; stored `scale` times as large."""

    low: int = 0
    high: int = I64_MAX
    floats: bool = False
    unlimited: bool = False
    scale: int = 1
    unit_key: str = ""
    """The key that takes the same with a unit."""

    def read(self, value: Any, at: At) -> Any:
        if self.unlimited and value == UNLIMITED:
            return None
        number = value
        if self.floats and isinstance(value, float) and value.is_integer():
            number = int(value)
        if isinstance(number, bool) or not isinstance(number, int):
            what = f'a whole number or "{UNLIMITED}"' if self.unlimited else "a whole number"
            at.wrong(what, value, self._hint(value))
            return BAD
        if not self.low <= number <= self.high:
            at.wrong(_out_of(number, self.low, self.high, "{:,}".format), value)
            return BAD
        return number * self.scale

    def _hint(self, value: Any) -> str:
        if isinstance(value, float) and value.is_integer() and abs(value) <= I64_MAX:
            return f"write it as an integer: {int(value):_}"
        if not isinstance(value, str):
            return ""
        if value.replace("_", "").isdecimal():
            return "write it without quotes"
        return f"with a unit it is `{self.unit_key} = {shown(value)}`" if self.unit_key else ""

    def write(self, value: Any) -> Any:
        return UNLIMITED if value is None and self.unlimited else value // self.scale if value is not None else None

    def schema(self) -> dict[str, Any]:
        whole = {"type": "integer", "minimum": self.low, "maximum": self.high}
        return _or_unlimited(whole, self.unlimited)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A string with a unit, for a whole number of bytes or milliseconds."""

    parse: Callable[[str], int]
    format: Callable[[int], str]
    pattern: str
    example: str
    low: int = 0
    high: int = I64_MAX
    unlimited: bool = False

    def read(self, value: Any, at: At) -> Any:
        if self.unlimited and value == UNLIMITED:
            return None
        if not isinstance(value, str):
            at.wrong(f"a string with a unit, such as {self.example}", value)
            return BAD
        try:
            number = self.parse(value)
        except ValueError as error:
            at.refuse(f"{at.label}: {error}")
            return BAD
        if not self.low <= number <= self.high:
            at.wrong(_out_of(number, self.low, self.high, self.format), value)
            return BAD
        return number

    def write(self, value: Any) -> Any:
        if value is None:
            return UNLIMITED if self.unlimited else None
        return self.format(value)

    def schema(self) -> dict[str, Any]:
        return _or_unlimited({"type": "string", "pattern": self.pattern}, self.unlimited)


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """A finite number."""

    low: float
    high: float

    def read(self, value: Any, at: At) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            at.wrong("a number", value)
        elif not math.isfinite(value):
            at.wrong("a finite number", value)
        elif not self.low <= value <= self.high:
            at.wrong(_out_of(value, self.low, self.high, "{:g}".format), value)
        else:
            return value
        return BAD

    def write(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dollars:
    """A number of US dollars, or "unlimited" as None; stored as whole nano-dollars, the nearest ones."""

    low: int
    high: int

    def read(self, value: Any, at: At) -> Any:
        if value == UNLIMITED:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            hint = f"write it as {value.lstrip('$')}" if isinstance(value, str) and _DOLLARS.fullmatch(value) else ""
            at.wrong(f'a number of US dollars or "{UNLIMITED}"', value, hint)
            return BAD
        amount = round(value * DOLLAR)
        if not self.low <= amount <= self.high:
            at.wrong(_out_of(amount, self.low, self.high, lambda bound: f"{bound / DOLLAR:,.0f}"), value)
            return BAD
        return amount

    def write(self, value: Any) -> Any:
        return UNLIMITED if value is None else value / DOLLAR

    def schema(self) -> dict[str, Any]:
        amount = {"type": "number", "minimum": self.low / DOLLAR, "maximum": self.high / DOLLAR}
        return _or_unlimited(amount, True)


def _out_of(value: float, low: float, high: float, show: Callable[[Any], str]) -> str:
    """The bound that a value passes, in words."""
    return f"at least {show(low)}" if value < low else f"at most {show(high)}"


def _or_unlimited(schema: dict[str, Any], unlimited: bool) -> dict[str, Any]:
    return {"anyOf": [schema, {"const": UNLIMITED}]} if unlimited else schema
