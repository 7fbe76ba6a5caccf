"""The kinds of value that several sections share, and what is wrong with one of them."""

from __future__ import annotations

import shlex
from typing import Any, get_args, get_type_hints
from urllib.parse import urlsplit

from llmspell.access import fields, roots
from llmspell.manifest import units
from llmspell.manifest.model import LIMIT_RANGES
from llmspell.manifest.sections import Key
from llmspell.manifest.values import Measure, Real, Text, Whole
from llmspell.settings import (
    ProviderKind,
)

PROVIDER_KINDS: tuple[str, ...] = get_args(ProviderKind)
NAME_PATTERN = r"^[A-Za-z0-9_.-]{1,64}$"
NAME_RULE = "1 to 64 letters, digits, `_`, `.` or `-`"
"""Of providers and agents. No slash: `model = "provider/model"` splits there."""

LONGEST_TIME = LIMIT_RANGES["wall_ms"][1]
NAME = Text(what=f"a name of {NAME_RULE}", pattern=NAME_PATTERN)
FILLED = Text(what="a string that is not empty", pattern=r"^[^\x00]+$")
ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"


def base_url(url: str) -> str:
    """What is wrong with a provider's address, or ""."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or any(not "!" <= char <= "~" for char in url):
        return "must be an http or https address, such as https://api.openai.com/v1"
    if "@" in parts.netloc:
        return "must not contain a user name or a password"
    return "must end before any `?` or `#`" if "?" in url or "#" in url else ""


def times(name: str, doc: str, low: int) -> tuple[Key, Key]:
    """NAME_ms in milliseconds, and NAME with a unit."""
    field = f"{name}_ms"
    number = Whole(low=low, high=LONGEST_TIME, unit_key=name)
    return Key(name=field, kind=number, doc=f"{doc}, in milliseconds."), Key(
        name=name, field=field, kind=duration(low), doc=f'{doc}, with a unit: "5s", "500ms".'
    )


def byte_sizes(name: str, doc: str, high: int) -> tuple[Key, Key]:
    """NAME_bytes, and NAME_size with a unit."""
    field, unit_key = f"{name}_bytes", f"{name}_size"
    number = Whole(low=1, high=high, unit_key=unit_key)
    return Key(name=field, kind=number, doc=f"{doc}, in bytes."), Key(
        name=unit_key, field=field, kind=size(1, high), doc=f'{doc}, with a unit: "16MB".'
    )


def mount(path: str) -> str:
    """What is wrong with the place of a granted folder, or ""."""
    return roots.problem_of(path) or ("begins with '~', which stands for nothing here" if path.startswith("~") else "")


def command_problem(command: str) -> str:
    """What is wrong with a command of the shell tool, or ""."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        return f"has no whole words: {str(error).lower()}"
    if not words:
        return "is empty"
    return "must name a program first, not `*`" if words[0] == "*" else ""


def duration(low: int, unlimited: bool = False) -> Measure:
    return Measure(
        parse=units.parse_duration_ms,
        format=units.format_duration_ms,
        pattern=units.DURATION_PATTERN,
        example='"30s" or "500ms"',
        low=low,
        high=LONGEST_TIME,
        unlimited=unlimited,
    )


def size(low: int, high: int, unlimited: bool = False) -> Measure:
    return Measure(
        parse=units.parse_size,
        format=units.format_size,
        pattern=units.SIZE_PATTERN,
        example='"50MB" or "64KiB"',
        low=low,
        high=high,
        unlimited=unlimited,
    )


def attachable(header: str) -> str:
    """What is wrong with a header for a secret, or ""."""
    return "is set by llmspell itself" if header.lower() in fields.FRAMING else ""


def words(cls: type[Any], field: str) -> tuple[str, ...]:
    """The words of a field that is Literal[...] | None."""
    literal, _none = get_args(get_type_hints(cls)[field])
    return get_args(literal)


def limit(name: str, doc: str, **options: Any) -> Key:
    """A count of limits.py."""
    low, high = LIMIT_RANGES[name]
    return Key(name=name, kind=Whole(low=low, high=high, **options), doc=doc)


def megabytes() -> Key:
    low, high = (bound // units.MB for bound in LIMIT_RANGES["memory_bytes"])
    kind = Whole(low=low, high=high, scale=units.MB, unit_key="memory")
    return Key(name="max_memory_mb", field="memory_bytes", kind=kind, doc="Memory of the sandbox, in megabytes.")


MAX_TOKENS = Whole(low=1)
TEMPERATURE = Real(low=0.0, high=100.0)
