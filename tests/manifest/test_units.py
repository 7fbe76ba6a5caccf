"""Sizes, times and counts are read exactly or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.manifest import units
from tests.manifest.examples import PROPERTY

PARSERS = [units.parse_count, units.parse_size, units.parse_duration_ms]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12", 12), ("0", 0), ("1_000_000", 1_000_000), ("1e9", 10**9), ("1E9", 10**9), ("1.5e3", 1500), ("2e+3", 2000)],
)
def test_counts_have_digits_underscores_and_exponents(text: str, expected: int) -> None:
    assert units.parse_count(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("512B", 512),
        ("1K", 1024),
        ("64KiB", 64 * 1024),
        ("50M", 50 * 1024 * 1024),
        ("50MB", 50 * 1024 * 1024),
        ("50 mb", 50 * 1024 * 1024),
        ("50MiB", 50 * 1024 * 1024),
        ("1.5GB", 3 * 512 * 1024 * 1024),
        ("0B", 0),
    ],
)
def test_a_size_counts_in_powers_of_1024_however_the_unit_is_spelled(text: str, expected: int) -> None:
    assert units.parse_size(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("500ms", 500), ("30s", 30_000), ("30 s", 30_000), ("1.5s", 1500), ("2m", 120_000), ("1h", 3_600_000)],
)
def test_times_are_milliseconds(text: str, expected: int) -> None:
    assert units.parse_duration_ms(text) == expected


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (units.parse_count, "", '"" is not a count: write a whole number such as "1e9" or "1_000_000"'),
        (units.parse_count, "-1", '"-1" is not a count: write a whole number such as "1e9" or "1_000_000"'),
        (units.parse_count, "1.5", '"1.5" is not a count: it does not come out whole'),
        (units.parse_count, "5k", '"5k" is not a count: write a whole number such as "1e9" or "1_000_000"'),
        (units.parse_count, "1e19", '"1e19" is more than 9,223,372,036,854,775,807, the largest number there is here'),
        (units.parse_size, "50", '"50" is not a size: write a number and a unit, such as "50MB" or "64KiB"'),
        (units.parse_size, "0.3B", '"0.3B" is not a size: it does not come out whole'),
        (units.parse_size, "5MBit", '"5MBit" is not a size: write a number and a unit, such as "50MB" or "64KiB"'),
        (
            units.parse_duration_ms,
            "30",
            '"30" is not a time: write a number and a unit, such as "30s", "500ms", "2m" or "1h"',
        ),
        (
            units.parse_duration_ms,
            "30S\n",
            '"30S\n" is not a time: write a number and a unit, such as "30s", "500ms", "2m" or "1h"',
        ),
        (units.parse_duration_ms, "0.1ms", '"0.1ms" is not a time: it does not come out whole'),
    ],
)
def test_what_cannot_be_read_is_one_sentence(parse: Callable[[str], int], text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        parse(text)
    assert str(caught.value) == message


def test_a_long_text_is_cut_in_the_message() -> None:
    with pytest.raises(ValueError, match=r'^"9{32}\.\.\." is not a count'):
        units.parse_count("9" * 100_000)


@PROPERTY
@given(st.integers(min_value=0, max_value=units.I64_MAX))
def test_what_is_formatted_reads_back(number: int) -> None:
    assert units.parse_size(units.format_size(number)) == number
    assert units.parse_duration_ms(units.format_duration_ms(number)) == number


@pytest.mark.parametrize(("size", "text"), [(0, "0B"), (1024, "1KB"), (1025, "1025B"), (50 * units.MB, "50MB")])
def test_sizes_are_written_short(size: int, text: str) -> None:
    assert units.format_size(size) == text


@pytest.mark.parametrize(("duration", "text"), [(0, "0ms"), (1500, "1500ms"), (30_000, "30s"), (7_200_000, "2h")])
def test_times_are_written_short(duration: int, text: str) -> None:
    assert units.format_duration_ms(duration) == text


@PROPERTY
@given(st.sampled_from(PARSERS), st.text(max_size=80) | st.from_regex(r"[0-9_.e ]{1,12}[a-zA-Z]{0,3}"))
def test_any_text_gives_a_number_in_range_or_a_value_error(parse: Callable[[str], int], text: str) -> None:
    try:
        number = parse(text)
    except ValueError:
        return
    assert 0 <= number <= units.I64_MAX


@PROPERTY
@given(st.from_regex(r"[0-9]{1,3}(\.[0-9])?(e[0-9])? ?[a-zA-Z]{0,3}", fullmatch=True))
def test_the_published_patterns_accept_whatever_the_parsers_do(text: str) -> None:
    patterns = [units.COUNT_PATTERN, units.SIZE_PATTERN, units.DURATION_PATTERN]
    for parse, pattern in zip(PARSERS, patterns, strict=True):
        try:
            parse(text)
        except ValueError:
            continue
        assert re.search(pattern, text)
