"""What is sent to a server that speaks Responses: the body of every kind of request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from llmspell.errors import InvalidArgument, InvalidMedia
from llmspell.providers.protocols.responses.request import encode
from llmspell.providers.protocols.translator import Asking
from llmspell.types import Message, ModelRequest, Reasoning, ToolCall, ToolSpec

from .helpers import MP4, NOTES, PDF, PNG, WAV, ask
from .test_openai_request import CONVERSATION, SHOWN_BY_TOOLS, STRICT, WEATHER


def body(request: ModelRequest, *, stream: bool = False) -> Any:
    return json.loads(bytes(encode(request, Asking(stream)).body))


def said(*messages: Message) -> ModelRequest:
    return ModelRequest(model="m", messages=messages)


@pytest.mark.parametrize(
    ("request_", "stream"),
    [
        (ask(), False),
        (ask(temperature=0.0, max_tokens=50), True),
        (ask(tools=(WEATHER, ToolSpec(name="now", parameters=STRICT))), True),
        (ModelRequest(model="m", messages=CONVERSATION, tools=(WEATHER,)), True),
        (ask(schema=STRICT, parameters={"text": {"verbosity": "low"}}), False),
        (ask(schema={"type": "array"}), False),
        (ask(output_modalities=("text", "image")), True),
        (
            ask(output_modalities=("image",), parameters={"tools": [{"type": "image_generation", "size": "auto"}]}),
            False,
        ),
        (ask(parameters={"reasoning": {"effort": "low"}, "include": ["x"], "store": True, "seed": 7}), False),
        (said(Message(role="user", text="Compare", media=(PNG, PDF, NOTES))), False),
        (said(*SHOWN_BY_TOOLS), False),
        (said(Message(role="assistant", text="Here", media=(PNG,)), Message(role="user", text="Bluer")), False),
    ],
    ids=[
        "plain",
        "limits",
        "tools",
        "conversation",
        "a strict schema",
        "another schema",
        "images too",
        "nothing but an image",
        "parameters",
        "media of a user",
        "media of tools",
        "media of an answer",
    ],
)
def test_the_body_is_what_was_asked_for_and_no_more(
    request_: ModelRequest, stream: bool, snapshot: SnapshotAssertion
) -> None:
    assert body(request_, stream=stream) == snapshot


@pytest.mark.parametrize("name", ["model", "input", "instructions", "stream"])
def test_parameters_cannot_replace_what_has_its_own_place(name: str) -> None:
    with pytest.raises(InvalidArgument, match=f"cannot set '{name}'"):
        body(ask(parameters={name: "x"}))


def test_a_length_limit_in_parameters_is_the_only_one() -> None:
    assert body(ask(max_tokens=5, parameters={"max_output_tokens": 9}))["max_output_tokens"] == 9


def test_stream_options_are_sent_for_streams_only() -> None:
    request = ask(parameters={"stream_options": {"include_obfuscation": False}})
    assert body(request, stream=True)["stream_options"] == {"include_obfuscation": False}
    assert "stream_options" not in body(request)


@pytest.mark.parametrize("medium", [WAV, MP4])
def test_a_medium_that_the_protocol_has_no_place_for_is_refused(medium: Any) -> None:
    with pytest.raises(InvalidMedia, match=f"takes text, images, files, not {medium.type}"):
        body(said(Message(role="user", media=(medium,))))


def thought(name: str, place: int) -> Reasoning:
    item = {"type": "reasoning", "id": name, "summary": [], "encrypted_content": f"secret of {name}"}
    return Reasoning(kind="openai-responses", text="hm", data={"item": item, "place": place})


def test_thoughts_go_back_unchanged_each_before_what_followed_from_it() -> None:
    calls = (ToolCall(id="a", name="f"), ToolCall(id="b", name="f"))
    foreign = Reasoning(kind="openai", text="no", data={"field": "reasoning"})
    nothing = Reasoning(kind="openai-responses", text="only shown")
    blocks = (thought("r0", 0), thought("r1", 1), thought("r2", 2), foreign, nothing)
    sent = body(said(Message(role="assistant", text="Let me see.", tool_calls=calls, reasoning=blocks)))["input"]
    assert [item.get("id") or item.get("call_id") or item["content"] for item in sent] == [
        "r0",
        "Let me see.",
        "r1",
        "a",
        "r2",
        "b",
    ]
    assert sent[0] == {"type": "reasoning", "id": "r0", "summary": [], "encrypted_content": "secret of r0"}


def test_a_system_message_later_on_stays_where_it_is() -> None:
    system = Message(role="system", text="Be brief.")
    sent = body(said(system, Message(role="user", text="Hi"), system))
    assert sent["instructions"] == "Be brief."
    assert sent["input"] == [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Be brief."}]
