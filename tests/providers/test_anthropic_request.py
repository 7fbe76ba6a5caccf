"""What is sent to Anthropic's Messages: the body of every kind of request, as a snapshot.

That it is what the vendor's own client sends stands in vendors/test_anthropic.py.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from llmspell.content import MediaContent
from llmspell.errors import InvalidArgument, InvalidMedia
from llmspell.providers.protocols.anthropic.request import MAX_TOKENS, encode
from llmspell.providers.protocols.translator import Asking
from llmspell.types import Message, ModelRequest, Reasoning, ToolCall

from .helpers import NOTES, PDF, PNG, WAV, ask
from .test_openai_request import CONVERSATION, WEATHER


def body(request: ModelRequest, *, stream: bool = False) -> Any:
    return json.loads(bytes(encode(request, Asking(stream)).body))


def user(text: str, *media: MediaContent) -> Message:
    return Message(role="user", text=text, media=media)


def thought(signature: str, *, text: int = 0, calls: int = 0) -> Reasoning:
    block = {"type": "thinking", "thinking": "hm", "signature": signature}
    return Reasoning(kind="anthropic", text="hm", data={"block": block, "text": text, "calls": calls})


@pytest.mark.parametrize(
    ("request_", "stream"),
    [
        (ask(), False),
        (ask(), True),
        (ask(temperature=0.0, max_tokens=50), False),
        (ModelRequest(model="claude-sonnet-5-5", messages=CONVERSATION, tools=(WEATHER,)), True),
        (ask(max_tokens=5, parameters={"max_tokens": 9, "top_k": 3, "thinking": {"type": "adaptive"}}), False),
        (ask(messages=(user("Look.", PNG, PDF, NOTES),)), False),
        (ask(schema={"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}), False),
        (ask(schema={"type": "string"}, parameters={"output_config": {"effort": "low"}}), False),
    ],
    ids=["plain", "stream", "limits", "conversation", "parameters come last", "media", "schema", "schema and effort"],
)
def test_the_body_is_what_was_asked_for_and_no_more(
    request_: ModelRequest, stream: bool, snapshot: SnapshotAssertion
) -> None:
    assert body(request_, stream=stream) == snapshot


@pytest.mark.parametrize("name", ["model", "messages", "system", "stream"])
def test_parameters_cannot_replace_what_has_its_own_place(name: str) -> None:
    with pytest.raises(InvalidArgument, match=f"cannot set '{name}'"):
        body(ask(parameters={name: "x"}))


def test_max_tokens_is_sent_also_where_nobody_says_it() -> None:
    assert body(ask())["max_tokens"] == MAX_TOKENS


def test_messages_of_one_role_in_a_row_are_one_and_empty_ones_are_none() -> None:
    sent = body(
        ask(
            messages=(
                Message(role="system", text="One."),
                user("a"),
                user(" \n"),
                user("b"),
                Message(role="system", text="Two."),
                Message(role="assistant", text=""),
                user("c"),
            )
        )
    )
    assert sent["system"] == "One.\n\nTwo."
    assert sent["messages"] == [{"role": "user", "content": [{"type": "text", "text": t} for t in "abc"]}]


def test_results_of_parallel_calls_and_what_the_user_says_next_are_one_message() -> None:
    calls = (ToolCall(id="a", name="f"), ToolCall(id="b", name="f"))
    results = (
        Message(role="tool", tool_call_id="a", name="f"),
        Message(role="tool", tool_call_id="b", name="f", text="broken", is_error=True, media=(PNG,)),
    )
    _, _, last = body(
        ask(messages=(user("x"), Message(role="assistant", tool_calls=calls), *results, user("and now?")))
    )["messages"]
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "YWJj"}}
    assert last == {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "a"},
            {
                "type": "tool_result",
                "tool_use_id": "b",
                "content": [{"type": "text", "text": "broken"}, image],
                "is_error": True,
            },
            {"type": "text", "text": "and now?"},
        ],
    }


def test_an_error_of_a_tool_that_says_nothing_is_an_empty_result() -> None:
    result = Message(role="tool", tool_call_id="a", name="f", is_error=True)
    (sent,) = body(ask(messages=(result,)))["messages"]
    assert sent["content"] == [{"type": "tool_result", "tool_use_id": "a"}]


def pieces_of(message: Message) -> list[str]:
    _, said = body(ask(messages=(user("x"), message)))["messages"]
    return [block.get("text") or block.get("signature") or block.get("id") for block in said["content"]]


def test_thinking_goes_back_to_where_it_stood() -> None:
    calls = (ToolCall(id="c0", name="f"), ToolCall(id="c1", name="f"))
    reasoning = (thought("s0"), thought("s1", text=3), thought("s2", text=3, calls=1))
    message = Message(role="assistant", text="onetwo", tool_calls=calls, reasoning=reasoning)
    assert pieces_of(message) == ["s0", "one", "s1", "c0", "s2", "two", "c1"]


@pytest.mark.parametrize("place", [-1, 10**30, "3", None, 2.5, True], ids=str)
def test_places_that_a_script_made_up_lose_nothing_and_repeat_nothing(place: Any) -> None:
    reasoning = (thought("s0", text=2), thought("s1", text=place, calls=place))
    message = Message(role="assistant", text="text", tool_calls=(ToolCall(id="c0", name="f"),), reasoning=reasoning)
    sent = pieces_of(message)
    assert "".join(piece for piece in sent if piece[0] not in "sc") == "text"
    assert [piece for piece in sent if piece[0] in "sc"].count("c0") == 1


@pytest.mark.parametrize(
    "reasoning",
    [
        Reasoning(kind="openai", text="hm", data={"block": {"type": "thinking"}}),
        Reasoning(kind="anthropic", text="cut off"),
        Reasoning(kind="anthropic", data={"block": "x"}),
    ],
    ids=["of another protocol", "cut off", "forged"],
)
def test_reasoning_that_cannot_go_back_is_left_out(reasoning: Reasoning) -> None:
    assert pieces_of(Message(role="assistant", text="said", reasoning=(reasoning,))) == ["said"]


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (user("x", WAV), "takes images .*, PDF, text, not audio"),
        (Message(role="tool", tool_call_id="a", media=(WAV,)), "not audio"),
        (Message(role="assistant", text="x", media=(PNG,)), "an answer of the conversation holds media"),
    ],
    ids=["audio", "audio of a tool", "media of an answer"],
)
def test_media_that_the_api_does_not_take_are_refused_before_the_call(message: Message, problem: str) -> None:
    with pytest.raises(InvalidMedia, match=problem):
        body(ask(messages=(user("x"), message)))


def test_a_schema_is_closed_and_what_the_api_does_not_know_is_said_in_words() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "description": "A place.",
        "minProperties": 1,
        "additionalProperties": True,
        "properties": {
            "kind": {"type": "string", "enum": ["city", "village"]},
            "when": {"type": "string", "format": "date"},
            "code": {"type": ["string", "null"], "pattern": "^[A-Z]$", "format": "color"},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 9}, "minItems": 1, "maxItems": 3},
            "twin": {"oneOf": [{"$ref": "#/$defs/place"}, {"type": "null"}]},
        },
        "$defs": {"place": {"type": "object", "properties": {}}},
    }
    assert body(ask(schema=schema))["output_config"]["format"]["schema"] == {
        "type": "object",
        "description": 'A place.\n\n{"minProperties": 1}',
        "additionalProperties": False,
        "properties": {
            "kind": {"enum": ["city", "village"]},
            "when": {"type": "string", "format": "date"},
            "code": {"type": ["string", "null"], "description": '{"pattern": "^[A-Z]$", "format": "color"}'},
            "tags": {
                "type": "array",
                "items": {"type": "string", "description": '{"maxLength": 9}'},
                "minItems": 1,
                "description": '{"maxItems": 3}',
            },
            "twin": {"anyOf": [{"$ref": "#/$defs/place"}, {"type": "null"}]},
        },
        "$defs": {"place": {"type": "object", "properties": {}, "additionalProperties": False}},
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "properties": {}, "additionalProperties": {"type": "integer"}},
        {"type": "object", "properties": {}, "patternProperties": {"^x": {}}},
        {"type": "array", "items": {"type": ["object", "null"]}},
    ],
    ids=["any object", "a map", "patterns", "inside"],
)
def test_a_schema_with_keys_that_nobody_names_is_refused_with_advice(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match="cannot enforce") as caught:
        body(ask(schema=schema))
    assert "`properties`" in caught.value.hint


def test_the_version_goes_as_a_header() -> None:
    assert encode(ask(), Asking()).headers == {"anthropic-version": "2023-06-01"}
