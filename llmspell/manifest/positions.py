"""Where each key and each value of a TOML text stands. Pure; tomllib, which says what the text means, gives no places.

The scan knows only as much TOML as it needs to find its way. It accepts more than TOML does and never judges: a text
that it cannot follow just has places up to there, and tomllib says what is wrong. It runs before tomllib, so the
bounds on depth and on the length of a number are its own.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

MAX_DEPTH = 32
"""Parts in a path. Manifests need six; tomllib needs quadratic time for long dotted keys and recurses into arrays."""
MAX_BARE = 256
"""Characters of a value without quotes: Python refuses integers of more than 4300 digits with an error of its own."""
MAX_VALUES = 50_000
"""Values and tables in a text: a place takes some 400 bytes, so that a megabyte of commas would take 200 MB."""

Path = tuple[str | int, ...]
"""The way to a value: keys of tables and 0-based indexes of arrays."""


class Span(NamedTuple):
    """Offsets of the first character and of the one after the last."""

    start: int
    end: int


class Place(NamedTuple):
    """Where something stands. A table that only headers or dotted keys name has its header, or its key, as value; an
    element of an array has the element itself as key, or its header."""

    key: Span
    value: Span


class Repeated(NamedTuple):
    """A key or table that is given a second time."""

    path: Path
    first: Span
    second: Span


class OutOfBounds(Exception):
    """The text passes a bound of this module, at `offset`."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class Positions:
    """The places of one text, whose lines end with a bare newline."""

    def __init__(self, text: str) -> None:
        self.places: dict[Path, Place] = {}
        self.repeated: Repeated | None = None
        self.stopped: int | None = None
        """The offset of what could not be followed: the opening quote of a string that does not end, for one."""
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def line_column(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column of an offset; columns count characters."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def find(self, path: Path) -> Place | None:
        """The place of a path, or of the nearest thing around it."""
        for length in range(len(path), 0, -1):
            if place := self.places.get(path[:length]):
                return place
        return None


def scan(text: str) -> Positions:
    """The places of every key and value. Raises OutOfBounds; a text that is not TOML is scanned as far as it goes."""
    scanner = _Scanner(text)
    try:
        scanner.document()
    except _Lost:
        scanner.found.stopped = scanner.at
    return scanner.found


class _Lost(Exception):
    """The text is no TOML from here on."""


_BLANK = re.compile(r"(?:[ \t\n]++|#[^\n]*+)*+")
_SPACE = re.compile(r"[ \t]*+")
_LINE_END = re.compile(r"[ \t]*+(?:#[^\n]*+)?(?:\n|\Z)")
_KEY = re.compile(r"""[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'""")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*+"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*+'{3,5}"
    r"""|(?!\"{3}|'{3})(?:"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
)
_BARE = re.compile(r"[^,\]}#\n]++")


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found = Positions(text)
        self._given: dict[Path, Span] = {}
        self._array_lengths: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while True:
            self._skip(_BLANK)
            if self.at == len(self.text):
                return
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_LINE_END)

    def _header(self) -> Path:
        """[a.b] or [[a.b]]; gives the path of the table that begins."""
        start = self.at
        brackets = "[[" if self.text.startswith("[[", start) else "["
        self._expect(brackets)
        keys = self._keys(())
        self._expect(brackets.replace("[", "]"))
        header = Span(start, self.at)
        path: Path = ()
        for name, span in keys[:-1]:
            path = (*path, name)
            self._put(path, Place(span, span), implied=True)
            if path in self._array_lengths:
                path = (*path, self._array_lengths[path] - 1)
        name, span = keys[-1]
        path = (*path, name)
        if brackets == "[":
            self._give(path, span)
            self._put(path, Place(span, header))
            return path
        self._put(path, Place(span, header), implied=True)
        index = self._array_lengths.get(path, 0)
        self._array_lengths[path] = index + 1
        self._put((*path, index), Place(header, header))
        return (*path, index)

    def _pair(self, table: Path) -> None:
        keys = self._keys(table)
        self._expect("=")
        path = table
        for name, span in keys[:-1]:
            path = (*path, name)
            self._put(path, Place(span, span), implied=True)
        name, span = keys[-1]
        path = (*path, name)
        self._give(path, span)
        self._value(path, span)

    def _value(self, path: Path, key: Span | None) -> None:
        """The value that begins here. Without a key it is an element, which is its own key."""
        if len(path) > MAX_DEPTH:
            raise OutOfBounds(f"this is nested more than {MAX_DEPTH} deep", self.at)
        start = self.at
        first = self.text[start : start + 1]
        if first == "[":
            self._items("[", "]", lambda index: self._value((*path, index), None))
        elif first == "{":
            self._items("{", "}", lambda _index: self._pair(path))
        elif first in ('"', "'"):
            self._skip(_STRING)
        else:
            self._bare()
        value = Span(start, self.at)
        self._put(path, Place(key or value, value))

    def _bare(self) -> None:
        match = _BARE.match(self.text, self.at)
        if match is None:
            raise _Lost
        bare = match[0].rstrip(" \t")
        if len(bare) > MAX_BARE:
            raise OutOfBounds(f"a value without quotes is longer than {MAX_BARE} characters", self.at)
        self.at += len(bare)

    def _items(self, opening: str, closing: str, item: Callable[[int], None]) -> None:
        self._expect(opening)
        index = 0
        while True:
            self._skip(_BLANK)
            if self.text.startswith(closing, self.at):
                break
            if index:
                self._expect(",")
                self._skip(_BLANK)
                if self.text.startswith(closing, self.at):
                    break
            item(index)
            index += 1
        self.at += 1

    def _keys(self, table: Path) -> list[tuple[str, Span]]:
        """A dotted key, with the spaces around it."""
        keys: list[tuple[str, Span]] = []
        while True:
            self._skip(_SPACE)
            match = _KEY.match(self.text, self.at)
            if match is None:
                raise _Lost
            if len(table) + len(keys) >= MAX_DEPTH:
                raise OutOfBounds(f"this key is nested more than {MAX_DEPTH} deep", self.at)
            keys.append((key_name(match[0]), Span(*match.span())))
            self.at = match.end()
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _put(self, path: Path, place: Place, implied: bool = False) -> None:
        """Record a place; what is only implied does not replace what is written out."""
        places = self.found.places
        if not implied or path not in places:
            if len(places) >= MAX_VALUES:
                raise OutOfBounds(f"there are more than {MAX_VALUES:,} values", place.value.start)
            places[path] = place

    def _give(self, path: Path, span: Span) -> None:
        first = self._given.setdefault(path, span)
        if first is not span and self.found.repeated is None:
            self.found.repeated = Repeated(path, first, span)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _Lost
        self.at = match.end()

    def _expect(self, text: str) -> None:
        if not self.text.startswith(text, self.at):
            raise _Lost
        self.at += len(text)
        self._skip(_SPACE)


def key_name(written: str) -> str:
    """The name of a key as it is written: bare, 'literal' or "with escapes"."""
    if written[0] not in "\"'":
        return written
    if "\\" not in written:
        return written[1:-1]
    import tomllib

    try:
        return next(iter(tomllib.loads(f"{written} = 0")))
    except tomllib.TOMLDecodeError:
        raise _Lost from None
