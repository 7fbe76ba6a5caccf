"""messages.py: what a turn, a request and a report look like, and that nothing hostile gets past them but HostError."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.abi.codec import pack, unpack
from llmspell.abi.messages import (
    Call,
    Failure,
    Reply,
    TaskReport,
    Turn,
    decode_report,
    decode_request,
    decode_turn,
    encode_answer,
    encode_reply,
    error_value,
    join_replies,
)
from llmspell.abi.spec import MAX_MESSAGE, TurnStatus
from llmspell.errors import HostError, ProviderError, RateLimitError

FAILURE = {"kind": "runtime", "message": "m", "source": "s.lua", "line": 3, "traceback": "\n\tt"}


def test_a_waiting_turn() -> None:
    data = pack([0, [[1, "task.sleep", 0.5]], [7], ["a note"], None])
    assert decode_turn(data) == Turn(TurnStatus.WAITING, [Call(1, "task.sleep", 0.5)], [7], ["a note"], [], None)


def test_a_turn_that_ends_the_run() -> None:
    assert decode_turn(pack([1, [], [], [], [1, None]])).results == [1, None]


def test_a_turn_that_fails() -> None:
    assert decode_turn(pack([2, [], [], [], FAILURE])).failure == Failure("runtime", "m", "s.lua", 3, "\n\tt", None)
    with_value = decode_turn(pack([2, [], [], [], {**FAILURE, "message": b"\xff", "value": {"code": 7}}])).failure
    assert with_value is not None
    assert (with_value.message, with_value.value) == ("\ufffd", {"code": 7})


@pytest.mark.parametrize(
    "turn",
    [
        None,
        7,
        [],
        [0, [], [], []],
        [3, [], [], [], None],
        ["0", [], [], [], None],
        [0, [[1, "op"]], [], [], None],
        [0, [["x", "op", 1]], [], [], None],
        [0, [[math.inf, "op", 1]], [], [], None],
        [0, [[math.nan, "op", 1]], [], [], None],
        [0, [], ["x"], [], None],
        [0, [], [math.inf], [], None],
        [0, 1, [], [], None],
        [0, [], None, [], None],
        [0, [], [], 5, None],
        [1, [], [], [], 5],
        [2, [], [], [], None],
        [2, [], [], [], "failed"],
        [2, [], [], [], {"kind": "runtime"}],
        [2, [], [], [], {**FAILURE, "line": "x"}],
        [2, [], [], [], {**FAILURE, "line": math.inf}],
    ],
)
def test_what_is_no_turn_is_a_host_error(turn: Any) -> None:
    with pytest.raises(HostError, match="malformed"):
        decode_turn(pack(turn))


@pytest.mark.parametrize("request_", [None, [], ["op"], [1, 2], [b"op", 1], ["op", 1, 2], {"op": 1}])
def test_what_is_no_request_is_a_host_error(request_: Any) -> None:
    with pytest.raises(HostError, match="malformed call"):
        decode_request(pack(request_))


def test_a_request_is_an_operation_and_a_payload() -> None:
    assert decode_request(pack(["log", {"level": "info"}])) == ("log", {"level": "info"})


def test_a_report_is_where_each_task_stands() -> None:
    assert decode_report(pack([["main", "\n\tt", "s.lua", 3]])) == [TaskReport("main", "\n\tt", "s.lua", 3)]


@pytest.mark.parametrize("report", [None, 5, [1], [["main"]], [["main", "", "", "x"]], [["main", "", "", math.inf]]])
def test_what_is_no_report_is_a_host_error(report: Any) -> None:
    with pytest.raises(HostError, match="malformed report"):
        decode_report(pack(report))


scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.binary()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text() | st.integers(-9, 9), inner, max_size=6),
    max_leaves=30,
)


@pytest.mark.parametrize("decode", [decode_turn, decode_request, decode_report])
@given(value=values)
def test_any_value_is_decoded_or_a_host_error(decode: Callable[[bytes], object], value: Any) -> None:
    with suppress(HostError):
        decode(pack(value))


@pytest.mark.parametrize("decode", [decode_turn, decode_request, decode_report])
@given(data=st.binary(max_size=100))
def test_any_bytes_are_decoded_or_a_host_error(decode: Callable[[bytes], object], data: bytes) -> None:
    with_head = b"\x95" + data
    for message in (data, with_head):
        with suppress(HostError):
            decode(message)


def test_a_reply_that_is_too_large_becomes_an_error_reply() -> None:
    call, ok, error = unpack(encode_reply(Reply(7, True, b"x" * MAX_MESSAGE)))
    assert (call, ok, error["kind"]) == (7, False, "argument")
    ok, error = unpack(encode_answer(True, b"x" * MAX_MESSAGE))
    assert (ok, error["kind"]) == (False, "argument")


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 100, 70000])
def test_replies_are_joined_to_one_message(count: int) -> None:
    replies = [encode_reply(Reply(i, True, None)) for i in range(count)]
    assert unpack(join_replies(replies)) == [[i, True, None] for i in range(count)]


def test_an_error_is_kind_message_retryable_and_what_there_is_besides() -> None:
    assert error_value(HostError("m")) == {"kind": "host", "message": "m", "retryable": False}
    limited = RateLimitError("slow down", provider="p", status=429, retry_after=2.0, hint="wait")
    assert error_value(limited) == {
        "kind": "rate_limit",
        "message": "slow down",
        "retryable": True,
        "hint": "wait",
        "details": {"provider": "p", "status": 429, "retry_after": 2.0},
    }
    assert error_value(ProviderError("m", retryable=True))["retryable"]
