"""Streamed chat completions: what servers get wrong, case by case. Recordings are in test_recordings.py."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import (
    BadResponseError,
    OverloadedError,
    ProviderAuthError,
    ProviderError,
    RateLimitError,
    RefusedError,
)
from llmspell.providers.protocols.chat.stream import ChatStream
from llmspell.providers.protocols.parts import MAX_ARGUMENT_CHARS
from llmspell.types import Delta, ModelReply, TextDelta, ToolCall, ToolCallDelta, Usage

from .helpers import ask, reply_of, texts
from .loopback import DONE, delta, event
from .test_openai_reply import ANYTHING


def translate(*chunks: bytes) -> list[Delta]:
    chat = ChatStream(ask())
    deltas = [made for chunk in chunks for made in chat.feed(chunk)]
    return [*deltas, *chat.close()]


def tool(
    index: int | None, call_id: str | None = None, name: str | None = None, arguments: Any = None
) -> dict[str, Any]:
    given = {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}
    return {key: value for key, value in given.items() if value is not None}


@given(st.lists(ANYTHING, max_size=4), ANYTHING)
def test_no_events_raise_anything_but_a_provider_error(payloads: list[Any], value: Any) -> None:
    deltas = ({"delta": {"tool_calls": [value]}}, {"delta": {"content": value}}, {"delta": value}, value)
    shaped = [{"choices": [choice]} for choice in deltas]
    for events in (payloads, *([payload, *payloads] for payload in shaped)):
        with suppress(ProviderError):
            translate(*map(event, events), delta(finish="stop"))


def test_a_delta_is_given_as_soon_as_its_event_is_complete() -> None:
    chat = ChatStream(ask())
    assert list(chat.feed(delta("one"))) == [TextDelta("one")]
    assert list(chat.feed(delta("two")[:-1])) == []
    assert list(chat.feed(b"\n")) == [TextDelta("two")]


def test_deltas_before_a_bad_event_in_the_same_bytes_are_given() -> None:
    chat = ChatStream(ask())
    deltas = chat.feed(delta("good") + b"data: {bad\n\n")
    assert next(deltas) == TextDelta("good")
    with pytest.raises(BadResponseError, match=r"not JSON: \{bad"):
        next(deltas)
    assert chat.text == "good"


def test_the_end_mark_may_be_missing_after_a_finish_reason() -> None:
    assert reply_of(translate(delta("a"), delta(finish="length"))).finish_reason == "length"


def test_the_finish_reason_may_be_missing_before_the_end_mark() -> None:
    reply = reply_of(translate(delta("a"), DONE))
    assert (reply.text, reply.finish_reason, reply.raw_finish_reason) == ("a", "other", "")


@pytest.mark.parametrize(
    ("chunks", "problem"),
    [
        ([delta("a")], "cut off"),
        ([delta("a"), b'data: {"cho'], "cut off"),
        ([delta("a"), b"data: [DO"], "cut off"),
        ([], "empty"),
        ([b": ping\n\n"], "empty"),
        ([b"just text"], "not a stream of events; it begins: just text"),
        ([DONE], "ended without an answer"),
        ([event({"choices": []}), DONE], "ended without an answer"),
    ],
)
def test_a_clean_end_without_an_answers_end_is_an_error(chunks: list[bytes], problem: str) -> None:
    with pytest.raises(BadResponseError, match=problem) as caught:
        translate(*chunks)
    assert caught.value.retryable


def test_nothing_after_the_end_mark_counts() -> None:
    deltas = translate(delta("a", "stop"), DONE, delta("b"), b"data: {bad\n\n")
    assert reply_of(deltas).text == "a"


@pytest.mark.parametrize(
    "usages",
    [
        [{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}],
        [
            {"choices": [{"delta": {}}], "usage": {"prompt_tokens": 3, "completion_tokens": 1}},
            {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
            {"choices": [], "usage": None},
            {"choices": [], "usage": {}},
        ],
    ],
    ids=["at the end", "running"],
)
def test_the_last_token_counts_are_the_turns(usages: list[Any]) -> None:
    deltas = translate(delta("a", "stop"), *map(event, usages), DONE)
    assert reply_of(deltas).usage == Usage(input_tokens=3, output_tokens=2)


@pytest.mark.parametrize(
    "usage",
    [{"prompt_tokens": -5}, {"prompt_tokens": "9"}, {"prompt_tokens": True}, {"prompt_tokens": 10**30}, [1], "x"],
)
def test_senseless_token_counts_are_zero(usage: Any) -> None:
    assert reply_of(translate(delta("a", "stop"), event({"choices": [], "usage": usage}))).usage == Usage()


def test_tool_calls_without_an_index_are_the_first_call() -> None:
    deltas = translate(
        delta(tool_calls=[tool(None, "c", "f", '{"a":')]),
        delta(tool_calls=[tool(None, None, None, "1}")]),
        delta(finish="stop"),
    )
    assert deltas[:2] == [ToolCallDelta(0, "c", "f", '{"a":'), ToolCallDelta(0, "c", "f", "1}")]
    assert reply_of(deltas).tool_calls == (ToolCall(id="c", name="f", arguments={"a": 1}),)
    assert reply_of(deltas).finish_reason == "tool_calls"


@pytest.mark.parametrize("ids", [("x", "y"), (None, None)], ids=["with ids", "without ids"])
def test_two_calls_in_one_delta_at_one_index_are_two_calls(ids: tuple[str | None, str | None]) -> None:
    entries = [tool(0, ids[0], "f", '{"n":1}'), tool(0, ids[1], "f", '{"n":2}')]
    reply = reply_of(translate(delta(tool_calls=entries), delta(finish="tool_calls")))
    assert [call.arguments for call in reply.tool_calls] == [{"n": 1}, {"n": 2}]
    assert len({call.id for call in reply.tool_calls}) == 2


def test_a_new_id_in_every_delta_is_still_one_call() -> None:
    reply = reply_of(
        translate(
            delta(tool_calls=[tool(0, "id-1", "f", '{"a"')]),
            delta(tool_calls=[tool(0, "id-2", None, ":1")]),
            delta(tool_calls=[tool(0, "id-3", None, "}")]),
            delta(finish="tool_calls"),
        )
    )
    assert reply.tool_calls == (ToolCall(id="id-1", name="f", arguments={"a": 1}),)


@pytest.mark.parametrize("names", [("f", "g"), (None, None)], ids=["named again", "named once"])
def test_interleaved_calls_without_an_index_are_told_apart_by_id(names: tuple[str | None, str | None]) -> None:
    reply = reply_of(
        translate(
            delta(tool_calls=[tool(0, "a", "f", '{"a":')]),
            delta(tool_calls=[tool(0, "b", "g", '{"b":')]),
            delta(tool_calls=[tool(0, "a", names[0], "1")]),
            delta(tool_calls=[tool(0, "b", names[1], "2}")]),
            delta(tool_calls=[tool(0, "a", names[0], "}")]),
            delta(finish="tool_calls"),
        )
    )
    assert {call.id: call.arguments for call in reply.tool_calls} == {"a": {"a": 1}, "b": {"b": 2}}


def test_interleaved_calls_are_told_apart_by_index() -> None:
    reply = reply_of(
        translate(
            delta(tool_calls=[tool(1, "b", "g", '{"b":'), tool(0, "a", "f", '{"a":')]),
            delta(tool_calls=[tool(0, None, None, "1}"), tool(1, None, None, "2}")]),
            delta(finish="tool_calls"),
        )
    )
    assert {call.id: call.arguments for call in reply.tool_calls} == {"a": {"a": 1}, "b": {"b": 2}}


def test_an_empty_object_before_the_fragments_is_not_the_arguments() -> None:
    chunks = [delta(tool_calls=[tool(0, "a", "f", {})]), delta(tool_calls=[tool(0, None, None, '{"x":1}')])]
    assert reply_of(translate(*chunks, delta(finish="stop"))).tool_calls[0].arguments == {"x": 1}


def test_arguments_that_were_cut_by_the_length_limit_are_the_calls_error() -> None:
    reply = reply_of(translate(delta(tool_calls=[tool(0, "a", "f", '{"x":"unfin')]), delta(finish="length")))
    assert reply.finish_reason == "length"
    assert "not valid JSON" in reply.tool_calls[0].error


@pytest.mark.parametrize(
    ("chunks", "problem"),
    [
        ([delta(tool_calls=[tool(i, f"c{i}", "f", "{}") for i in range(129)])], "more than 128 tool calls"),
        ([delta(tool_calls=[tool(0, None, "f", "x" * 600_000)])] * 2, f"more than {MAX_ARGUMENT_CHARS:,} characters"),
        (
            [delta(images=[{"image_url": {"url": f"data:image/png;base64,{i:04}"}} for i in range(65)])],
            "more than 64 media",
        ),
        ([delta(images=[{"image_url": {"url": "data:image/png;base64,*"}}])], "not base64"),
        ([delta(reasoning_details=[{"type": "x", "data": "y"}] * 1001)], "more than 1,000 parts"),
        ([b"data: [1]\n\n"], "a list, not an object"),
        ([event({"choices": [5]})], "not a list of objects"),
        ([event({"choices": [{"delta": 5}]})], "delta of the stream is a number"),
        ([delta(tool_calls="x")], "not a list"),
    ],
)
def test_what_breaks_the_protocol_or_its_bounds_is_a_bad_response(chunks: list[bytes], problem: str) -> None:
    with pytest.raises(BadResponseError, match=problem):
        translate(*chunks, delta(finish="stop"))


@pytest.mark.parametrize(
    ("source", "error", "retryable"),
    [
        (event({"error": {"message": "boom", "type": "server_error", "code": None}}), OverloadedError, True),
        (event({"error": {"message": "boom", "code": 502}, "choices": [{"delta": {}}]}), OverloadedError, True),
        (event({"error": {"message": "boom", "type": "rate_limit_error"}}), RateLimitError, True),
        (event({"error": {"message": "boom", "code": "insufficient_quota"}}), RateLimitError, False),
        (event({"error": {"message": "boom", "code": "401"}}), ProviderAuthError, False),
        (event({"error": {"message": "boom", "type": "invalid_request_error"}}), RefusedError, False),
        (event({"object": "error", "message": "boom", "type": "BadRequestError", "code": 400}), RefusedError, False),
        (event({"error": "boom"}), ProviderError, False),
        (event([{"error": {"message": "boom", "status": "UNAVAILABLE", "code": 503}}]), OverloadedError, True),
        (b"event: error\ndata: boom\n\n", ProviderError, False),
        (b'event: error\ndata: {"message": "boom"}\n\n', ProviderError, False),
    ],
)
def test_an_error_inside_the_stream_is_that_error(source: bytes, error: type[ProviderError], retryable: bool) -> None:
    with pytest.raises(ProviderError, match="boom") as caught:
        translate(delta("a"), source, DONE)
    assert (type(caught.value), caught.value.retryable) == (error, retryable)


def test_an_error_that_the_server_never_terminated_is_found_too() -> None:
    with pytest.raises(OverloadedError, match="boom"):
        translate(delta("a"), event({"error": {"message": "boom", "code": 500}}).rstrip())


def test_reasoning_and_keep_alives_show_progress_but_are_not_the_answer() -> None:
    chat = ChatStream(ask())
    list(chat.feed(b": ping\n\n"))
    assert (chat.started, chat.events) == (False, 0)
    list(chat.feed(delta(role="assistant")))
    assert (chat.started, chat.events) == (False, 1)
    list(chat.feed(delta(reasoning_content="hm")))
    assert (chat.started, chat.events, chat.text) == (True, 2, "")


def test_the_reply_names_the_model_and_the_request() -> None:
    chat = ChatStream(ask(model="asked"), request_id="req-1")
    *_, reply = [*chat.feed(delta("a", "stop")), *chat.close()]
    assert isinstance(reply, ModelReply)
    assert (reply.model, reply.request_id) == ("asked", "req-1")


@given(st.text(alphabet=st.characters(), max_size=30), st.data())
def test_text_cut_into_any_deltas_arrives_whole(text: str, data: st.DataObject) -> None:
    units = json.loads(json.dumps(text)).encode("utf-16-le", "surrogatepass")
    cuts = sorted(data.draw(st.sets(st.integers(0, len(units) // 2), max_size=5)) | {0, len(units) // 2})
    pieces = [units[2 * a : 2 * b].decode("utf-16-le", "surrogatepass") for a, b in pairwise(cuts)]
    deltas = translate(*map(delta, pieces), delta(finish="stop"))
    assert "".join(texts(deltas)) == reply_of(deltas).text == units.decode("utf-16-le", "replace")
