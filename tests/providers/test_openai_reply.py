"""Whole replies, as the many servers that call themselves compatible write them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import BadResponseError, OverloadedError, ProviderError, RateLimitError
from llmspell.providers.protocols.chat.reply import decode
from llmspell.providers.protocols.parts import MAX_ARGUMENT_CHARS
from llmspell.types import Message, ModelReply, Reasoning, ToolCall, Usage

from .helpers import ask


def reply(message: Any, finish: Any = "stop", **fields: Any) -> ModelReply:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return decode(json.dumps({"choices": [choice], **fields}).encode(), ask())


def call(arguments: Any, call_id: str | None = "c1", name: str = "f") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_everything_that_a_reply_says_is_kept() -> None:
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    assert reply(
        {"role": "assistant", "content": "Hi", "tool_calls": [call('{"a":1}')], "reasoning_content": "hm"},
        "tool_calls",
        id="chatcmpl-7",
        model="gpt-x",
        usage=usage,
    ) == ModelReply(
        text="Hi",
        tool_calls=(ToolCall(id="c1", name="f", arguments={"a": 1}),),
        usage=Usage(input_tokens=9, output_tokens=4, cached_tokens=3, reasoning_tokens=2),
        finish_reason="tool_calls",
        raw_finish_reason="tool_calls",
        model="gpt-x",
        request_id="chatcmpl-7",
        reasoning=(Reasoning(kind="openai", text="hm", data={"field": "reasoning_content"}),),
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        ("x", "x"),
        ([{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "thinking", "thinking": []}, "b"], "ab"),
        ([], ""),
        ([{"text": "untyped"}, 5, {"type": "text", "text": None}], "untyped"),
    ],
)
def test_content_may_be_text_parts_or_null(content: Any, text: str) -> None:
    assert reply({"content": content}).text == text


@pytest.mark.parametrize(
    ("finish", "calls", "expected"),
    [
        ("stop", [], "stop"),
        ("length", [], "length"),
        ("content_filter", [], "content_filter"),
        ("function_call", [], "tool_calls"),
        ("eos", [], "other"),
        (None, [], "other"),
        (17, [], "other"),
        ("stop", [call("{}")], "tool_calls"),
        (None, [call("{}")], "tool_calls"),
        ("length", [call('{"a')], "length"),
    ],
)
def test_finish_reasons_are_normalised_and_the_raw_one_is_kept(finish: Any, calls: list[Any], expected: str) -> None:
    result = reply({"content": "", "tool_calls": calls}, finish)
    assert result.finish_reason == expected
    assert result.raw_finish_reason == (finish if isinstance(finish, str) else "")


def test_a_refusal_is_the_answer_and_says_so() -> None:
    result = reply({"content": None, "refusal": "I cannot."})
    assert (result.text, result.finish_reason, result.raw_finish_reason) == ("I cannot.", "content_filter", "stop")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"a": [1, "x"]}', {"a": [1, "x"]}),
        ({"a": 1}, {"a": 1}),
        ("", {}),
        ("  ", {}),
        ("null", {}),
        (None, {}),
        ("{}", {}),
        ('{"n": 99999999999999999999}', {"n": 1e20}),
        ('{"s": "\\ud83d\\ude00 \\ud800"}', {"s": "😀 \ufffd"}),
    ],
)
def test_arguments_may_be_text_an_object_or_nothing(arguments: Any, expected: dict[str, Any]) -> None:
    result = reply({"tool_calls": [call(arguments)]}).tool_calls[0]
    assert (result.arguments, result.error) == (expected, "")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ('{"a": 1', "not valid JSON"),
        ("{'a': 1}", "they begin: {'a': 1}"),
        ("[1]", "a list, not an object"),
        ('"x"', "a string, not an object"),
        (5, "a number, not an object"),
        ('{"a":' * 70 + "1" + "}" * 70, "nested deeper than 64 levels"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": 1e999}', "out of range"),
        ('{"a": NaN}', "out of range"),
    ],
)
def test_arguments_that_cannot_be_used_are_the_calls_error_not_the_turns(arguments: Any, problem: str) -> None:
    result = reply({"content": "ok", "tool_calls": [call(arguments)]})
    assert result.text == "ok"
    assert result.tool_calls[0].arguments == {}
    assert problem in result.tool_calls[0].error


def test_a_missing_or_repeated_id_becomes_one_that_is_new_in_the_conversation() -> None:
    earlier = Message(role="assistant", tool_calls=(ToolCall(id="call_0", name="f"),))
    message = {"tool_calls": [call("{}", None), call("{}", ""), call("{}", "x"), call("{}", "x")]}
    body = json.dumps({"choices": [{"message": message}]}).encode()
    ids = [made.id for made in decode(body, ask(messages=(earlier,))).tool_calls]
    assert ids == ["call_1", "call_2", "x", "call_4"]


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ({"tool_calls": [call("{}")] * 129}, "more than 128 tool calls"),
        ({"tool_calls": [call('"' + "x" * MAX_ARGUMENT_CHARS + '"')]}, "more than 1,000,000 characters"),
        ({"tool_calls": [call({"x": "y" * MAX_ARGUMENT_CHARS})]}, "more than 1,000,000 characters"),
        ({"tool_calls": [5]}, "tool call of the answer is not an object"),
        ({"tool_calls": {"a": 1}}, "tool calls are not a list"),
        ({"content": 5}, "content is a number"),
        ("text", "holds no message"),
        (None, "holds no message"),
    ],
)
def test_what_breaks_the_protocol_or_its_bounds_is_a_bad_response(message: Any, problem: str) -> None:
    with pytest.raises(BadResponseError, match=problem):
        reply(message)


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        (b"<html>", BadResponseError, "not JSON; it begins: <html>"),
        (b"[]", BadResponseError, "no message"),
        (b"{}", BadResponseError, "no message"),
        (b'{"choices":[]}', BadResponseError, "no message"),
        (b'{"choices":5}', BadResponseError, "not a list"),
        (b'{"error":{"message":"slow down","code":429}}', RateLimitError, "slow down"),
        (b'{"error":{"message":"bad gateway","code":502},"choices":[{}]}', OverloadedError, "bad gateway"),
        (b'{"error":"it broke"}', ProviderError, "it broke"),
        (b'{"detail":"not today"}', ProviderError, "not today"),
    ],
)
def test_errors_with_status_200_are_found(body: bytes, error: type[ProviderError], message: str) -> None:
    with pytest.raises(ProviderError, match=message) as caught:
        decode(body, ask())
    assert type(caught.value) is error


def test_a_null_error_is_no_error() -> None:
    assert reply({"content": "fine"}, error=None).text == "fine"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "message",
                    "content",
                    "delta",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "id",
                    "index",
                    "finish_reason",
                    "usage",
                    "error",
                    "code",
                    "text",
                    "type",
                    "detail",
                    "loc",
                    "msg",
                    "prompt_tokens_details",
                    "refusal",
                    "model",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(ANYTHING)
def test_no_json_raises_anything_but_a_provider_error(value: Any) -> None:
    for payload in (value, {"choices": [{"message": value}]}, {"choices": [{"message": {"tool_calls": [value]}}]}):
        with suppress(ProviderError):
            decode(json.dumps(payload).encode(), ask())
