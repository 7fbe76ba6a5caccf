"""Every key and value of a TOML text has its place, whatever way it is written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from llmspell.manifest.positions import MAX_BARE, MAX_DEPTH, MAX_VALUES, OutOfBounds, Path, key_name, scan
from tests.manifest.examples import PROPERTY

# text without surrogates, which no file can hold
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True) | TEXT
SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | TEXT
    | st.datetimes()
    | st.dates()
    | st.times()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=5)


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every path of a document below its root."""
    if path:
        yield path, value
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, item in items:
        yield from walk(item, (*path, part))


def check(text: str) -> None:
    """The scan of a TOML text agrees with what tomllib reads in it."""
    text = text.replace("\r\n", "\n")
    document = tomllib.loads(text)
    positions = scan(text)
    lines = text.split("\n")
    expected = dict(walk(document))
    assert positions.places.keys() == expected.keys()
    assert positions.repeated is None
    for path, value in expected.items():
        place = positions.places[path]
        if isinstance(path[-1], str):
            assert key_name(text[slice(*place.key)]) == path[-1]
        if not isinstance(value, dict | list):
            assert repr(tomllib.loads("v = " + text[slice(*place.value)])["v"]) == repr(value)
        for span in place:
            line, column = positions.line_column(span.start)
            assert text[slice(*span)].startswith(lines[line - 1][column - 1 :][: span.end - span.start])


@PROPERTY
@given(DOCUMENTS, st.booleans())
def test_what_a_toml_writer_writes_is_followed(document: dict[str, Any], multiline: bool) -> None:
    check(tomli_w.dumps(document, multiline_strings=multiline))


class Writer:
    """Writes a document the many ways a person may: dotted keys, inline tables, comments, literal strings, ..."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def either(self) -> bool:
        return self.draw(st.booleans())

    def space(self) -> str:
        return self.draw(st.sampled_from(["", " ", "\t", "  "]))

    def gap(self) -> str:
        return self.draw(st.sampled_from(["", " ", "\n", '\n  # a ] } comment, = "\n']))

    def key(self, name: str) -> str:
        if name and name.isascii() and name.replace("_", "").replace("-", "").isalnum() and self.either():
            return name
        if "'" not in name and name.isprintable() and self.either():
            return f"'{name}'"
        return self.quoted(name)

    def quoted(self, text: str) -> str:
        return '"' + "".join(c if c.isalnum() or c in " .#=[]{}'," else f"\\U{ord(c):08x}" for c in text) + '"'

    def scalar(self, value: Any) -> str:
        if not isinstance(value, str):
            return tomli_w.dumps({"v": value})[4:].strip()
        if "'" not in value and value.isprintable() and self.either():
            return f"'{value}'" if self.either() else f"'''{value}'''"
        return self.quoted(value) if self.either() else f'""{self.quoted(value)}""'

    def value(self, value: Any) -> str:
        if isinstance(value, list):
            items = "".join(f"{self.gap()}{self.value(item)}{self.gap()}," for item in value)
            return f"[{items[:-1] if value and self.either() else items}{self.gap()}]"
        if isinstance(value, dict):
            pairs = [f"{self.key(name)}{self.space()}={self.space()}{self.value(item)}" for name, item in value.items()]
            return "{" + f"{self.space()},{self.space()}".join(pairs) + "}"
        return self.scalar(value)

    def table(self, table: dict[str, Any], path: tuple[str, ...]) -> str:
        """Its plain keys first, then its tables; empty ones always as headers."""
        own, below = "", ""
        for name, value in table.items():
            dotted = f"{self.space()}.{self.space()}".join(self.key(part) for part in (*path, name))
            if isinstance(value, dict) and self.either():
                below += f"{self.space()}[{self.space()}{dotted}{self.space()}]{self.space()}\n"
                below += self.table(value, (*path, name))
            elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value) and self.either():
                below += "".join(f"[[{dotted}]] # one\n{self.table(item, (*path, name))}" for item in value)
            else:
                own += self.pair(name, value)
        return own + below

    def pair(self, name: str, value: Any) -> str:
        if isinstance(value, dict) and value and self.either():
            return "".join(self.pair_line(f"{self.key(name)}.{self.key(sub)}", item) for sub, item in value.items())
        return self.pair_line(self.key(name), value)

    def pair_line(self, key: str, value: Any) -> str:
        comment = self.draw(st.sampled_from(["", '# no = "value"', "#"]))
        return f"{self.space()}{key}{self.space()}={self.space()}{self.value(value)}{self.space()}{comment}\n"


@st.composite
def written(draw: st.DrawFn) -> str:
    text = Writer(draw).table(draw(DOCUMENTS), ())
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


@PROPERTY
@given(written())
def test_what_a_person_may_write_is_followed(text: str) -> None:
    check(text)


@PROPERTY
@given(st.text(max_size=60) | st.text("a.=[]{}\"'#\n\\, 1", max_size=40))
def test_a_text_that_is_no_toml_is_scanned_as_far_as_it_goes(text: str) -> None:
    places = scan(text).places
    try:
        document = tomllib.loads(text)
    except ValueError:
        return
    if "\r" not in text:
        assert places.keys() == dict(walk(document)).keys()


HARD = '''\
# comment
top = """
two
lines \\""" """""  # closes with five quotes
[a . "b.c"]
'd' = {e.f = [1, {g = 2}], h = 1979-05-27 07:32:00}
[[a.list]]
x = 1
[a.list.sub]
"\\u00e9" = {"é" = "é", z = 1}
'''


def test_places_are_lines_and_columns_of_characters() -> None:
    positions = scan(HARD)
    found = {
        path: (positions.line_column(p.key.start), positions.line_column(p.value.start))
        for path, p in positions.places.items()
    }
    assert found == {
        ("top",): ((2, 1), (2, 7)),
        ("a",): ((5, 2), (5, 2)),
        ("a", "b.c"): ((5, 6), (5, 1)),
        ("a", "b.c", "d"): ((6, 1), (6, 7)),
        ("a", "b.c", "d", "e"): ((6, 8), (6, 8)),
        ("a", "b.c", "d", "e", "f"): ((6, 10), (6, 14)),
        ("a", "b.c", "d", "e", "f", 0): ((6, 15), (6, 15)),
        ("a", "b.c", "d", "e", "f", 1): ((6, 18), (6, 18)),
        ("a", "b.c", "d", "e", "f", 1, "g"): ((6, 19), (6, 23)),
        ("a", "b.c", "d", "h"): ((6, 28), (6, 32)),
        ("a", "list"): ((7, 5), (7, 1)),
        ("a", "list", 0): ((7, 1), (7, 1)),
        ("a", "list", 0, "x"): ((8, 1), (8, 5)),
        ("a", "list", 0, "sub"): ((9, 9), (9, 1)),
        ("a", "list", 0, "sub", "é"): ((10, 1), (10, 12)),
        ("a", "list", 0, "sub", "é", "é"): ((10, 13), (10, 19)),
        ("a", "list", 0, "sub", "é", "z"): ((10, 24), (10, 28)),
    }
    check(HARD)


def test_the_place_of_something_missing_is_that_of_what_should_hold_it() -> None:
    positions = scan("[a]\nb = 1\n")
    assert positions.find(("a", "c", "d")) == positions.places[("a",)]
    assert positions.find(("x",)) is None


@pytest.mark.parametrize("text", ["a = 1\na = 2", "[a]\n[a]", "[a]\nb.c = 1\nb.c = 2", "a = {b = 1, b = 2}"])
def test_a_key_given_twice_is_noticed(text: str) -> None:
    repeated = scan(text).repeated
    assert repeated is not None
    assert repeated.first < repeated.second


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("a = " + "[" * 1_000_000, 4 + MAX_DEPTH),
        (".".join("a" * 100_000), 2 * MAX_DEPTH),
        ("b = 1\n[" + ".".join("a" * 100_000), 7 + 2 * MAX_DEPTH),
        ("a = " + "1" * (MAX_BARE + 1), 4),
        ("a = [" + "1," * (MAX_VALUES + 1), 5 + 2 * MAX_VALUES),
        ("[a]\n" + "".join(f"[b{n}]\n" for n in range(10_000, 10_000 + MAX_VALUES)), 4 + 9 * (MAX_VALUES - 1)),
    ],
    ids=["arrays", "key", "header", "number", "values", "tables"],
)
def test_depth_length_and_number_of_values_are_bounded(text: str, offset: int) -> None:
    with pytest.raises(OutOfBounds) as caught:
        scan(text)
    assert caught.value.offset == offset


def test_what_is_just_within_the_bounds_is_followed() -> None:
    check("a = " + "[" * MAX_DEPTH + "]" * MAX_DEPTH)
    check(".".join(["a"] * MAX_DEPTH) + " = 1")
    check("a = " + "1" * MAX_BARE)
