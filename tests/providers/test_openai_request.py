"""What is sent: the body of every kind of request, as a snapshot."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from llmspell.errors import InvalidArgument
from llmspell.providers.protocols.chat.request import encode
from llmspell.providers.protocols.translator import Asking
from llmspell.types import Message, ModelRequest, ToolCall, ToolSpec

from .helpers import ask

WEATHER = ToolSpec(
    name="get_weather",
    description="The weather in a city.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CALLS = (
    ToolCall(id="call_1", name="get_weather", arguments={"city": "Köln"}),
    ToolCall(id="call_2", name="get_weather", error="the arguments are not valid JSON"),
)
CONVERSATION = (
    Message(role="system", text="Be brief."),
    Message(role="user", text="Weather in Köln? 🌍"),
    Message(role="assistant", tool_calls=CALLS),
    Message(role="tool", tool_call_id="call_1", name="get_weather", text="12 °C"),
    Message(role="tool", tool_call_id="call_2", name="get_weather", text="arguments?", is_error=True),
    Message(role="assistant", text="It is 12 °C."),
    Message(role="user", text="Thanks"),
)


def body(request: ModelRequest, *, stream: bool = False, official: bool = False) -> Any:
    return json.loads(bytes(encode(request, Asking(stream, official)).body))


@pytest.mark.parametrize(
    ("request_", "stream", "official"),
    [
        (ask(), False, False),
        (ask(), True, False),
        (ask(temperature=0.0, max_tokens=50), False, False),
        (ask(temperature=0.7, max_tokens=50), True, True),
        (ask(tools=(WEATHER, ToolSpec(name="now"))), True, False),
        (ModelRequest(model="gpt-4o-mini", messages=CONVERSATION, tools=(WEATHER,)), True, True),
        (ask(temperature=0.1, parameters={"temperature": 1, "tool_choice": "required", "seed": 7}), False, False),
    ],
    ids=["plain", "stream", "limits", "limits for OpenAI", "tools", "conversation", "parameters come last"],
)
def test_the_body_is_what_was_asked_for_and_no_more(
    request_: ModelRequest, stream: bool, official: bool, snapshot: SnapshotAssertion
) -> None:
    assert body(request_, stream=stream, official=official) == snapshot


@pytest.mark.parametrize("name", ["model", "messages", "stream"])
def test_parameters_cannot_replace_what_has_its_own_place(name: str) -> None:
    with pytest.raises(InvalidArgument, match=f"cannot set '{name}'"):
        body(ask(parameters={name: "x"}))


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("official", [True, False])
def test_a_length_limit_in_parameters_is_the_only_one(name: str, official: bool) -> None:
    sent = body(ask(max_tokens=5, parameters={name: 9}), official=official)
    assert {key: value for key, value in sent.items() if "max" in key} == {name: 9}


def test_stream_options_can_be_set_for_streams_and_are_not_sent_otherwise() -> None:
    request = ask(parameters={"stream_options": {"include_usage": False}})
    assert body(request, stream=True)["stream_options"] == {"include_usage": False}
    assert "stream_options" not in body(request)


def test_frozen_mappings_are_sent_as_objects() -> None:
    frozen = MappingProxyType({"a": MappingProxyType({"b": 1})})
    assert body(ask(parameters={"extra": frozen}))["extra"] == {"a": {"b": 1}}


def nested() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"\xff", "not UTF-8"),
        (float("nan"), "not JSON compliant"),
        (object(), "object is not a JSON value"),
        (nested(), "too deeply"),
    ],
    ids=["bytes", "nan", "object", "nested"],
)
def test_what_json_cannot_say_is_a_wrong_argument(value: object, problem: str) -> None:
    with pytest.raises(InvalidArgument, match=problem):
        body(ask(parameters={"x": value}))


def test_a_lone_surrogate_in_a_message_does_not_break_the_request() -> None:
    assert body(ask("a\ud800b"))["messages"][0]["content"] == "a?b"
