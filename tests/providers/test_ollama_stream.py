"""What Ollama answers beyond what the recordings show: errors, bounds, and what other servers make of its API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmspell.errors import BadResponseError, ProviderError
from llmspell.providers.protocols.ollama import TRANSLATOR
from llmspell.providers.protocols.ollama.stream import LineStream
from llmspell.providers.protocols.parts import MAX_ARGUMENT_CHARS
from llmspell.types import ModelReply, ReasoningDelta, TextDelta, ToolCallDelta, Usage

from .helpers import ask
from .recorded import Heard, hear


def line(done: bool = False, **message: Any) -> dict[str, Any]:
    return {"model": "m", "message": {"role": "assistant", **message}, "done": done}


def last(reason: Any = "stop", **fields: Any) -> dict[str, Any]:
    return line(True) | {"done_reason": reason, **fields}


def call(name: str, arguments: Any, **fields: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **fields}


def heard(*lines: dict[str, Any] | bytes) -> Heard:
    chunks = (item if isinstance(item, bytes) else json.dumps(item).encode() + b"\n" for item in lines)
    return hear(TRANSLATOR, *chunks)


def reply(*lines: dict[str, Any]) -> ModelReply:
    return heard(*lines).reply


@pytest.mark.parametrize(
    ("raw", "calls", "reason"),
    [
        ("stop", [], "stop"),
        ("length", [], "length"),
        ("load", [], "other"),
        (None, [], "other"),
        ("stop", [call("f", {})], "tool_calls"),
        (None, [call("f", {})], "tool_calls"),
        ("length", [call("f", {})], "length"),
    ],
)
def test_reasons_are_normalised_and_the_raw_one_is_kept(raw: Any, calls: list[Any], reason: str) -> None:
    made = reply(line(content="a", tool_calls=calls), last(raw))
    assert (made.finish_reason, made.raw_finish_reason) == (reason, raw or "")


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"prompt_eval_count": 3, "eval_count": 2}, Usage(input_tokens=3, output_tokens=2)),
        ({"eval_count": 2}, Usage(output_tokens=2)),
        ({"prompt_eval_count": -3, "eval_count": "2"}, Usage()),
    ],
    ids=["both", "a cached prompt", "senseless"],
)
def test_counts_stand_on_the_last_line(counts: dict[str, Any], usage: Usage) -> None:
    assert reply(line(content="a"), last(**counts)).usage == usage


@pytest.mark.parametrize(
    ("arguments", "expected"), [({"a": 1}, {"a": 1}), ({}, {}), (None, {}), ('{"a": 1}', {"a": 1}), ("", {})]
)
def test_arguments_are_an_object_and_sometimes_text(arguments: Any, expected: dict[str, Any]) -> None:
    (made,) = reply(line(tool_calls=[call("f", arguments)]), last()).tool_calls
    assert (made.arguments, made.error) == (expected, "")


def test_calls_without_ids_get_their_own_and_those_with_ids_keep_them() -> None:
    lines = [line(tool_calls=[call("f", {}), call("f", {}, id="x")]), line(tool_calls=[call("f", {}, id="x")])]
    assert [made.id for made in reply(*lines, last()).tool_calls] == ["call_0", "x", "call_2"]


@pytest.mark.parametrize(
    "lines",
    [[line(content="a")], [line(content="a"), b'{"message": {"cont'], [line(content="a"), b'{"done": tru']],
    ids=["after a line", "within a line", "within the last line"],
)
def test_a_stream_without_its_last_line_was_cut_off_and_keeps_its_text(lines: list[Any]) -> None:
    found = heard(*lines)
    assert isinstance(found.error, BadResponseError)
    assert "cut off" in found.error.message
    assert found.error.retryable
    assert found.decoder.text == "a"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([b"{bad\n"], "not JSON: {bad"),
        ([b"[1]\n"], "a list, not an object"),
        ([{"message": "text"}], "a string, not an object"),
        ([line(content=5)], "a number, not text"),
        ([line(thinking=["x"])], "a list, not text"),
        ([line(tool_calls="x")], "not a list"),
        ([line(tool_calls=[5])], "not an object"),
        ([line(tool_calls=[call("f", {})] * 65)] * 2, "more than 128 tool calls"),
        ([line(tool_calls=[call("f", {"x": "y" * MAX_ARGUMENT_CHARS})])], f"more than {MAX_ARGUMENT_CHARS:,}"),
        ([{"done": True}], "ended without an answer"),
        ([b"\n \n"], "empty"),
    ],
)
def test_what_breaks_the_protocol_or_its_bounds_is_a_bad_response(lines: list[Any], problem: str) -> None:
    found = heard(*lines).error
    assert type(found) is BadResponseError
    assert problem in found.message


def test_an_error_line_is_that_error_also_when_the_server_never_ended_it() -> None:
    for end in (b"\n", b""):
        found = heard(line(content="a"), b'{"error": "boom"}' + end)
        assert type(found.error) is ProviderError
        assert "boom" in found.error.message
        assert found.decoder.text == "a"


def test_nothing_after_the_last_line_counts() -> None:
    assert reply(line(content="a"), last(), line(content="b"), {"error": "boom"}).text == "a"


def test_each_delta_is_given_as_soon_as_its_line_is_complete() -> None:
    stream = LineStream(ask())
    assert list(stream.feed(b"\n")) == []
    assert (stream.started, stream.events) == (False, 0)
    assert list(stream.feed(json.dumps(line(content="")).encode() + b"\n")) == []
    assert (stream.started, stream.events) == (False, 1)
    source = json.dumps(line(thinking="hm", content="yes", tool_calls=[call("f", {})])).encode()
    assert list(stream.feed(source)) == []
    assert list(stream.feed(b"\n")) == [ReasoningDelta("hm"), TextDelta("yes"), ToolCallDelta(0, "call_0", "f", "{}")]
    assert (stream.started, stream.finished, stream.done) == (True, False, False)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<html>", "not JSON; it begins: <html>"),
        (b"[]", "a list, not an object"),
        (b"{}", "holds no message"),
        (b'{"error":"model is loading"}', "model is loading"),
        (b'{"detail":"not today"}', "not today"),
    ],
)
def test_a_whole_answer_that_is_none_is_an_error(body: bytes, problem: str) -> None:
    with pytest.raises(ProviderError, match=problem):
        TRANSLATOR.decode(body, ask(), "")
