"""`datetime`: moments and the time between them. Nothing is guessed: a time is ISO 8601, RFC 2822, a Unix time, or in a
form that the call gives; one without an offset is in `timezone`, which is UTC where nothing is said.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from llmspell.errors import ToolError
from llmspell.settings import ToolSettings
from llmspell.tools.base import Arguments, Tool

UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3600}
"""Of exact length; days, weeks, months and years are those of the calendar."""
CALENDAR: Final = ("days", "weeks", "months", "years")
NEEDS: Final = {"now": (), "read": ("time",), "add": ("time", "amount", "unit"), "diff": ("time", "until")}


def datetime_tool(_settings: ToolSettings, _base: Path) -> Tool:
    """Tells the time, and reckons with it."""

    async def run(arguments: Arguments) -> Any:
        operation = arguments["operation"]
        for name in NEEDS[operation]:
            if name not in arguments:
                raise ToolError(f"datetime: `{operation}` needs the argument '{name}'")
        zone, to = _zone(arguments.get("timezone", "UTC")), _zone(arguments.get("to"))
        try:
            if operation == "diff":
                return between(_moment(arguments, "time", zone), _moment(arguments, "until", zone))
            moment = datetime.now(UTC).astimezone(zone) if operation == "now" else _moment(arguments, "time", zone)
            if operation == "add":
                moment = moved(moment, arguments["amount"], arguments["unit"])
            return described(moment if to is None else moment.astimezone(to), arguments.get("format"))
        except OverflowError:
            raise ToolError("datetime: that time is outside of the years 1 to 9999") from None

    return Tool(
        name="datetime",
        description="The time now, a time read, moved by `amount` of a `unit`, or the time between two; in the time "
        "zone `to`, and as `format` (strftime) says. Months and years keep the day where there is one.",
        parameters={
            "type": "object",
            "properties": {
                "operation": {"enum": list(NEEDS)},
                "time": {"type": ["string", "number"], "description": "ISO 8601, RFC 2822, or seconds since 1970"},
                "until": {"type": ["string", "number"], "description": "of diff: the later time"},
                "pattern": {"type": "string", "description": "how `time` is written, as strptime has it: %d.%m.%Y"},
                "timezone": {"type": "string", "description": "of times without one, such as Europe/Berlin (UTC)"},
                "to": {"type": "string", "description": "the time zone to tell it in"},
                "format": {"type": "string", "maxLength": 200, "description": "as strftime has it; adds `text`"},
                "amount": {"type": "number", "description": "of add; negative goes back"},
                "unit": {"enum": [*UNITS, *CALENDAR]},
            },
            "required": ["operation"],
            "additionalProperties": False,
        },
        run=run,
        pure=True,
    )


def _moment(arguments: Arguments, name: str, zone: ZoneInfo | None) -> datetime:
    return parsed(arguments[name], zone, arguments.get("pattern"))


def parsed(value: str | float, zone: ZoneInfo | None = None, pattern: str | None = None) -> datetime:
    """A moment with its zone. Raises ToolError."""
    zone = zone or ZoneInfo("UTC")
    if not isinstance(value, str):
        try:
            return datetime.fromtimestamp(value, zone)
        except (OverflowError, ValueError, OSError):
            raise ToolError(f"datetime: {value} seconds since 1970 is outside of the years 1 to 9999") from None
    found: datetime | None = None
    try:
        found = datetime.strptime(value, pattern) if pattern else datetime.fromisoformat(value.strip())
    except (ValueError, OverflowError, re.error) as error:  # the last for a directive that stands twice
        if pattern:
            raise ToolError(f"datetime: {error}") from None
        found = _rfc2822(value)
    if found is None:
        message = f"datetime: '{value[:80]}' is no time that can be read without guessing"
        raise ToolError(message, hint="write it as 2025-12-31T23:59:00Z, or say how it is written in `pattern`")
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _rfc2822(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):  # an unknown one is a KeyError, a folder an OSError
        raise ToolError(
            f"datetime: there is no time zone '{name[:80]}'", hint="such as Europe/Berlin, or UTC"
        ) from None


def moved(moment: datetime, amount: float, unit: str) -> datetime:
    """Later by that much; hours are hours, also where clocks are changed, and a day is a day of the calendar."""
    if unit in UNITS:
        return (moment.astimezone(UTC) + timedelta(seconds=amount * UNITS[unit])).astimezone(moment.tzinfo)
    if amount != int(amount):
        raise ToolError(f"datetime: a whole number of {unit} expected, got {amount}")
    whole = int(amount)
    if unit in ("days", "weeks"):
        return moment + timedelta(days=whole * (7 if unit == "weeks" else 1))
    months = moment.year * 12 + moment.month - 1 + whole * (12 if unit == "years" else 1)
    year, month = months // 12, months % 12 + 1
    if not 1 <= year <= 9999:
        raise OverflowError
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))


def described(moment: datetime, form: str | None = None) -> dict[str, Any]:
    """Everything about a moment, as plain data."""
    said = {
        "iso": moment.isoformat(),
        "timestamp": moment.timestamp(),
        "timezone": str(moment.tzinfo),
        "offset": moment.strftime("%z"),
        **{part: getattr(moment, part) for part in ("year", "month", "day", "hour", "minute", "second")},
        "weekday": moment.strftime("%A"),
        "day_of_year": moment.timetuple().tm_yday,
        "week": date.isocalendar(moment).week,
        "leap_year": calendar.isleap(moment.year),
    }
    return said if form is None else {**said, "text": moment.strftime(form)}


def between(start: datetime, end: datetime) -> dict[str, Any]:
    seconds = (end - start).total_seconds()
    days, rest = divmod(int(abs(seconds)), 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((days, "day"), (hours, "hour"), (minutes, "minute"), (left, "second"))
    said = ", ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count) or "0 seconds"
    return {"seconds": seconds, "days": seconds / 86_400, "text": ("-" if seconds < 0 else "") + said}
