"""What is sent to Gemini: the body of every kind of request, as a snapshot."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from llmspell.content import MediaContent, MediaType
from llmspell.errors import InvalidArgument, InvalidMedia
from llmspell.media.blobs import InMemory
from llmspell.providers.protocols.gemini import TRANSLATOR
from llmspell.providers.protocols.gemini.request import TOP_LEVEL, encode
from llmspell.providers.protocols.translator import Asking, Outgoing
from llmspell.types import Message, ModelRequest, Reasoning, ToolCall, ToolSpec

from .helpers import ask
from .recorded import RECORDINGS, WORDS, hear
from .test_openai_request import CONVERSATION, WEATHER

USER = Message(role="user", text="Hello")


def body(request: ModelRequest, *, stream: bool = False) -> Any:
    return json.loads(bytes(encode(request, Asking(stream)).body))


def sent(request: ModelRequest, *, stream: bool = False) -> Outgoing:
    return encode(request, Asking(stream))


def medium(kind: MediaType, mime: str, data: bytes = b"bytes") -> MediaContent:
    return MediaContent(type=kind, format=mime.partition("/")[2], mime=mime, blob=InMemory(data))


PNG = medium("image", "image/png", b"\x89PNG")
PDF = medium("binary", "application/pdf", b"%PDF")
RESULTS = (
    USER,
    Message(role="assistant", tool_calls=(ToolCall(id="a1", name="photo"), ToolCall(id="call_1", name="photo"))),
    Message(role="tool", tool_call_id="a1", name="photo", text="taken", media=(PNG,)),
    Message(role="tool", tool_call_id="call_1", name="photo", text="no film", is_error=True),
    Message(role="user", text="And now?"),
)


@pytest.mark.parametrize(
    "request_",
    [
        ask(),
        ask(temperature=0.0, max_tokens=50),
        ask(tools=(WEATHER, ToolSpec(name="now"))),
        ModelRequest(model="m", messages=CONVERSATION, tools=(WEATHER,)),
        ModelRequest(model="m", messages=RESULTS),
        ask(schema={"type": "object", "properties": {"n": {"type": "integer"}}}),
        ask(output_modalities=("text", "image")),
        ModelRequest(model="m", messages=(Message(role="user", text="What is this?", media=(PNG, PDF)),)),
        ModelRequest(model="m", messages=(Message(role="user", media=(PNG,)),)),
        ask(
            max_tokens=9,
            parameters={
                "topP": 0.5,
                "maxOutputTokens": 7,
                "thinkingConfig": {"includeThoughts": True},
                "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
                "safetySettings": [],
                "generationConfig": {"seed": 3},
            },
        ),
    ],
    ids=[
        "plain",
        "limits",
        "tools",
        "conversation",
        "results",
        "schema",
        "image wanted",
        "media",
        "media alone",
        "parameters",
    ],
)
def test_the_body_is_what_was_asked_for_and_no_more(request_: ModelRequest, snapshot: SnapshotAssertion) -> None:
    assert body(request_) == body(request_, stream=True) == snapshot


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-3-flash", "/models/gemini-3-flash"),
        ("models/gemini-3-flash", "/models/gemini-3-flash"),
        ("tunedModels/mine-1", "/tunedModels/mine-1"),
        ("gemma@2.1_x", "/models/gemma@2.1_x"),
    ],
)
def test_the_model_stands_in_the_path_and_the_stream_in_the_query(model: str, path: str) -> None:
    whole, streamed = sent(ask(model=model)), sent(ask(model=model), stream=True)
    assert (whole.path, whole.query) == (f"{path}:generateContent", "")
    assert (streamed.path, streamed.query) == (f"{path}:streamGenerateContent", "alt=sse")


@pytest.mark.parametrize(
    "model", ["", "../../v1/files", "a/../b", "a?key=b", "a#b", "a b", "a%2fb", "a\nb", "/a", "a:b"]
)
def test_a_models_name_cannot_lead_to_another_address(model: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot stand in an address"):
        encode(ask(model=model), Asking())


def test_the_key_is_a_header_and_never_part_of_the_address() -> None:
    assert TRANSLATOR.key_headers("secret") == {"x-goog-api-key": "secret"}


@pytest.mark.parametrize("name", ["model", "contents", "systemInstruction"])
def test_parameters_cannot_replace_what_has_its_own_place(name: str) -> None:
    with pytest.raises(InvalidArgument, match=f"cannot set '{name}'"):
        body(ask(parameters={name: "x"}))


@pytest.mark.parametrize("name", sorted(TOP_LEVEL))
def test_parameters_of_the_request_stand_beside_the_config(name: str) -> None:
    request = body(ask(parameters={name: ["x"]}))
    assert (request[name], "generationConfig" in request) == (["x"], False)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (medium("image", "image/gif"), "images of the formats heic, heif, jpeg, png, webp, not image/gif"),
        (medium("binary", "application/zip"), "documents of the formats pdf, not application/zip"),
    ],
)
def test_a_medium_that_gemini_does_not_take_is_refused_before_the_call(given: MediaContent, problem: str) -> None:
    for message in (Message(role="user", media=(given,)), Message(role="tool", name="f", media=(given,))):
        with pytest.raises(InvalidMedia, match=problem):
            encode(ModelRequest(model="m", messages=(message,)), Asking())


def said_again(*parts: dict[str, Any]) -> Any:
    """What goes back to the server of an answer in these parts."""
    answer = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
    reply = TRANSLATOR.decode(json.dumps(answer).encode(), ask(), "")
    said = Message(
        role="assistant",
        text=reply.text,
        tool_calls=reply.tool_calls,
        reasoning=reply.reasoning,
        media=tuple(medium("image", raw.mime, raw.data) for raw in reply.media),
    )
    return body(ModelRequest(model="m", messages=(USER, said)))["contents"][1]["parts"]


SIGNED = {"thoughtSignature": "c2lnbg=="}
CALL = {"functionCall": {"name": "f", "args": {"x": 1}}}
IMAGE = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}


@pytest.mark.parametrize(
    "parts",
    [
        [{"text": "a", **SIGNED}],
        [{"text": "ab"}, {"text": "", **SIGNED}],
        [{"text": "ab"}, {"text": "cd", **SIGNED}, {"text": "ef"}],
        [{"text": "ab", **SIGNED}, {"text": "cd", "thoughtSignature": "b3RoZXI="}],
        [{"text": "hm", "thought": True, **SIGNED}, {"text": "a"}],
        [{**CALL, **SIGNED}, CALL],
        [CALL, {**CALL, **SIGNED}],
        [{"functionCall": {"id": "x7", "name": "f", "args": {}}, **SIGNED}],
        [{"text": "a", **SIGNED}, {**IMAGE, "thoughtSignature": "b3RoZXI="}],
        [{"text": "a"}, {**CALL, **SIGNED}],
    ],
)
def test_every_signature_goes_back_on_the_part_that_it_came_with(parts: list[dict[str, Any]]) -> None:
    assert said_again(*parts) == parts


def test_pieces_without_a_signature_are_one_part_and_unsigned_thoughts_stay_here() -> None:
    thought = {"text": "hm", "thought": True}
    assert said_again(thought, {"text": "a"}, {"text": "b"}, {"text": "", **SIGNED}) == [
        {"text": "ab"},
        {"text": "", **SIGNED},
    ]


def test_a_signed_end_of_a_thought_goes_back_without_its_beginning() -> None:
    parts = said_again({"text": "one ", "thought": True}, {"text": "two", "thought": True, **SIGNED}, {"text": "a"})
    assert parts == [{"text": "two", "thought": True, **SIGNED}, {"text": "a"}]


@pytest.mark.parametrize("recording", [each for each in RECORDINGS if each.kind == "gemini" and each.is_stream])
def test_every_streamed_answer_can_be_said_again(recording: Any) -> None:
    heard = hear(TRANSLATOR, recording.source)
    if heard.error is None:
        reply = heard.reply
        said = Message(role="assistant", text=reply.text, tool_calls=reply.tool_calls, reasoning=reply.reasoning)
        signatures = recording.source.count(b'"thoughtSignature"') - len(reply.media)
        sent_back = json.dumps(body(ModelRequest(model="m", messages=(USER, said)))).count('"thoughtSignature"')
        assert sent_back == max(0, signatures)


def test_thoughts_of_other_protocols_are_left_out() -> None:
    thought = Reasoning(kind="anthropic", text="hm", data={"value": "x", "of": "text", "start": 0, "end": 1})
    said = Message(role="assistant", text="a", reasoning=(thought,))
    assert body(ModelRequest(model="m", messages=(USER, said)))["contents"][1]["parts"] == [{"text": "a"}]


NUMBERS = st.integers(-2, 9) | st.booleans() | st.none() | st.text(max_size=1)
FORGED = st.fixed_dictionaries(
    {},
    optional={
        "value": st.text(max_size=3) | NUMBERS,
        "of": st.sampled_from(["thought", "text", "call", "medium"]) | WORDS,
        "start": NUMBERS,
        "end": NUMBERS,
    },
)


@given(st.lists(FORGED, max_size=4))
def test_no_forged_signature_breaks_the_request_or_changes_the_text(data: list[dict[str, Any]]) -> None:
    reasoning = tuple(Reasoning(kind="gemini", text="hm", data=item) for item in data)
    said = Message(role="assistant", text="abcdef", tool_calls=(ToolCall(id="x", name="f"),), reasoning=reasoning)
    parts = body(ModelRequest(model="m", messages=(USER, said)))["contents"][1]["parts"]
    assert "".join(part["text"] for part in parts if "text" in part and "thought" not in part) == "abcdef"
    assert [part["functionCall"]["name"] for part in parts if "functionCall" in part] == ["f"]
