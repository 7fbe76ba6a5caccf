"""Server-sent events, as real servers send them and as broken ones do."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import BadResponseError
from llmspell.providers.sse import ServerEvent, SseParser

from .recorded import HERE


def parse(*chunks: bytes) -> list[ServerEvent]:
    parser = SseParser()
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return [*events, *parser.close()]


def data(*chunks: bytes) -> list[str]:
    return [event.data for event in parse(*chunks)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_end_at_lf_crlf_and_cr(end: bytes) -> None:
    assert data(b"data: a" + end + b"data: b" + end + end + b"data: c" + end + end) == ["a\nb", "c"]


def test_a_crlf_cut_in_two_is_one_line_end() -> None:
    assert data(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == ["a\nb"]


def test_an_event_is_given_when_its_blank_line_is_complete_also_with_cr() -> None:
    parser = SseParser()
    assert [*parser.feed(b"data: a\r\r")] == [ServerEvent("", "a", "")]


def test_an_empty_chunk_between_cr_and_lf_changes_nothing() -> None:
    assert data(b"data: a\r", b"", b"\ndata: b\n\n") == ["a\nb"]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_no_other_character_ends_a_line(separator: str) -> None:
    assert data(f"data: a{separator}b\n\n".encode()) == [f"a{separator}b"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        (b": comment\n\ndata: a\n\n:\n\n", ["a"]),
        (b"data:a\n\n", ["a"]),
        (b"data:  a\n\n", [" a"]),
        (b"data:\n\n", [""]),
        (b"data\n\n", [""]),
        (b"retry: 3000\n\n", []),
        (b"event: ping\n\ndata: a\n\n", ["a"]),
        (b"unknown: x\ndata: a\n\n", ["a"]),
        (b"data: a", ["a"]),
        (b"data: a\n", ["a"]),
        (b"", []),
        (b"\n\n\n", []),
        (b"data: \xff\n\n", ["\ufffd"]),
    ],
)
def test_what_servers_send(source: bytes, expected: list[str]) -> None:
    assert data(source) == expected


def test_the_event_name_holds_for_one_event_and_the_id_until_the_next() -> None:
    source = b"event: error\nid: 7\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\n"
    assert parse(source) == [ServerEvent("error", "a", "7"), ServerEvent("", "b", "7"), ServerEvent("", "c", "7")]


def test_a_byte_order_mark_is_only_one_at_the_start() -> None:
    assert data("data: a\n\n\ufeffdata: b\n\n".encode()) == ["a"]


@pytest.mark.parametrize("path", sorted(HERE.glob("openai/*.sse")), ids=lambda path: path.stem)
def test_every_split_point_of_every_recording_gives_the_same_events(path: Path) -> None:
    source = path.read_bytes()
    expected = parse(source)
    assert expected
    assert parse(*(source[i : i + 1] for i in range(len(source)))) == expected
    for cut in range(len(source) + 1):
        assert parse(source[:cut], source[cut:]) == expected


LINES = st.lists(
    st.sampled_from(
        [b"data: x", b"data:", b": c", b"event: e", b"id: 1", b"retry: 5", b"", b"\xc3\xa9", b"data: \xe2\x80\xa8"]
    )
)


@given(
    lines=LINES, ends=st.lists(st.sampled_from([b"\n", b"\r\n", b"\r"]), min_size=1), cuts=st.sets(st.integers(0, 80))
)
def test_any_lines_cut_anywhere_give_the_same_events(lines: list[bytes], ends: list[bytes], cuts: set[int]) -> None:
    source = b"".join(line + ends[i % len(ends)] for i, line in enumerate(lines))
    points = sorted({0, len(source), *(cut for cut in cuts if cut < len(source))})
    assert parse(*(source[a:b] for a, b in pairwise(points))) == parse(source)


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), min_size=1))
def test_what_is_written_as_data_lines_is_what_is_read(lines: list[str]) -> None:
    source = "".join(f"data: {line}\n" for line in lines) + "\n"
    assert data(source.encode()) == ["\n".join(lines)]


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: " + b"x" * 100 + b"\n\n"],
        [b"data: "] + [b"x" * 10] * 10,
        [b"data: x\n"] * 20,
        [b"data\n"] * 40,
        [b":" + b"x" * 100 + b"\n"],
    ],
    ids=["one line", "a line without end", "an event without end", "empty lines", "a comment"],
)
def test_an_event_or_a_line_over_the_size_is_an_error(chunks: list[bytes]) -> None:
    parser = SseParser(max_bytes=80)
    with pytest.raises(BadResponseError, match="more than 80 bytes"):
        [event for chunk in chunks for event in parser.feed(chunk)]


def test_events_before_the_one_that_is_too_large_are_given() -> None:
    parser = SseParser(max_bytes=20)
    events = parser.feed(b"data: a\n\ndata: " + b"x" * 50)
    assert next(events).data == "a"
    with pytest.raises(BadResponseError):
        next(events)
