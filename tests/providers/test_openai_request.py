"""What is sent: the body of every kind of request, as a snapshot."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from llmspell.errors import InvalidArgument, InvalidMedia
from llmspell.providers.protocols.chat.request import encode
from llmspell.providers.protocols.translator import Asking
from llmspell.types import Message, ModelRequest, Reasoning, ToolCall, ToolSpec

from .helpers import MP4, NOTES, PDF, PNG, WAV, ask, medium

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


STRICT = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
MISTRAL = "api.mistral.ai:443"


def body(request: ModelRequest, *, stream: bool = False, official: bool = False, host: str = "") -> Any:
    return json.loads(bytes(encode(request, Asking(stream, official, host)).body))


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


def said(*messages: Message) -> ModelRequest:
    return ModelRequest(model="m", messages=messages)


@pytest.mark.parametrize("host", ["", MISTRAL], ids=["others", "Mistral"])
def test_what_a_user_shows_is_in_the_message(host: str, snapshot: SnapshotAssertion) -> None:
    request = said(Message(role="user", text="Compare", media=(PNG, WAV, PDF, NOTES)))
    assert body(request, host=host, stream=True) == snapshot


def test_a_message_may_be_nothing_but_a_medium() -> None:
    sent = body(said(Message(role="user", media=(PNG,))))["messages"]
    assert sent == [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}}]}
    ]


SHOWN_BY_TOOLS = (
    Message(role="user", text="Draw both"),
    Message(
        role="assistant",
        tool_calls=(ToolCall(id="a", name="chart"), ToolCall(id="b", name="chart"), ToolCall(id="c", name="now")),
    ),
    Message(role="tool", tool_call_id="a", name="chart", text="done", media=(PNG,)),
    Message(role="tool", tool_call_id="b", name="chart", text="done", media=(PNG, PDF)),
    Message(role="tool", tool_call_id="c", name="now", text="12:00"),
)


def test_what_a_tool_shows_follows_all_results_of_the_turn(snapshot: SnapshotAssertion) -> None:
    assert body(said(*SHOWN_BY_TOOLS))["messages"] == snapshot


def test_what_an_answer_shows_goes_into_the_next_message_of_the_user(snapshot: SnapshotAssertion) -> None:
    answer = Message(role="assistant", text="Here", media=(PNG, WAV))
    request = said(Message(role="user", text="Draw"), answer, Message(role="user", text="Bluer"))
    assert body(request)["messages"] == snapshot


@pytest.mark.parametrize(
    ("shown", "official", "host", "problem"),
    [
        (MP4, True, "", "takes text, images, audio, files, not video"),
        (MP4, False, MISTRAL, "not video"),
        (medium("audio", "flac", "audio/flac"), True, "", r"takes audio as wav, audio as mp3, not audio \(flac\)"),
    ],
)
def test_a_medium_that_a_server_has_no_place_for_is_refused(
    shown: Any, official: bool, host: str, problem: str
) -> None:
    with pytest.raises(InvalidMedia, match=problem):
        body(said(Message(role="user", media=(shown,))), official=official, host=host)


def test_a_server_of_ones_own_may_take_what_openai_does_not() -> None:
    flac = medium("audio", "flac", "audio/flac")
    parts = body(said(Message(role="user", media=(MP4, flac))))["messages"][0]["content"]
    assert parts == [
        {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,YWJj"}},
        {"type": "input_audio", "input_audio": {"data": "YWJj", "format": "flac"}},
    ]


@pytest.mark.parametrize(
    ("stream", "parameters", "expected"),
    [
        (False, {}, {"voice": "alloy", "format": "wav"}),
        (True, {}, {"voice": "alloy", "format": "pcm16"}),
        (True, {"audio": {"voice": "ash", "format": "mp3"}}, {"voice": "ash", "format": "mp3"}),
    ],
)
def test_audio_that_is_asked_for_has_a_voice_and_a_format(
    stream: bool, parameters: dict[str, Any], expected: dict[str, str]
) -> None:
    sent = body(ask(output_modalities=("text", "audio"), parameters=parameters), stream=stream)
    assert (sent["modalities"], sent["audio"]) == (["text", "audio"], expected)


def test_images_that_are_asked_for_are_a_modality() -> None:
    sent = body(ask(output_modalities=("image", "text")))
    assert sent["modalities"] == ["image", "text"]
    assert "audio" not in sent


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"field": "reasoning_content"}, {"content": None, "reasoning_content": "hm"}),
        ({"field": "reasoning"}, {"content": None, "reasoning": "hm"}),
        (
            {"field": "reasoning_details", "blocks": [{"type": "reasoning.encrypted", "data": "x"}]},
            {"content": None, "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]},
        ),
        (
            {"field": "content", "signature": "s"},
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "s"}]},
        ),
        ({}, {"content": None}),
    ],
    ids=["DeepSeek", "Groq", "OpenRouter", "Mistral", "none"],
)
def test_thoughts_go_back_while_tools_are_answered_as_they_came(data: dict[str, Any], fields: dict[str, Any]) -> None:
    thought = Reasoning(kind="openai", text="hm", data=data)
    foreign = Reasoning(kind="anthropic", text="no", data={"signature": "x"})
    calls = (ToolCall(id="a", name="now"),)
    turn = (
        Message(role="user", text="Time?"),
        Message(role="assistant", tool_calls=calls, reasoning=(foreign, thought)),
        Message(role="tool", tool_call_id="a", name="now", text="12:00"),
    )
    sent = body(said(*turn))["messages"][1]
    assert {name: value for name, value in sent.items() if name not in ("role", "tool_calls")} == fields
    assert body(said(*turn), official=True)["messages"][1]["content"] is None
    later = (*turn, Message(role="assistant", text="Noon"), Message(role="user", text="Thanks"))
    assert set(body(said(*later))["messages"][1]) == {"role", "content", "tool_calls"}


def test_strict_is_said_to_openai_where_the_schema_qualifies() -> None:
    tools = (ToolSpec(name="f", parameters=STRICT), ToolSpec(name="g", parameters=WEATHER.parameters))
    sent = body(ask(tools=tools, schema=STRICT), official=True)
    assert sent["response_format"]["json_schema"] == {"name": "answer", "schema": STRICT, "strict": True}
    assert [tool["function"].get("strict") for tool in sent["tools"]] == [True, None]
    assert "strict" not in body(ask(schema=WEATHER.parameters), official=True)["response_format"]["json_schema"]
    assert "strict" not in body(ask(schema=STRICT))["response_format"]["json_schema"]
