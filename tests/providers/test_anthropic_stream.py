"""What Anthropic's Messages answer beyond what the recordings show: errors, bounds, and servers that are only
compatible. Whole answers and streams say the same, so most is tested on streams."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmspell.errors import (
    BadResponseError,
    OverloadedError,
    ProviderAuthError,
    ProviderError,
    ProviderTimeout,
    RateLimitError,
    RefusedError,
)
from llmspell.providers.protocols.anthropic import TRANSLATOR
from llmspell.providers.protocols.anthropic.stream import MessageStream
from llmspell.providers.protocols.parts import MAX_ARGUMENT_CHARS
from llmspell.types import ModelReply, ReasoningDelta, TextDelta, ToolCallDelta, Usage

from .helpers import ask
from .recorded import hear

STOP = {"type": "message_stop"}
PING = b'event: ping\ndata: {"type": "ping"}\n\n'


def event(payload: dict[str, Any]) -> bytes:
    return f"event: {payload['type']}\ndata: {json.dumps(payload)}\n\n".encode()


def begin(block: Any, index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def grow(kind: str, index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def end(reason: Any = "end_turn", **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


def tool(name: str = "f", index: int = 0) -> dict[str, Any]:
    return begin({"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}}, index)


TEXT = begin({"type": "text", "text": "a"})


def reply(*events: dict[str, Any]) -> ModelReply:
    return hear(TRANSLATOR, *map(event, events)).reply


def error(*events: dict[str, Any] | bytes) -> ProviderError:
    chunks = (item if isinstance(item, bytes) else event(item) for item in events)
    found = hear(TRANSLATOR, *chunks).error
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("pause_turn", "other"),
        ("something_new", "other"),
    ],
)
def test_stop_reasons_are_normalised_and_the_raw_one_is_kept(raw: str, reason: str) -> None:
    made = reply(TEXT, end(raw), STOP)
    assert (made.finish_reason, made.raw_finish_reason) == (reason, raw)
    body = {"content": [{"type": "text", "text": "a"}], "stop_reason": raw}
    assert TRANSLATOR.decode(json.dumps(body).encode(), ask(), "").finish_reason == reason


@pytest.mark.parametrize(
    ("kind", "expected", "retryable"),
    [
        ("invalid_request_error", RefusedError, False),
        ("authentication_error", ProviderAuthError, False),
        ("billing_error", RefusedError, False),
        ("permission_error", ProviderAuthError, False),
        ("not_found_error", RefusedError, False),
        ("request_too_large", RefusedError, False),
        ("rate_limit_error", RateLimitError, True),
        ("timeout_error", ProviderTimeout, True),
        ("conflict_error", OverloadedError, True),
        ("api_error", OverloadedError, True),
        ("overloaded_error", OverloadedError, True),
        ("something_new", ProviderError, False),
    ],
)
def test_an_error_inside_the_stream_is_what_its_type_says(
    kind: str, expected: type[ProviderError], retryable: bool
) -> None:
    found = error(TEXT, {"type": "error", "error": {"type": kind, "message": "boom"}, "request_id": "req_1"}, STOP)
    assert (type(found), found.retryable) == (expected, retryable)
    assert "boom" in found.message


def test_an_error_that_is_no_json_is_one_too() -> None:
    assert "boom" in error(TEXT, b"event: error\ndata: boom\n\n").message


def test_counts_are_totals_and_caches_are_part_of_the_input() -> None:
    start = {"input_tokens": 10, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 30, "output_tokens": 1}
    later = {"output_tokens": 9, "input_tokens": None, "output_tokens_details": {"thinking_tokens": 4}}
    made = reply({"type": "message_start", "message": {"usage": start}}, TEXT, end(None, output_tokens=5), end(**later))
    assert made.usage == Usage(
        input_tokens=240, output_tokens=9, cached_tokens=200, reasoning_tokens=4, cache_write_tokens=30
    )


@pytest.mark.parametrize("usage", [[1], "x", {"input_tokens": -5}, {"input_tokens": "9"}, {"output_tokens": True}])
def test_senseless_counts_are_zero(usage: Any) -> None:
    assert reply(TEXT, end() | {"usage": usage}).usage == Usage()


@pytest.mark.parametrize(
    ("fragments", "arguments"),
    [([], {}), ([""], {}), (["", ""], {}), (["{}"], {}), (['{"a"', ": 1}"], {"a": 1})],
)
def test_input_that_never_came_is_an_empty_object(fragments: list[str], arguments: dict[str, Any]) -> None:
    pieces = [grow("input_json_delta", partial_json=fragment) for fragment in fragments]
    (call,) = reply(tool(), *pieces, end("tool_use"), STOP).tool_calls
    assert (call.arguments, call.error) == (arguments, "")


def test_input_that_the_length_limit_cut_is_the_calls_error() -> None:
    made = reply(tool(), grow("input_json_delta", partial_json='{"a": "unfin'), end("max_tokens"), STOP)
    assert made.finish_reason == "length"
    assert "not valid JSON" in made.tool_calls[0].error


def test_thinking_that_the_length_limit_cut_is_shown_and_does_not_go_back() -> None:
    first = begin({"type": "thinking", "thinking": "", "signature": ""})
    (thought,) = reply(first, grow("thinking_delta", thinking="hm"), end("max_tokens"), STOP).reasoning
    assert (thought.text, thought.data) == ("hm", {})


def test_thinking_of_a_server_that_signs_nothing_goes_back_as_it_came() -> None:
    first = begin({"type": "thinking", "thinking": "h"})
    (thought,) = reply(first, grow("thinking_delta", thinking="m"), end(), STOP).reasoning
    assert thought.data["block"] == {"type": "thinking", "thinking": "hm"}


def test_thinking_with_a_piece_that_nobody_knows_is_shown_and_does_not_go_back() -> None:
    first = begin({"type": "thinking", "thinking": "hm", "signature": "s"})
    (thought,) = reply(first, grow("future_delta"), end(), STOP).reasoning
    assert (thought.text, thought.data) == ("hm", {})


def test_blocks_of_one_index_are_several_blocks() -> None:
    assert [call.name for call in reply(tool("f"), tool("g"), end("tool_use"), STOP).tool_calls] == ["f", "g"]


def test_a_surrogate_pair_that_was_cut_in_two_is_one_character() -> None:
    text = hear(
        TRANSLATOR,
        event(begin({"type": "text", "text": ""})),
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ud83d"}}\n\n',
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ude00"}}\n\n',
        event(end()),
    ).reply.text
    assert text == "😀"


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([tool(index=i) for i in range(129)], "more than 128 tool calls"),
        ([tool(), *[grow("input_json_delta", partial_json="x" * 600_000)] * 2], f"more than {MAX_ARGUMENT_CHARS:,}"),
        ([begin({"type": "tool_use", "input": {"x": "y" * MAX_ARGUMENT_CHARS}})], f"more than {MAX_ARGUMENT_CHARS:,}"),
        ([begin({"type": "text", "text": "x"}, index=i) for i in range(1_001)], "more than 1,000 parts"),
        ([begin("text")], "content block of the answer is a string"),
        ([grow("text_delta", index=7, text="x")], "belongs to no content block"),
        ([TEXT, {"type": "content_block_delta", "index": 0, "delta": 5}], "not an object"),
        ([b"data: {bad\n\n"], "not JSON: {bad"),
        ([b"data: [1]\n\n"], "a list, not an object"),
        ([begin({"type": "new_block", "x": json.loads("[" * 70 + "]" * 70)}), end()], "cannot be kept"),
    ],
)
def test_what_breaks_the_protocol_or_its_bounds_is_a_bad_response(events: list[Any], problem: str) -> None:
    found = error(*events)
    assert type(found) is BadResponseError
    assert problem in found.message


def test_pings_are_no_progress_and_the_first_block_is() -> None:
    stream = MessageStream(ask())
    list(stream.feed(PING + b": comment\n\n"))
    assert (stream.started, stream.events) == (False, 0)
    list(stream.feed(event({"type": "message_start", "message": {}})))
    assert (stream.started, stream.events) == (False, 1)
    list(stream.feed(event(begin({"type": "thinking", "thinking": ""}))))
    assert (stream.started, stream.events) == (True, 2)


def test_only_pings_are_an_empty_answer() -> None:
    found = error(PING)
    assert "empty" in found.message
    assert found.retryable


def test_events_and_deltas_that_nobody_knows_change_nothing() -> None:
    made = reply({"type": "future_event", "x": 1}, TEXT, grow("future_delta", text="no"), end(), STOP)
    assert (made.text, made.reasoning) == ("a", ())


def test_each_delta_is_given_as_soon_as_its_event_is_complete() -> None:
    stream = MessageStream(ask())
    assert list(stream.feed(event(TEXT))) == [TextDelta("a")]
    assert list(stream.feed(event(begin({"type": "thinking", "thinking": "hm"}, 1)))) == [ReasoningDelta("hm")]
    assert list(stream.feed(event(tool(index=2))[:-1])) == []
    assert list(stream.feed(b"\n")) == [ToolCallDelta(0, "toolu_2", "f", "")]
    assert list(stream.feed(event(grow("input_json_delta", 2, partial_json="{")))) == [
        ToolCallDelta(0, "toolu_2", "f", "{")
    ]


@pytest.mark.parametrize(
    ("body", "expected", "problem"),
    [
        (b"<html>", BadResponseError, "not JSON; it begins: <html>"),
        (b"[]", BadResponseError, "no content"),
        (b"{}", BadResponseError, "no content"),
        (b'{"content":"text"}', BadResponseError, "no content"),
        (b'{"content":[5]}', BadResponseError, "a number, not an object"),
        (b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}', OverloadedError, "busy"),
        (b'{"detail":"not today"}', ProviderError, "not today"),
    ],
)
def test_a_whole_answer_that_is_none_is_an_error(body: bytes, expected: type[ProviderError], problem: str) -> None:
    with pytest.raises(ProviderError, match=problem) as caught:
        TRANSLATOR.decode(body, ask(), "")
    assert type(caught.value) is expected
