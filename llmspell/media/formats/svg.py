"""SVG: XML, read by expat, which fetches nothing. Entities are refused, for they can grow without end; comments and
`metadata` elements go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

from llmspell.content import ImageMetadata
from llmspell.errors import InvalidMedia
from llmspell.media.blobs import Part, Span
from llmspell.media.window import Window

MAX_BYTES: Final = 5 * 1024 * 1024
"""One attribute of that size takes 50 MB to read."""
MAX_DEPTH: Final = 256
MAX_ATTRIBUTES: Final = 10_000
"""Of one element. Each takes 700 bytes while its element is read."""
MAX_NAMES: Final = 1_000
"""Of elements and attributes, which are remembered until the end. SVG itself has some 400."""
MAX_DROPPED: Final = 50_000
"""Comments and `metadata` elements; drawing programs write some hundreds."""
UNITS: Final = {"": 1.0, "px": 1.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "pt": 96 / 72, "pc": 16.0}
"""CSS pixels."""
DEFAULT: Final = (300, 150)
"""What a browser takes where a picture does not say how large it is."""
_LENGTH = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{0,9})?)\s*([a-z]*)\s*\Z")


def read(window: Window) -> ImageMetadata:
    given = _Document(window).root
    size = _length(given.get("width", "")), _length(given.get("height", ""))
    box = given.get("viewBox", "").replace(",", " ").split()
    within = (_length(box[2]), _length(box[3])) if len(box) == 4 else (0, 0)
    width, height = (own or inner or usual for own, inner, usual in zip(size, within, DEFAULT, strict=True))
    return ImageMetadata(width=width, height=height, color_space="rgb", has_transparency=True)


def kept(window: Window) -> list[Part]:
    parts: list[Part] = []
    at = 0
    for start, end in sorted(_Document(window).dropped):
        if start >= at:
            parts.append((at, start))
            at = end
    return [*parts, (at, window.size)]


class _Document:
    """The root's attributes, and the spans of comments and metadata."""

    def __init__(self, window: Window) -> None:
        if window.size > MAX_BYTES:
            raise InvalidMedia(f"{window.label} of more than {MAX_BYTES >> 20} MB", details={"reason": "too_large"})
        self.root: Mapping[str, str] = {}
        self.dropped: list[Span] = []
        self._names: set[str] = set()
        self._window = window
        self._data = window.blob.read()
        self._depth = 0
        self._since: list[tuple[int, int]] = []
        for element in self._data.split(b"<") if self._data.count(b"=") > MAX_ATTRIBUTES else ():
            if element.count(b"=") > MAX_ATTRIBUTES:
                raise window.broken(f"it has an element of more than {MAX_ATTRIBUTES:,} attributes")
        # It is UTF-8, or it would not be here; what it says of its encoding would have Python's codecs looked for.
        self._parser = expat.ParserCreate("utf-8")
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CommentHandler = self._comment
        self._parser.EntityDeclHandler = self._entity
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as error:
            raise window.broken(f"{expat.ErrorString(error.code)} in line {error.lineno}") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._window.step()
        self._names.add(name)
        self._names.update(attributes)
        if len(self._names) > MAX_NAMES:
            raise self._window.broken(f"it has more than {MAX_NAMES:,} names of elements and attributes")
        if self._depth == 0:
            if name.rpartition(":")[2] != "svg":
                raise self._window.broken(f"its root is <{name[:32]}>")
            self.root = attributes
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._window.broken(f"it is nested more than {MAX_DEPTH} deep")
        if name.rpartition(":")[2] == "metadata":
            self._since.append((self._depth, self._parser.CurrentByteIndex))

    def _end(self, _name: str) -> None:
        if self._since and self._since[-1][0] == self._depth:
            _, start = self._since.pop()
            end = self._data.find(b">", max(self._parser.CurrentByteIndex, start)) + 1
            self._drop(start, end)
        self._depth -= 1

    def _comment(self, _text: str) -> None:
        start = self._parser.CurrentByteIndex
        self._drop(start, self._data.find(b"-->", start) + 3)

    def _drop(self, start: int, end: int) -> None:
        if len(self.dropped) == MAX_DROPPED:
            raise self._window.broken(f"it has more than {MAX_DROPPED:,} comments")
        self.dropped.append((start, end))

    def _entity(self, *_: object) -> None:
        raise InvalidMedia(
            f"{self._window.label} that declares entities, which can grow without end",
            hint="save it without its own entities",
            details={"reason": "broken"},
        )


def _length(text: str) -> int:
    found = _LENGTH.match(text.lower()) if len(text) < 64 else None
    return round(float(found[1]) * UNITS[found[2]]) if found and found[2] in UNITS else 0
