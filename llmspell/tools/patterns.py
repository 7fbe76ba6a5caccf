"""Patterns that a script or a model brings, searched for in bounded time.

RE2 does it: its time grows with the text, never exponentially. It can still grow with the pattern, so a pattern is
bounded too, and a long text is to be searched piece by piece, with a look at the clock in between.
"""

from __future__ import annotations

from typing import Any, Final

import re2

MAX_PATTERN: Final = 1_000
"""Characters."""
MAX_PROGRAM: Final = 4_000
"""Of RE2's steps. Patterns that people write have some hundred; this many take seconds for 64 KB at the worst."""
_MEMORY: Final = 8 << 20


class LinePattern:
    """What is looked for in lines: a text, or with `regex` a regular expression. It never reaches over a line's end.
    Raises ValueError, whose text says what is wrong with it."""

    def __init__(self, pattern: str, *, regex: bool, ignore_case: bool) -> None:
        if len(pattern) > MAX_PATTERN:
            raise ValueError(f"it is longer than {MAX_PATTERN:,} characters")
        options = re2.Options()
        options.literal = not regex
        options.case_sensitive = not ignore_case
        options.never_nl = True
        options.log_errors = False
        options.max_mem = _MEMORY
        text = pattern.encode("utf-8", "surrogatepass")
        try:
            self._compiled: Any = re2.compile(b"(?m)" + text if regex else text, options)
        except re2.error as error:
            reason = error.args[0] if error.args else ""
            raise ValueError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None
        if self._compiled.programsize > MAX_PROGRAM:
            raise ValueError("it repeats too much: make its counts smaller")

    def find(self, text: bytes, start: int = 0) -> int | None:
        """Where the first match begins, from `start` on."""
        found = self._compiled.search(text, start)
        return None if found is None else int(found.start())
