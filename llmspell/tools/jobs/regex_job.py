"""Regular expressions by RE2, whose time grows with the text and never exponentially."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import re2

from llmspell.tools.jobs import Refused
from llmspell.tools.patterns import MAX_PATTERN

MAX_OUTPUT: Final = 8 * 1024 * 1024
MAX_MATCHES: Final = 10_000


def run(payload: Mapping[str, Any]) -> Any:
    """{operation: "find" | "replace" | "split", pattern, input, ignore_case, limit, with} -> matches, text or parts."""
    pattern = _compiled(payload["pattern"], ignore_case=payload["ignore_case"])
    text, limit = payload["input"], min(payload["limit"], MAX_MATCHES)
    if payload["operation"] == "find":
        return [_shown(match) for match in _matches(pattern, text, limit)]
    pieces, at, size = [], 0, 0
    for match in _matches(pattern, text, len(text) + 1 if payload["operation"] == "replace" else limit):
        pieces.append(text[at : match.start()])
        if payload["operation"] == "replace":
            try:
                pieces.append(match.expand(payload["with"]))
            except (re2.error, IndexError) as error:  # the second for a group that there is not
                raise Refused(f"`with`: {_reason(error)}") from None
            size += len(pieces[-1])
            if size > MAX_OUTPUT:
                raise Refused(f"the text would be longer than {MAX_OUTPUT >> 20} MB")
        at = match.end()
    pieces.append(text[at:])
    return "".join(pieces) if payload["operation"] == "replace" else pieces


def _matches(pattern: Any, text: str, limit: int) -> Iterator[Any]:
    for count, match in enumerate(pattern.finditer(text)):
        if count == limit:
            return
        yield match


def _shown(match: Any) -> dict[str, Any]:
    """Places are counted from 1 and include the last character, as Lua's string.find gives them."""
    groups = {"groups": list(match.groups())} if match.groups() else {}
    named = {"named": match.groupdict()} if match.groupdict() else {}
    return {"text": match.group(), "start": match.start() + 1, "end": match.end(), **groups, **named}


def _compiled(pattern: str, *, ignore_case: bool) -> Any:
    if len(pattern) > MAX_PATTERN:
        raise Refused(f"the pattern is longer than {MAX_PATTERN:,} characters")
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise Refused(f"the pattern '{pattern[:100]}': {_reason(error)}") from None


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else "it is not one"
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
