"""Streamed Responses: what servers leave out, say twice or get wrong. Recordings are in test_recordings.py."""

from __future__ import annotations

import json
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
from llmspell.providers.protocols.parts import MAX_ARGUMENT_CHARS
from llmspell.providers.protocols.responses import TRANSLATOR
from llmspell.types import Message, ModelReply, Reasoning, ReasoningDelta, TextDelta, ToolCall, Usage

from .helpers import ask, texts
from .loopback import event
from .recorded import Heard, hear
from .test_responses_request import body


def made(kind: str, **fields: Any) -> bytes:
    return event({"type": f"response.{kind}", **fields})


def said(text: str, index: int = 0, part: int = 0) -> bytes:
    return made("output_text.delta", output_index=index, content_index=part, delta=text)


def item(index: int, done: bool = True, **fields: Any) -> bytes:
    return made("output_item.done" if done else "output_item.added", output_index=index, item=fields)


def end(kind: str = "completed", **fields: Any) -> bytes:
    return made(kind, response={"status": kind, **fields})


def message(*parts: Any) -> dict[str, Any]:
    return {"type": "message", "content": list(parts)}


def text_part(text: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": text}


def listen(*chunks: bytes) -> Heard:
    return hear(TRANSLATOR, *chunks)


def whole(output: Any, **fields: Any) -> ModelReply:
    return TRANSLATOR.decode(json.dumps({"status": "completed", "output": output, **fields}).encode(), ask(), "")


def test_a_delta_is_given_as_soon_as_its_event_is_complete() -> None:
    decoder = TRANSLATOR.decoder(ask(), "", 10_000)
    assert list(decoder.feed(said("one"))) == [TextDelta("one")]
    assert list(decoder.feed(said("two")[:-1])) == []
    assert list(decoder.feed(b"\n")) == [TextDelta("two")]


@pytest.mark.parametrize(
    "chunks",
    [
        [made("output_text.done", output_index=0, content_index=0, text="Hello")],
        [item(0, **message(text_part("Hello")))],
        [said("Hel"), made("output_text.done", output_index=0, content_index=0, text="Hello")],
        [said("Hel"), said("lo"), item(0, **message(text_part("Hello")))],
        [said("Hel"), item(0, **message(text_part("Hello")))],
        [item(0, False, **message(text_part("Hel"))), said("lo")],
    ],
)
def test_text_counts_once_however_often_it_is_said(chunks: list[bytes]) -> None:
    heard = listen(*chunks, end(output=[message(text_part("Hello"))]))
    assert heard.reply.text == "".join(texts(heard.deltas)) == "Hello"


def test_what_only_the_end_says_counts() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":1}'}
    heard = listen(end(output=[message(text_part("a"), text_part("b")), call]))
    assert texts(heard.deltas) == ["a", "b"]
    assert heard.reply.tool_calls == (ToolCall(id="c", name="f", arguments={"a": 1}),)


def test_what_only_the_end_says_counts_beside_what_came_before() -> None:
    thinking = made("reasoning_text.delta", output_index=0, content_index=0, delta="hm")
    heard = listen(thinking, end(output=[message(text_part("a")), {"type": []}]))
    assert (texts(heard.deltas), [block.text for block in heard.reply.reasoning]) == (["a"], ["hm"])


def test_the_ends_items_do_not_count_again_where_it_numbers_them_anew() -> None:
    assert listen(said("Hi", index=1), end(output=[message(text_part("Hi"))])).reply.text == "Hi"


def test_parts_and_messages_join_up() -> None:
    heard = listen(said("a"), said("b", part=1), said("c", index=2), end(output=[]))
    assert heard.reply.text == "abc"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [('{"a": 1}', {"a": 1}), ({"a": 1}, {"a": 1}), ("", {}), (None, {}), ({}, {})],
)
def test_arguments_may_be_text_an_object_or_nothing(arguments: Any, expected: dict[str, Any]) -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": arguments}
    for reply in (whole([call]), listen(item(0, **call), end()).reply):
        assert reply.tool_calls == (ToolCall(id="c", name="f", arguments=expected),)
        assert reply.finish_reason == "tool_calls"


def test_arguments_that_are_no_json_are_the_calls_error() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a'}
    reply = whole([call], status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    assert "not valid JSON" in reply.tool_calls[0].error
    assert reply.finish_reason == "length"


def test_interleaved_calls_are_told_apart_by_their_index() -> None:
    begin = [item(i, False, type="function_call", call_id=f"c{i}", name="f", arguments="") for i in (1, 4)]
    pieces = [(4, '{"b":'), (1, '{"a":'), (1, "1}"), (4, "2}")]
    deltas = [made("function_call_arguments.delta", output_index=i, delta=text) for i, text in pieces]
    calls = listen(*begin, *deltas, end()).reply.tool_calls
    assert [(call.id, call.arguments) for call in calls] == [("c1", {"a": 1}), ("c4", {"b": 2})]


def test_calls_that_a_server_numbers_alike_are_told_apart_by_their_end() -> None:
    chunks = []
    for name in ("a", "b"):
        begun: dict[str, Any] = {
            "type": "function_call",
            "id": f"fc_{name}",
            "call_id": name,
            "name": name,
            "arguments": "",
        }
        given = f'{{"{name}": 1}}'
        chunks += [item(0, False, **begun), made("function_call_arguments.delta", output_index=0, delta=given)]
        chunks += [item(0, **{**begun, "arguments": given})]
    calls = listen(*chunks, end()).reply.tool_calls
    assert [(call.id, call.name, call.arguments) for call in calls] == [("a", "a", {"a": 1}), ("b", "b", {"b": 1})]


def test_a_missing_or_repeated_call_id_becomes_a_new_one() -> None:
    calls = [
        {"type": "function_call", "name": "f", "arguments": "{}", **ids} for ids in ({}, {"id": "fc"}, {"id": "fc"})
    ]
    assert [call.id for call in whole(calls).tool_calls] == ["call_0", "fc", "call_2"]


def test_thoughts_come_apart_from_the_answer_and_go_back_as_they_came() -> None:
    reasoning = {
        "type": "reasoning",
        "id": "rs_1",
        "status": None,
        "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
        "encrypted_content": "xyz",
    }
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    later = {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "uvw"}
    other = {**call, "call_id": "d"}
    output: list[dict[str, Any]] = [reasoning, call, later, other]
    heard = listen(*(item(i, **each) for i, each in enumerate(output)), end())
    assert [delta.text for delta in heard.deltas if isinstance(delta, ReasoningDelta)] == ["a", "\n\nb"]
    assert [block.text for block in heard.reply.reasoning] == ["a\n\nb", ""]
    assert whole(output).reasoning == heard.reply.reasoning

    turn = Message(role="assistant", tool_calls=heard.reply.tool_calls, reasoning=heard.reply.reasoning)
    sent = body(ask(messages=(turn,)))["input"]
    assert [each.get("id") or each.get("call_id") for each in sent] == ["rs_1", "c", "rs_2", "d"]
    assert sent[0] == {key: value for key, value in reasoning.items() if key != "status"}


def test_a_summary_without_its_encrypted_form_is_shown_and_not_sent_back() -> None:
    summary = [{"type": "summary_text", "text": "a"}]
    reply = whole([{"type": "reasoning", "id": "rs_1", "summary": summary}])
    assert reply.reasoning == (Reasoning(kind="openai-responses", text="a"),)


@pytest.mark.parametrize(
    ("phases", "back"), [(["commentary"], {"phase": "commentary"}), (["commentary", "final_answer"], {}), ([None], {})]
)
def test_the_phase_of_a_text_goes_back_with_it(phases: list[str | None], back: dict[str, str]) -> None:
    output = [message(text_part("a")) | {"phase": phase} for phase in phases]
    for reply in (whole(output), listen(*(item(i, **each) for i, each in enumerate(output)), end()).reply):
        turn = Message(role="assistant", text=reply.text, reasoning=reply.reasoning)
        sent = body(ask(messages=(turn,)))["input"]
        assert sent == [{"role": "assistant", "content": "a" * len(phases)} | back]


@pytest.mark.parametrize(
    ("fields", "finish", "raw"),
    [
        ({}, "stop", "completed"),
        ({"status": None}, "stop", ""),
        ({"status": "weird"}, "other", "weird"),
        ({"status": "incomplete"}, "other", "incomplete"),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "length",
            "max_output_tokens",
        ),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "content_filter",
            "content_filter",
        ),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, "other", "steered"),
    ],
)
def test_why_an_answer_ended(fields: dict[str, Any], finish: str, raw: str) -> None:
    reply = whole([message(text_part("a"))], **fields)
    assert (reply.finish_reason, reply.raw_finish_reason) == (finish, raw)


def test_a_refusal_is_the_answer_and_says_so() -> None:
    refusal = made("refusal.delta", output_index=0, content_index=0, delta="No.")
    for reply in (listen(refusal, end()).reply, whole([message({"type": "refusal", "refusal": "No."})])):
        assert (reply.text, reply.finish_reason) == ("No.", "content_filter")


@pytest.mark.parametrize(
    "usage", [None, [], {"input_tokens": -5, "output_tokens": True}, {"input_tokens": "9"}, {"input_tokens": 10**9}]
)
def test_senseless_token_counts_are_zero(usage: Any) -> None:
    assert whole([], usage=usage).usage == Usage()


@pytest.mark.parametrize(
    ("chunks", "problem"),
    [
        ([said("a")], "cut off"),
        ([said("a"), b"data: [DONE]\n\n"], "cut off"),
        ([said("a"), b'data: {"typ'], "cut off"),
        ([], "empty"),
        ([b": ping\n\n"], "empty"),
        ([event({"type": "keepalive"})], "empty"),
        ([b"just text"], "not a stream of events; it begins: just text"),
    ],
)
def test_a_clean_end_without_an_answers_end_is_an_error(chunks: list[bytes], problem: str) -> None:
    error = listen(*chunks).error
    assert isinstance(error, BadResponseError)
    assert problem in error.message
    assert error.retryable


def test_nothing_after_the_end_counts() -> None:
    assert listen(said("a"), end(), said("b"), b"data: {bad\n\n").reply.text == "a"


def test_events_that_nobody_knows_change_nothing() -> None:
    strange = [
        made("web_search_call.searching", output_index=0),
        event({"type": 5}),
        event({"a": 1}),
        event({"type": []}),
    ]
    assert listen(*strange, said("a"), end()).reply.text == "a"


@pytest.mark.parametrize(
    ("source", "error", "retryable"),
    [
        (event({"type": "error", "code": "server_error", "message": "boom"}), OverloadedError, True),
        (event({"type": "error", "error": {"type": "rate_limit_error", "message": "boom"}}), RateLimitError, True),
        (event({"type": "error", "code": "insufficient_quota", "message": "boom"}), RateLimitError, False),
        (event({"error": {"message": "boom", "code": "invalid_api_key"}}), ProviderAuthError, False),
        (event([{"error": {"message": "boom", "code": "invalid_api_key"}}]), ProviderAuthError, False),
        (end("failed", error={"code": "rate_limit_exceeded", "message": "boom"}), RateLimitError, True),
        (end("failed", error={"code": "invalid_prompt", "message": "boom"}), RefusedError, False),
        (end("failed", error={"code": "new_code", "message": "boom"}), ProviderError, False),
        (b"event: error\ndata: boom\n\n", ProviderError, False),
    ],
)
def test_an_error_inside_the_stream_is_that_error(source: bytes, error: type[ProviderError], retryable: bool) -> None:
    heard = listen(said("a"), source, end())
    assert heard.error is not None
    assert (type(heard.error), heard.error.retryable) == (error, retryable)
    assert "boom" in heard.error.message
    assert heard.decoder.text == "a"


@pytest.mark.parametrize("source", [event({"type": "error"}), end("failed"), end("failed", error=None)])
def test_an_error_without_words_is_an_error(source: bytes) -> None:
    assert "gave no reason" in str(listen(source).error)


@pytest.mark.parametrize(
    ("chunks", "problem"),
    [
        ([item(i, type="function_call", call_id=f"c{i}", name="f") for i in range(129)], "more than 128 tool calls"),
        (
            [item(0, False, type="function_call", call_id="c", name="f")]
            + [made("function_call_arguments.delta", output_index=0, delta="x" * 600_000)] * 2,
            f"more than {MAX_ARGUMENT_CHARS:,} characters",
        ),
        ([made("function_call_arguments.delta", output_index=0, delta="x")], "did not begin"),
        ([said("x", part=i) for i in range(1_010)], "more than 1,000 parts"),
        ([event([1])], "a list, not an object"),
        ([b"data: {bad\n\n"], "not JSON"),
        ([made("output_item.done", item=5)], "holds no item"),
        ([made("completed")], "holds no response"),
        ([end(output=5)], "not a list of objects"),
        ([end("completed", output=[5])], "not a list of objects"),
        ([made("completed", response={"status": "in_progress"})], "not finished"),
        ([item(0, type="image_generation_call", result="*")], "not base64"),
        ([item(i, type="image_generation_call", result="YWJj") for i in range(65)], "more than 64 media"),
    ],
)
def test_what_breaks_the_protocol_or_its_bounds_is_a_bad_response(chunks: list[bytes], problem: str) -> None:
    error = listen(*chunks, end()).error
    assert type(error) is BadResponseError
    assert problem in error.message


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (b"[]", "a list, not an object"),
        (b"{}", "holds no output"),
        (b'{"output": 5}', "not a list of objects"),
        (b'{"output": [], "status": "queued"}', "not finished"),
        (b"<p>", "not JSON"),
    ],
)
def test_a_whole_answer_that_is_none_is_a_bad_response(source: bytes, problem: str) -> None:
    with pytest.raises(BadResponseError, match=problem):
        TRANSLATOR.decode(source, ask(), "")


def test_the_reply_names_the_model_and_the_request() -> None:
    begin = made("created", response={"id": "resp_1", "model": "made-by"})
    for reply in (listen(begin, said("a"), end()).reply, whole([], id="resp_1", model="made-by")):
        assert (reply.model, reply.request_id) == ("made-by", "resp_1")
    assert listen(said("a"), end()).reply.model == "m"


@given(st.text(alphabet=st.characters(), max_size=30), st.data())
def test_text_cut_into_any_deltas_arrives_whole(text: str, data: st.DataObject) -> None:
    units = json.loads(json.dumps(text)).encode("utf-16-le", "surrogatepass")
    cuts = sorted(data.draw(st.sets(st.integers(0, len(units) // 2), max_size=5)) | {0, len(units) // 2})
    pieces = [units[2 * a : 2 * b].decode("utf-16-le", "surrogatepass") for a, b in pairwise(cuts)]
    heard = listen(*map(said, pieces), end())
    assert "".join(texts(heard.deltas)) == heard.reply.text == units.decode("utf-16-le", "replace")
