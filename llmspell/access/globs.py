"""Patterns of paths: `*`, `?` and `[abc]` within a name, `**` for any number of folders. Pure, in bounded time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase


class Glob:
    """A pattern, in parts as a path is in names. A name that begins with a dot is like any other."""

    def __init__(self, parts: Sequence[str]) -> None:
        self._parts = tuple(parts)

    def fits(self, names: Iterable[str]) -> bool:
        return len(self._parts) in self._reached(names)

    def may_fit_below(self, names: Iterable[str]) -> bool:
        """Could anything in this folder fit?"""
        return any(at < len(self._parts) for at in self._reached(names))

    def _reached(self, names: Iterable[str]) -> set[int]:
        """How many parts may stand for the names so far: every possibility at once, so that none is tried again."""
        reached = self._skipping({0})
        for name in names:
            steps = ((at, self._parts[at]) for at in reached if at < len(self._parts))
            fitting = {at + (part != "**") for at, part in steps if part == "**" or fnmatchcase(name, part)}
            reached = self._skipping(fitting)
        return reached

    def _skipping(self, reached: set[int]) -> set[int]:
        """With those positions that come after a `**` that stands for nothing."""
        for at, part in enumerate(self._parts):
            if part == "**" and at in reached:
                reached.add(at + 1)
        return reached


def is_wild(part: str) -> bool:
    return any(char in part for char in "*?[")
