"""JSON lines, as real servers send them and as broken ones do."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import BadResponseError
from llmspell.providers.ndjson import NdjsonParser


def parse(*chunks: bytes, max_bytes: int = 1000) -> list[str]:
    parser = NdjsonParser(max_bytes=max_bytes)
    lines = [line for chunk in chunks for line in parser.feed(chunk)]
    return [*lines, *parser.close()]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"a\n\n \r\n\nb\n", ["a", "b"]),
        (b"a\rb\n", ["a\rb"]),
        (b"\xef\xbb\xbfa\n", ["a"]),
        (b"", []),
        (b"\n\n", []),
        (b"\xff\n", ["\ufffd"]),
    ],
)
def test_what_servers_send(source: bytes, expected: list[str]) -> None:
    assert parse(source) == expected


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_no_other_character_ends_a_line(separator: str) -> None:
    assert parse(f"a{separator}b\n".encode()) == [f"a{separator}b"]


def test_a_line_is_given_the_moment_its_end_is_there() -> None:
    parser = NdjsonParser()
    assert [*parser.feed(b"on")] == []
    assert [*parser.feed(b"e\ntw")] == ["one"]
    assert [*parser.feed(b"o\r")] == []
    assert [*parser.feed(b"\n")] == ["two"]


@pytest.mark.parametrize("source", [b"x" * 11, b"x" * 11 + b"\n", b"ok\n" + b"x" * 11])
def test_a_line_has_a_bound_whether_it_ends_or_not(source: bytes) -> None:
    for size in (1, 3, len(source)):
        with pytest.raises(BadResponseError, match="a line of more than 10 bytes"):
            parse(*(source[at : at + size] for at in range(0, len(source), size)), max_bytes=10)


@given(st.lists(st.text(max_size=8)), st.sampled_from(["\n", "\r\n"]), st.data())
def test_lines_cut_anywhere_are_the_same_lines(lines: list[str], end: str, data: st.DataObject) -> None:
    source = end.join(lines).encode("utf-8", "replace")
    cuts = sorted(data.draw(st.sets(st.integers(0, len(source)), max_size=6)) | {0, len(source)})
    assert parse(*(source[a:b] for a, b in pairwise(cuts))) == parse(source)
