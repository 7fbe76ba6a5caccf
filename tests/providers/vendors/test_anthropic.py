"""Our requests beside those of Anthropic's own client (2.x) for the same input.

Bodies are equal but for BODY and NOTES, headers but for HEADERS: the tables of where we differ, and why.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any, Literal

import anthropic
import pytest
from pydantic import BaseModel, Field

from llmspell.content import MediaContent
from llmspell.media.blobs import InMemory
from llmspell.types import Message, ModelReply, ModelRequest, ToolCall, ToolSpec

from ..helpers import ask
from ..loopback import Handler, answer, stream
from ..recorded import HERE
from .sent import KEY, caught, headers, ours

RECORDED: Path = HERE / "anthropic"
MODEL = "claude-sonnet-5-5"
HELLO: Any = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = ToolSpec(name="get_weather", description="The weather in a city.", parameters=SCHEMA)
THEIR_WEATHER = {"name": "get_weather", "description": "The weather in a city.", "input_schema": SCHEMA}


HEADERS = {
    # name: (theirs, ours, why)
    "authorization": (f"Bearer {KEY}", None, "the API takes both ways, and servers that are compatible know the other"),
    "x-api-key": (None, KEY, "see authorization"),
    "anthropic-version": ("2026-10-21", "2023-06-01", "the newer version refuses `temperature`, which manifests set"),
}
UNCOMPARED = ("host", "connection", "content-length", "user-agent", "accept", "x-stainless")
"""What every HTTP client writes its own way, and the client's figures about itself, which we have no use for."""
BODY = {
    # what: (theirs, ours, why)
    "a text alone": ("Hello", HELLO[0]["content"], "the API documents both as the same, and one way is enough"),
}
NOTES = {
    # what a schema has more, in its description: (theirs, ours, why)
    "minimum": ("{minimum: 1}", '{"minimum": 1}', "JSON, as the rest of the schema"),
    "default": ("{default: None}", '{"default": null}', "see minimum"),
    "maxItems": ("{maxItems: 3}", '{"maxItems": 3}', "see minimum"),
}


def whole(name: str) -> Handler:
    return answer(200, (RECORDED / f"{name}.json").read_bytes(), content_type="application/json")


def streamed(name: str) -> Handler:
    return stream((RECORDED / f"{name}.sse").read_bytes())


def client(url: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key=KEY, base_url=url, max_retries=0)


def create(url: str, **given: Any) -> Any:
    asked: Any = {"model": MODEL, "max_tokens": 100, "messages": HELLO} | given
    with client(url) as made:
        return made.messages.create(**asked)


def medium(kind: Any, mime: str, data: bytes, filename: str | None = None) -> MediaContent:
    return MediaContent(type=kind, format=mime.partition("/")[2], mime=mime, blob=InMemory(data), filename=filename)


def picture(data: bytes, mime: str = "image/png") -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": mime, "data": encoded(data)}}


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "system": (
        {"messages": (Message(role="system", text="Be brief."), Message(role="user", text="Hello"))},
        {"system": "Be brief."},
    ),
    "tools": (
        {"tools": (WEATHER,), "parameters": {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}}},
        {"tools": [THEIR_WEATHER], "tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
    ),
    "parameters": (
        {
            "parameters": {
                "thinking": {"type": "adaptive"},
                "stop_sequences": ["END"],
                "metadata": {"user_id": "u"},
                "output_config": {"effort": "low"},
                "cache_control": {"type": "ephemeral"},
            }
        },
        {
            "thinking": {"type": "adaptive"},
            "stop_sequences": ["END"],
            "metadata": {"user_id": "u"},
            "output_config": {"effort": "low"},
            "cache_control": {"type": "ephemeral"},
        },
    ),
    "temperature": ({"temperature": 0.5}, {"extra_body": {"temperature": 0.5}}),
    "image": (
        {"messages": (Message(role="user", text="What?", media=(medium("image", "image/png", b"\x89PNG"),)),)},
        {"messages": [{"role": "user", "content": [picture(b"\x89PNG"), {"type": "text", "text": "What?"}]}]},
    ),
    "documents": (
        {
            "messages": (
                Message(
                    role="user",
                    text="Compare.",
                    media=(
                        medium("binary", "application/pdf", b"%PDF", "a.pdf"),
                        medium("text", "text/plain", "Grüße".encode()),
                    ),
                ),
            )
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "document",
                            "source": {"type": "base64", "media_type": "application/pdf", "data": encoded(b"%PDF")},
                            "title": "a.pdf",
                        },
                        {
                            "type": "document",
                            "source": {"type": "text", "media_type": "text/plain", "data": "Grüße"},
                        },
                        {"type": "text", "text": "Compare."},
                    ],
                }
            ]
        },
    ),
}


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("mine", "given"), CASES.values(), ids=CASES)
def test_the_body_is_what_the_client_sends(mine: dict[str, Any], given: dict[str, Any], streaming: bool) -> None:
    handler = streamed("text") if streaming else whole("text")
    their, _ = caught(handler, lambda url: create(url, **given, **({"stream": True} if streaming else {})))
    asked: dict[str, Any] = {"model": MODEL, "max_tokens": 100} | mine
    our, _ = ours("anthropic", handler, ask(**asked), stream=streaming)
    assert our.json == their.json
    assert (our.method, our.path) == (their.method, their.path) == ("POST", "/v1/messages")


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "stream"])
def test_the_headers_differ_where_the_table_says_so(streaming: bool) -> None:
    handler = streamed("text") if streaming else whole("text")
    their, _ = caught(handler, lambda url: create(url, stream=streaming))
    our, _ = ours("anthropic", handler, ask(model=MODEL), stream=streaming)
    expected = headers(their, UNCOMPARED)
    for name, (client_sends, we_send, _) in HEADERS.items():
        assert expected.pop(name, None) == client_sends
        expected |= {} if we_send is None else {name: we_send}
    assert headers(our, UNCOMPARED) == expected
    assert our.headers["accept"] == ("text/event-stream" if streaming else "application/json")


def test_a_text_alone_is_a_list_of_one_block() -> None:
    their, _ = caught(whole("text"), lambda url: create(url, messages=[{"role": "user", "content": "Hello"}]))
    our, _ = ours("anthropic", whole("text"), ask())
    sent = [request.json["messages"][0]["content"] for request in (their, our)]
    assert sent == list(BODY["a text alone"][:2])


def test_the_version_is_the_one_that_the_manifest_names() -> None:
    our, _ = ours("anthropic", whole("text"), ask(), headers={"Anthropic-Version": "2026-10-21", "anthropic-beta": "x"})
    assert (our.headers["anthropic-version"], our.headers["anthropic-beta"]) == ("2026-10-21", "x")


def next_turn(reply: ModelReply) -> ModelRequest:
    """What an agent asks next, when all calls of the reply have their results."""
    said = Message(role="assistant", text=reply.text, tool_calls=reply.tool_calls, reasoning=reply.reasoning)
    results = (
        Message(role="tool", text="snow", tool_call_id=reply.tool_calls[0].id, name="get_weather"),
        Message(
            role="tool",
            text="no such city",
            tool_call_id=reply.tool_calls[1].id,
            name="get_weather",
            is_error=True,
            media=(medium("image", "image/jpeg", b"\xff\xd8"),),
        ),
    )
    return ask(
        model=MODEL, max_tokens=100, messages=(Message(role="user", text="Hello"), said, *results), tools=(WEATHER,)
    )


def their_next_turn(message: Any, drop: dict[str, Any]) -> list[Any]:
    """What the client's documentation says to send: the content as it came, and all results in one message."""
    calls = [block.id for block in message.content if block.type == "tool_use"]
    text = {"type": "text", "text": "no such city"}
    content: list[Any] = [block.model_dump(exclude_unset=True) for block in message.content]
    for block in content:
        for name in drop.get(block["type"], ()):
            block.pop(name, None)
    results = [
        {"type": "tool_result", "tool_use_id": calls[0], "content": "snow"},
        {
            "type": "tool_result",
            "tool_use_id": calls[1],
            "content": [text, picture(b"\xff\xd8", "image/jpeg")],
            "is_error": True,
        },
    ]
    return [*HELLO, {"role": "assistant", "content": content}, {"role": "user", "content": results}]


@pytest.mark.parametrize("recording", ["thinking_between_tools", "parallel_tools"])
def test_a_streamed_answer_goes_back_block_by_block_as_the_client_sends_it(recording: str) -> None:
    def read(url: str) -> Any:
        with client(url) as made, made.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as events:
            return events.get_final_message()

    _, message = caught(streamed(recording), read)
    _, reply = ours("anthropic", streamed(recording), ask(model=MODEL), stream=True)
    messages = their_next_turn(message, {"text": ("parsed_output",)})
    their, _ = caught(whole("text"), lambda url: create(url, messages=messages, tools=[THEIR_WEATHER]))
    our, _ = ours("anthropic", whole("text"), next_turn(reply))
    assert our.json == their.json


def test_a_whole_answer_goes_back_block_by_block_as_the_client_sends_it() -> None:
    _, message = caught(whole("thinking_and_tools"), create)
    _, reply = ours("anthropic", whole("thinking_and_tools"), ask(model=MODEL))
    messages = their_next_turn(message, {})
    their, _ = caught(whole("text"), lambda url: create(url, messages=messages, tools=[THEIR_WEATHER]))
    our, _ = ours("anthropic", whole("text"), next_turn(reply))
    assert our.json == their.json


def test_blocks_of_the_servers_own_tools_go_back_too() -> None:
    _, reply = ours("anthropic", streamed("server_tool_paused"), ask(), stream=True)
    said = Message(role="assistant", text=reply.text, reasoning=reply.reasoning)
    our, _ = ours("anthropic", whole("text"), ask(messages=(Message(role="user", text="Hello"), said)))
    kinds = [block["type"] for block in our.json["messages"][1]["content"]]
    assert kinds == ["text", "server_tool_use", "web_search_tool_result", "text"]


class Place(BaseModel):
    """Where it is."""

    name: str = Field(description="Its name.")
    kind: Literal["city", "village"]
    inhabitants: Annotated[int, Field(ge=1)]
    twin: Place | None = None
    nearest: Place = Field(description="On the same river.")
    tags: list[str] = Field(default_factory=list, max_length=3)


def test_a_schema_is_what_the_client_makes_of_it() -> None:
    handler = answer(200, (RECORDED / "text.json").read_bytes().replace(b"Hi, I am ", b"null").replace(b"Claude.", b""))

    def parse(url: str) -> None:
        with (
            client(url) as made,
            pytest.raises(ValueError, match="validation error"),
        ):  # the recorded answer is no place
            made.messages.parse(model=MODEL, max_tokens=100, messages=HELLO, output_format=Place)

    their, _ = caught(handler, parse)
    our, _ = ours("anthropic", handler, ask(model=MODEL, max_tokens=100, schema=Place.model_json_schema()))
    assert our.json == noted(their.json)


def noted(value: Any) -> Any:
    """As we say it."""
    if isinstance(value, dict):
        return {key: noted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [noted(item) for item in value]
    return next((our for their, our, _ in NOTES.values() if their == value), value)


def test_a_tool_call_from_another_server_gets_an_id_that_the_api_takes() -> None:
    call = ToolCall(id="functions.get_weather:0", name="get_weather")
    messages = (
        Message(role="user", text="Hello"),
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", tool_call_id=call.id, name=call.name, text="snow"),
    )
    our, _ = ours("anthropic", whole("text"), ask(messages=messages))
    _, said, result = our.json["messages"]
    assert said["content"][0]["id"] == result["content"][0]["tool_use_id"] == "functions_get_weather_0"
