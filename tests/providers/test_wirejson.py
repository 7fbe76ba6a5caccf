"""JSON from servers and models: nothing in it may break what comes after."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.providers import wirejson

INTEGERS = st.integers(-(1 << 63), (1 << 63) - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_python_writes_is_read_unchanged(value: Any) -> None:
    text = json.dumps(value)
    assert wirejson.load(text) == wirejson.load(text.encode()) == wirejson.plain(value) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9223372036854775807", 9223372036854775807),
        ("-9223372036854775808", -9223372036854775808),
        ("9223372036854775808", 9223372036854775808.0),
        ("-9223372036854775809", -9223372036854775809.0),
        ("1" + "0" * 30, 1e30),
        ("1" + "0" * 5000, float("inf")),
    ],
)
def test_an_integer_beyond_64_bits_becomes_a_float(text: str, expected: object) -> None:
    value = wirejson.load(text)
    assert (type(value), value) == (type(expected), expected)


@pytest.mark.parametrize("text", ["", "{", "{'a':1}", "[" * 200_000, '{"a":' * 100_000, "nul", "\x00"])
def test_what_is_not_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  any message will do
        wirejson.load(text)


def test_bytes_may_have_a_byte_order_mark_and_broken_utf_8() -> None:
    assert wirejson.load(b'\xef\xbb\xbf"a\xff"') == "a\ufffd"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("é\u2028", "é\u2028"),
        ("\ud83d\ude00", "😀"),
        ("a\ud83d", "a\ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
    ],
)
def test_surrogates_are_joined_or_replaced(text: str, expected: str) -> None:
    assert wirejson.clean(text) == expected
    assert wirejson.plain({text: [text]}) == {expected: [expected]}


@given(st.text(alphabet=st.characters()))
def test_clean_text_can_always_be_encoded(text: str) -> None:
    wirejson.clean(text).encode()


@pytest.mark.parametrize("text", ["[1e999]", "[NaN]", "[-Infinity]", '{"a":' + "[" * 70 + "]" * 70 + "}"])
def test_what_cannot_be_handed_on_is_a_value_error(text: str) -> None:
    value = wirejson.load(text)
    with pytest.raises(ValueError, match=r"nested deeper than 64|out of range"):
        wirejson.plain(value)
