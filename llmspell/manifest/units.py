"""Sizes, times and counts as people write them, turned into whole bytes, milliseconds and numbers, and back. Pure.

Sizes and times need a unit, and every value must come out whole: nothing is guessed and nothing is rounded. Whatever
cannot be read raises a ValueError whose text is one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from llmspell.limits import DOLLAR

I64_MAX = 2**63 - 1
"""The guest's integers and the engine's counters are 64 bits wide."""

KB = 1024
MB = 1024 * KB
GB = 1024 * MB
"""MB and M are both 1024 * 1024, as in the seed's `max_memory_mb`: memory comes in powers of two, and a size that
means something else than the older key of the same name would surprise."""

_NUMBER = r"[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?:[eE]\+?[0-9]{1,2})?"
COUNT_PATTERN = rf"^{_NUMBER}$"
SIZE_PATTERN = rf"^{_NUMBER} ?(?:[KkMmGg](?:[Ii]?[Bb])?|[Bb])$"
DURATION_PATTERN = rf"^{_NUMBER} ?(?:ms|s|m|h)$"
"""What the three parsers accept, as regular expressions that JSON Schema understands too."""

_SIZES = {"b": 1, "k": KB, "m": MB, "g": GB}
_DURATIONS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_LONGEST = 64
_PARTS = rf"(?P<number>{_NUMBER}) ?(?P<unit>[A-Za-z]*)\Z"  # compiled when first used: every start imports this


def parse_count(text: str) -> int:
    """A number without a unit: "12", "1_000_000", "1e9", "1.5e6"."""
    return _parse(text, COUNT_PATTERN, "a count", 'a whole number such as "1e9" or "1_000_000"', lambda _unit: 1)


def parse_dollars(text: str) -> int:
    """Nano-dollars: "0.50", "12"."""
    return _parse(text, COUNT_PATTERN, "an amount of US dollars", 'a number such as "0.50"', lambda _unit: DOLLAR)


def parse_size(text: str) -> int:
    """Bytes: "50MB", "50M", "64KiB", "1.5 GB", "512B". K, M and G are powers of 1024 with and without the B or iB."""
    return _parse(text, SIZE_PATTERN, "a size", 'a number and a unit, such as "50MB" or "64KiB"', _size_unit)


def parse_duration_ms(text: str) -> int:
    """Milliseconds: "500ms", "30s", "1.5s", "2m" (minutes), "1h"."""
    example = 'a number and a unit, such as "30s", "500ms", "2m" or "1h"'
    return _parse(text, DURATION_PATTERN, "a time", example, _DURATIONS.__getitem__)


def format_size(size: int) -> str:
    """The shortest form that `parse_size` reads back as exactly this many bytes."""
    for name, unit in (("GB", GB), ("MB", MB), ("KB", KB)):
        if size and size % unit == 0:
            return f"{size // unit}{name}"
    return f"{size}B"


def format_duration_ms(duration: int) -> str:
    """The shortest form that `parse_duration_ms` reads back as exactly this many milliseconds."""
    for name in ("h", "m", "s"):
        if duration and duration % _DURATIONS[name] == 0:
            return f"{duration // _DURATIONS[name]}{name}"
    return f"{duration}ms"


def _size_unit(unit: str) -> int:
    return _SIZES[unit[0].lower()]


def _parse(text: str, pattern: str, what: str, example: str, factor: Callable[[str], int]) -> int:
    shown = f'"{text}"' if len(text) <= 32 else f'"{text[:32]}..."'
    parts = re.match(_PARTS, text) if len(text) <= _LONGEST and re.match(pattern, text) else None
    if parts is None:
        raise ValueError(f"{shown} is not {what}: write {example}")
    value = _exact(parts["number"].replace("_", ""), factor(parts["unit"]))
    if value is None:
        raise ValueError(f"{shown} is not {what}: it does not come out whole")
    if value > I64_MAX:
        raise ValueError(f"{shown} is more than {I64_MAX:,}, the largest number there is here")
    return value


def _exact(number: str, factor: int) -> int | None:
    """number * factor in whole numbers (a float would round), or None when there is a remainder."""
    mantissa, _, exponent = number.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    value, remainder = divmod(int(whole + fraction) * 10 ** int(exponent or 0) * factor, 10 ** len(fraction))
    return None if remainder else value
