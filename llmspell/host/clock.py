"""os.time and os.date with Lua's rules: fields normalised as mktime does, formats checked before strftime sees them."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, Final

from llmspell.errors import InvalidArgument

MAX_FORMAT: Final = 1000
_CONVERSIONS: Final = re.compile(r"%(?:[aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%]|E[cCxXyY]|O[deHImMSuUVwWy])")
_FIELDS: Final = (("year", None), ("month", None), ("day", None), ("hour", 12), ("min", 0), ("sec", 0))


def os_time(fields: Any) -> int:
    """Seconds since the epoch: now, or of a table of local date fields."""
    if fields is None:
        return int(time.time())
    values = []
    for name, default in _FIELDS:
        value = fields.get(name, default) if isinstance(fields, dict) else None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,10}\s*", value):
            value = int(value)
        if value is None:
            raise InvalidArgument(f"field '{name}' missing in date table")
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**31:
            raise InvalidArgument(f"field '{name}' is not an integer in range")
        values.append(value)
    year, month, day, hour, minute, second = values
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    isdst = fields.get("isdst")
    daylight = int(isdst) if isinstance(isdst, bool) else -1
    try:
        return int(time.mktime((year, month, day, hour, minute, second, 0, 0, daylight)))
    except (OverflowError, ValueError):
        raise InvalidArgument("time result cannot be represented") from None


def os_date(payload: Any) -> str | Mapping[str, int | bool]:
    """`format` as Lua's os.date has it ("!" for UTC, "*t" for a table) of `time`, by default now."""
    form = payload.get("format") if isinstance(payload, dict) else None
    when = payload.get("time") if isinstance(payload, dict) else None
    if not isinstance(form, str) or len(form) > MAX_FORMAT or "\0" in form:
        raise InvalidArgument(f"os.date: a format of at most {MAX_FORMAT} characters, none of them \\0, expected")
    if isinstance(when, float) and not when.is_integer():
        raise InvalidArgument("os.date: the time has no integer representation")
    try:
        moment = (time.gmtime if form.startswith("!") else time.localtime)(None if when is None else int(when))
    except (OverflowError, ValueError, OSError):
        raise InvalidArgument("os.date: the time is out of range") from None
    form = form.removeprefix("!")
    if form.startswith("*t"):
        return {
            "year": moment.tm_year,
            "month": moment.tm_mon,
            "day": moment.tm_mday,
            "hour": moment.tm_hour,
            "min": moment.tm_min,
            "sec": moment.tm_sec,
            "wday": (moment.tm_wday + 1) % 7 + 1,
            "yday": moment.tm_yday,
            "isdst": moment.tm_isdst > 0,
        }
    rest = _CONVERSIONS.sub("", form)
    if "%" in rest:
        wrong = rest[rest.index("%") :][:3]
        raise InvalidArgument(f"os.date: invalid conversion specifier '{wrong}'")
    return time.strftime(form, moment)
