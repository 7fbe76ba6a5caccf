"""Our requests beside those of Ollama's own client (0.6) for the same input.

Bodies are equal, headers but for HEADERS: the table of where we differ, and why.
"""

from __future__ import annotations

from typing import Any

import ollama
import pytest
from pydantic import BaseModel

from llmspell.content import MediaContent
from llmspell.media.blobs import InMemory
from llmspell.types import Message, ToolSpec

from ..helpers import ask
from ..loopback import Handler, answer, stream
from ..recorded import HERE
from .sent import KEY, caught, headers, ours

RECORDED = HERE / "ollama"
NDJSON = "application/x-ndjson"
MODEL = "qwen3:8b"
HELLO = [{"role": "user", "content": "Hello"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = ToolSpec(name="get_weather", description="The weather in a city.", parameters=SCHEMA)
THEIR_WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather in a city.", "parameters": SCHEMA},
}
HEADERS = {
    # name: (theirs, ours, why)
    "accept": ("application/json", NDJSON, "what a stream is"),
    "accept-encoding": ("gzip, deflate", "identity", "compressing would hold back a stream's chunks; else gzip alone"),
}
UNCOMPARED = ("host", "connection", "content-length", "user-agent", "transfer-encoding")


class Place(BaseModel):
    name: str
    inhabitants: int


def whole(name: str) -> Handler:
    return answer(200, (RECORDED / f"{name}.json").read_bytes(), content_type="application/json")


def streamed(name: str) -> Handler:
    """Not of "text": the client cuts JSON in two at its U+2028."""
    return stream((RECORDED / f"{name}.ndjson").read_bytes(), content_type=NDJSON)


def chat(url: str, *, stream: bool = False, **given: Any) -> Any:
    asked: Any = {"model": MODEL, "messages": HELLO, "stream": stream} | given
    with ollama.Client(host=url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        made = client.chat(**asked)
        return list(made) if stream else made


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "system": (
        {"messages": (Message(role="system", text="Be brief."), Message(role="user", text="Hello"))},
        {"messages": [{"role": "system", "content": "Be brief."}, *HELLO]},
    ),
    "limits": ({"max_tokens": 9, "temperature": 0.5}, {"options": {"num_predict": 9, "temperature": 0.5}}),
    "parameters": (
        {"parameters": {"seed": 7, "top_k": 3, "options": {"num_ctx": 512}, "think": "low", "keep_alive": "5m"}},
        {"options": {"seed": 7, "top_k": 3, "num_ctx": 512}, "think": "low", "keep_alive": "5m"},
    ),
    "schema": ({"schema": Place.model_json_schema()}, {"format": Place.model_json_schema()}),
    "tools": ({"tools": (WEATHER,)}, {"tools": [THEIR_WEATHER]}),
    "image": (
        {
            "messages": (
                Message(
                    role="user",
                    text="What?",
                    media=(MediaContent(type="image", format="png", mime="image/png", blob=InMemory(b"\x89PNG")),),
                ),
            )
        },
        {"messages": [{"role": "user", "content": "What?", "images": [b"\x89PNG"]}]},
    ),
}


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("mine", "given"), CASES.values(), ids=CASES)
def test_the_body_is_what_the_client_sends(mine: dict[str, Any], given: dict[str, Any], streaming: bool) -> None:
    handler = streamed("thinking_and_tools") if streaming else whole("text")
    their, _ = caught(handler, lambda url: chat(url, stream=streaming, **given))
    our, _ = ours("ollama", handler, ask(**({"model": MODEL} | mine)), stream=streaming)
    assert our.json == without_defaults(their.json)
    assert (our.method, our.path) == (their.method, their.path) == ("POST", "/api/chat")


def without_defaults(body: Any) -> Any:
    """The client writes out that there are no tools, where there are none."""
    return {name: value for name, value in body.items() if name != "tools" or value}


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "stream"])
def test_the_headers_differ_where_the_table_says_so(streaming: bool) -> None:
    handler = streamed("thinking_and_tools") if streaming else whole("text")
    their, _ = caught(handler, lambda url: chat(url, stream=streaming))
    our, _ = ours("ollama", handler, ask(model=MODEL), stream=streaming)
    expected = headers(their, UNCOMPARED)
    for name, (client_sends, we_send, _) in HEADERS.items():
        assert expected[name] == client_sends
        expected[name] = we_send if streaming else our.headers[name]
    assert headers(our, UNCOMPARED) == expected


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "stream"])
def test_an_answer_and_the_results_of_its_calls_go_back_as_the_client_sends_them(streaming: bool) -> None:
    handler = streamed("thinking_and_tools") if streaming else whole("tools")
    _, made = caught(handler, lambda url: chat(url, stream=streaming))
    _, reply = ours("ollama", handler, ask(model=MODEL), stream=streaming)
    said: Any = joined(made) if streaming else made.message
    results = [{"role": "tool", "content": "snow", "tool_name": call.function.name} for call in said.tool_calls]
    messages = [*HELLO, said, *results]
    their, _ = caught(whole("text"), lambda url: chat(url, messages=messages))
    our, _ = ours(
        "ollama",
        whole("text"),
        ask(
            model=MODEL,
            messages=(
                Message(role="user", text="Hello"),
                Message(role="assistant", text=reply.text, tool_calls=reply.tool_calls, reasoning=reply.reasoning),
                *(Message(role="tool", text="snow", tool_call_id=call.id, name=call.name) for call in reply.tool_calls),
            ),
        ),
    )
    assert our.json == without_defaults(their.json)


def joined(chunks: list[Any]) -> ollama.Message:
    """As the client's documentation puts the chunks of a stream together."""
    return ollama.Message(
        role="assistant",
        content="".join(chunk.message.content or "" for chunk in chunks),
        thinking="".join(chunk.message.thinking or "" for chunk in chunks),
        tool_calls=[call for chunk in chunks for call in chunk.message.tool_calls or ()],
    )


def test_no_key_is_needed() -> None:
    our, reply = ours("ollama", whole("text"), ask(), api_key_env=None)
    assert reply.text == "Hello there"
    assert "authorization" not in our.headers
