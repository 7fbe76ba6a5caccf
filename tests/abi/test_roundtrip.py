"""Values through the real guest and back: in as an argument, out and in again by a call, out as the result."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.abi.spec import TurnStatus
from tests.guest.guests import run_script

ECHO = b"local value = ... return JSON.stringify(value)"


def echo(op: str, payload: Any) -> Any:
    assert op == "json.stringify"
    return payload.get("value")


def sent_around(value: Any) -> Any:
    turn = run_script(ECHO, args=[value], answers=echo)
    assert turn.status is TurnStatus.DONE, turn.failure
    return turn.results[0]


def as_lua_keeps_it(value: Any) -> Any:
    """The value as it comes back: bytes that are UTF-8 are text, everything else is the same. Types are compared too,
    so each scalar is put beside its type's name; NaN is not equal to itself, and -0.0 is equal to 0.0."""
    if isinstance(value, bytes):
        try:
            return "str", value.decode()
        except UnicodeDecodeError:
            return "bytes", value
    if isinstance(value, float):
        return "float", "nan" if math.isnan(value) else value.hex()
    if isinstance(value, (list, tuple)):
        return "list", [as_lua_keeps_it(item) for item in value]
    if isinstance(value, dict):
        return "dict", {as_lua_keeps_it(key): as_lua_keeps_it(item) for key, item in value.items()}
    return type(value).__name__, value


integers = st.integers(-(2**63), 2**63 - 1) | st.sampled_from(
    [sign * (2**bits + step) for bits in (5, 7, 8, 15, 16, 31, 32, 53, 62) for step in (-1, 0, 1) for sign in (1, -1)]
)
scalars = st.none() | st.booleans() | integers | st.floats() | st.text() | st.binary()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.binary(), inner),
    max_leaves=40,
)


@given(values)
def test_every_value_comes_back_as_it_went_in(value: Any) -> None:
    assert as_lua_keeps_it(sent_around(value)) == as_lua_keeps_it(value)


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        [[], {}, [[]], {"a": []}],
        [None],
        {"a": None},
        [None, None, 1],
        2**63 - 1,
        -(2**63),
        -0.0,
        math.nan,
        math.inf,
        -math.inf,
        5e-324,
        1e308,
        "\0",
        b"\xff\xfe\0",
        "é€😀\u2028",
        b"\xed\xa0\x80",
        b"\xc0\x80",
        b"\xf4\x90\x80\x80",
        "x" * 31,
        "x" * 32,
        "x" * 255,
        "x" * 256,
        "x" * 65535,
        "x" * 65536,
        b"\xff" * 65536,
        list(range(15)),
        list(range(16)),
        list(range(65535)),
        list(range(65536)),
        {str(i): i for i in range(15)},
        {str(i): i for i in range(16)},
        {str(i): i for i in range(65536)},
        {"": {"": [""]}},
    ],
    ids=lambda value: repr(value)[:20],
)
def test_the_edges_of_the_format(value: Any) -> None:
    assert as_lua_keeps_it(sent_around(value)) == as_lua_keeps_it(value)


def test_integer_keys_stay_integers_and_a_sequence_is_a_list() -> None:
    assert sent_around({1: "a", 2: "b"}) == ["a", "b"]
    assert sent_around({1: "a", 3: "b"}) == {1: "a", 3: "b"}
    assert sent_around({0: "a", 1: "b"}) == {0: "a", 1: "b"}
    assert sent_around({-5: 1, 2**40: 2, "x": 3}) == {-5: 1, 2**40: 2, "x": 3}


def test_what_host_and_guest_can_nest() -> None:
    value: Any = 1
    for _ in range(100):
        value = {"a": [value]}[("a")]
    assert sent_around(value) == value


def failed(source: str) -> str:
    """The message of what `source` raises. Many(n) is n times the same list of a thousand."""
    many = """
      function Many(n)
        local row, rows = {}, {}
        for i = 1, 1000 do row[i] = i end
        for i = 1, n do rows[i] = row end
        return rows
      end """.replace("\n", " ")
    turn = run_script(f"{many} local ok, e = pcall(function() {source} end) return tostring(e)".encode(), answers=echo)
    return str(turn.results[0])


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("{ a = { b = { 1, print } } }", "data expected, got a function (field 'value.a.b[2]')"),
        ("{ a = coroutine.create(print) }", "data expected, got a thread (field 'value.a')"),
        ("{ x = io.stdout, y = Task.spawn(print) }", "data expected, got a userdata (field 'value.y')"),
        ("{ a = { [1.5] = 1 } }", "table key must be a string or an integer, not a number (field 'value.a')"),
        ("{ a = { [{}] = 1 } }", "table key must be a string or an integer, not a table (field 'value.a')"),
        ("{ a = { [false] = 1 } }", "table key must be a string or an integer, not a boolean (field 'value.a')"),
        ("(function() local t = {} t.a = t return t end)()", "table nested too deeply (more than 128 levels)"),
        ("(function() local t = {} for _ = 1, 130 do t = { t } end return t end)()", "table nested too deeply"),
        ("Many(1001)", "more than 1000000 parts"),
    ],
)
def test_what_cannot_be_sent_is_an_error_that_names_the_field(expression: str, message: str) -> None:
    assert message in failed(f"JSON.stringify({expression})")
    assert failed(f"JSON.stringify({expression})").startswith("script:1: ")


def test_what_cannot_be_returned_is_an_error_too() -> None:
    failure = run_script(b"return 1, { f = print }").failure
    assert failure is not None
    assert failure.message.endswith("data expected, got a function (field 'f')")


def test_metamethods_are_not_asked() -> None:
    """What is sent is what the table holds: a script's code cannot run in the middle of it."""
    source = b"""
      local t = setmetatable({ a = 1 }, { __index = error, __pairs = error, __len = error, __name = "T" })
      return JSON.stringify(t)
    """
    assert run_script(source, answers=echo).results == [{"a": 1}]
