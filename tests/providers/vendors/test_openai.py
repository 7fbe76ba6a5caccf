"""Chat completions and Responses beside OpenAI's own client: the same conversation, typed by its types, sent by both.

DIFFERENCES is the whole list of where we differ, each with its reason.
"""

from __future__ import annotations

from typing import Any, Literal

import pytest
from openai import OpenAI, pydantic_function_tool
from openai.lib._pydantic import to_strict_json_schema
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from openai.types.responses import FunctionToolParam, ResponseInputParam
from pydantic import BaseModel

from llmspell.providers.protocols import chat, responses
from llmspell.providers.protocols.strict import is_strict
from llmspell.providers.protocols.translator import Asking, Translator
from llmspell.types import Message, ModelRequest, ToolCall, ToolSpec

from ..helpers import PDF, PNG, WAV, ask
from ..loopback import Handler, answer, stream
from ..recorded import RECORDINGS
from .compare import ABSENT, Difference, differences, received, sent

DIFFERENCES: dict[str, str] = {
    "store": "We tell the server to keep nothing; the client leaves it to the server, which keeps answers for 30 days.",
    "stream": "The client's `parse` says that it does not stream; without the field no server does.",
    "response_format.json_schema.name": "The client takes the class's name; we have none, and say `answer`.",
    "text.format.name": "As in chat completions.",
    "messages.*.refusal": "A refusal is the answer's text, so it goes back as that; null says nothing.",
    "input.*.id": "Ids of items mean something only to a server that keeps them; a thought's goes with its encryption.",
    "input.*.status": "So does their status, which is always completed.",
    "input.*.type": "A message needs no type: the client's own short form of it has none either.",
    "input.*.content": "An answer's text goes back in that short form, too.",
}


def allowed(found: dict[str, Difference] | Any) -> set[str]:
    """The paths of the differences, with * for numbers."""
    return {".".join("*" if part.isdigit() else part for part in path.split(".")) for path in found}


def recorded(kind: str, name: str) -> bytes:
    return next(each.source for each in RECORDINGS if (each.kind, each.name, each.is_stream) == (kind, name, False))


def client(url: str) -> OpenAI:
    return OpenAI(api_key="sk-test", base_url=f"{url}/v1", max_retries=0)


def served(kind: str, name: str = "text") -> Handler:
    return answer(200, recorded(kind, name), content_type="application/json")


def theirs_of(handler: Handler, use: Any) -> Any:
    """The JSON of the last request."""
    return received(handler, lambda url: use(client(url)))[-1].json


def ours_of(translator: Translator, request: ModelRequest, *, streaming: bool = False) -> Any:
    return sent(translator, request, Asking(stream=streaming, official=True))


class Forecast(BaseModel):
    city: str
    degrees: float
    sky: Literal["clear", "grey"]


class Lookup(BaseModel):
    """The weather in a city."""

    city: str


SCHEMA = to_strict_json_schema(Forecast)
LOOKUP = ToolSpec(name="Lookup", description="The weather in a city.", parameters=to_strict_json_schema(Lookup))
LOOSE = {"type": "object", "properties": {"city": {"type": "string"}}}


def test_the_schemas_that_the_client_calls_strict_are_strict_to_us() -> None:
    assert is_strict(SCHEMA)
    assert is_strict(LOOKUP.parameters)


# Chat completions

CHAT: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}},
            {"type": "input_audio", "input_audio": {"data": "YWJj", "format": "wav"}},
            {"type": "file", "file": {"filename": "plan.pdf", "file_data": "data:application/pdf;base64,YWJj"}},
        ],
    },
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "Lookup", "arguments": '{"city":"Köln"}'}}
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "12 °C"},
    {"role": "assistant", "content": "It is 12 °C."},
    {"role": "user", "content": "Thanks"},
]
OURS = (
    Message(role="system", text="Be brief."),
    Message(role="user", text="What is this?", media=(PNG, WAV, PDF)),
    Message(role="assistant", tool_calls=(ToolCall(id="call_1", name="Lookup", arguments={"city": "Köln"}),)),
    Message(role="tool", tool_call_id="call_1", name="Lookup", text="12 °C"),
    Message(role="assistant", text="It is 12 °C."),
    Message(role="user", text="Thanks"),
)
CHAT_TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {"name": "f", "description": "Does.", "parameters": dict(LOOSE)},
}


def test_chat_a_conversation_with_media_and_tools() -> None:
    theirs = theirs_of(
        served("openai"),
        lambda openai: openai.chat.completions.create(
            model="gpt-x",
            messages=CHAT,
            tools=[pydantic_function_tool(Lookup), CHAT_TOOL],
            temperature=0.5,
            max_completion_tokens=100,
        ),
    )
    tools = (LOOKUP, ToolSpec(name="f", description="Does.", parameters=LOOSE))
    request = ModelRequest(model="gpt-x", messages=OURS, tools=tools, temperature=0.5, max_tokens=100)
    assert differences(ours_of(chat.TRANSLATOR, request), theirs) == {}


def test_chat_a_stream_with_audio() -> None:
    source = next(
        each.source for each in RECORDINGS if (each.kind, each.name, each.is_stream) == ("openai", "audio", True)
    )
    theirs = theirs_of(
        stream(source),
        lambda openai: list(
            openai.chat.completions.create(
                model="gpt-x",
                messages=[{"role": "user", "content": "Hello"}],
                modalities=["text", "audio"],
                audio={"voice": "alloy", "format": "pcm16"},
                stream=True,
                stream_options={"include_usage": True},
            )
        ),
    )
    request = ask(model="gpt-x", output_modalities=("text", "audio"))
    assert differences(ours_of(chat.TRANSLATOR, request, streaming=True), theirs) == {}


def test_chat_a_structured_answer() -> None:
    reply = (
        b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",'
    )
    reply += b'"message":{"role":"assistant","content":"{\\"city\\":\\"a\\",\\"degrees\\":1,\\"sky\\":\\"grey\\"}"}}]}'
    theirs = theirs_of(
        answer(200, reply, content_type="application/json"),
        lambda openai: openai.chat.completions.parse(
            model="gpt-x", messages=[{"role": "user", "content": "Hello"}], response_format=Forecast
        ),
    )
    found = differences(ours_of(chat.TRANSLATOR, ask(model="gpt-x", schema=SCHEMA)), theirs)
    assert found == {"stream": (ABSENT, False), "response_format.json_schema.name": ("answer", "Forecast")}
    assert allowed(found) <= DIFFERENCES.keys()


def test_chat_an_answer_given_back() -> None:
    def use(openai: OpenAI) -> None:
        said: list[Any] = [{"role": "user", "content": "Weather?"}]
        reply = openai.chat.completions.create(model="gpt-x", messages=said)
        message = reply.choices[0].message
        said.append(message)
        said += [{"role": "tool", "tool_call_id": call.id, "content": "12 °C"} for call in message.tool_calls or ()]
        openai.chat.completions.create(model="gpt-x", messages=said)

    theirs = theirs_of(served("openai", "parallel_tools"), use)
    found = differences(ours_of(chat.TRANSLATOR, tool_loop(chat.TRANSLATOR, "parallel_tools")), theirs)
    assert found == {"messages.1.refusal": (ABSENT, None)}
    assert allowed(found) <= DIFFERENCES.keys()


def tool_loop(translator: Translator, name: str) -> ModelRequest:
    """The second turn of a conversation whose first was answered with this recording."""
    reply = translator.decode(recorded(translator.kind, name), ask(), "")
    turn = Message(role="assistant", text=reply.text, tool_calls=reply.tool_calls, reasoning=reply.reasoning)
    results = [Message(role="tool", tool_call_id=call.id, name=call.name, text="12 °C") for call in reply.tool_calls]
    return ModelRequest(model="gpt-x", messages=(Message(role="user", text="Weather?"), turn, *results))


# Responses

INPUT: ResponseInputParam = [
    {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": "data:image/png;base64,YWJj", "detail": "auto"},
            {"type": "input_file", "filename": "plan.pdf", "file_data": "data:application/pdf;base64,YWJj"},
        ],
    },
    {"type": "function_call", "call_id": "call_1", "name": "Lookup", "arguments": '{"city":"Köln"}'},
    {
        "type": "function_call_output",
        "call_id": "call_1",
        "output": [
            {"type": "input_text", "text": "12 °C"},
            {"type": "input_image", "image_url": "data:image/png;base64,YWJj", "detail": "auto"},
        ],
    },
    {"role": "assistant", "content": "It is 12 °C."},
    {"role": "user", "content": "Thanks"},
]
LOOSE_TOOL: FunctionToolParam = {
    "type": "function",
    "name": "f",
    "description": "Does.",
    "parameters": dict(LOOSE),
    "strict": False,
}


def test_responses_a_conversation_with_media_and_tools() -> None:
    theirs = theirs_of(
        served("openai-responses"),
        lambda openai: openai.responses.create(
            model="gpt-x",
            instructions="Be brief.",
            input=INPUT,
            tools=[LOOSE_TOOL],
            temperature=0.5,
            max_output_tokens=100,
            reasoning={"effort": "low", "summary": "auto"},
            include=["reasoning.encrypted_content"],
            store=False,
        ),
    )
    system, shown, called, result, *rest = OURS
    shown = Message(role="user", text=shown.text, media=(PNG, PDF))
    result = Message(role="tool", tool_call_id="call_1", name="Lookup", text=result.text, media=(PNG,))
    request = ModelRequest(
        model="gpt-x",
        messages=(system, shown, called, result, *rest),
        tools=(ToolSpec(name="f", description="Does.", parameters=LOOSE),),
        temperature=0.5,
        max_tokens=100,
        parameters={"reasoning": {"effort": "low", "summary": "auto"}},
    )
    assert differences(ours_of(responses.TRANSLATOR, request), theirs) == {}


def test_responses_a_structured_answer() -> None:
    source = recorded("openai-responses", "text").replace(
        '"Hi there 👋"'.encode(), b'"{\\"city\\":\\"a\\",\\"degrees\\":1,\\"sky\\":\\"grey\\"}"'
    )
    theirs = theirs_of(
        answer(200, source, content_type="application/json"),
        lambda openai: openai.responses.parse(
            model="gpt-x", input=[{"role": "user", "content": "Hello"}], text_format=Forecast
        ),
    )
    found = differences(ours_of(responses.TRANSLATOR, ask(model="gpt-x", schema=SCHEMA)), theirs)
    assert found == {"store": (False, ABSENT), "text.format.name": ("answer", "Forecast")}
    assert allowed(found) <= DIFFERENCES.keys()


def test_responses_a_stream_with_an_image() -> None:
    source = next(
        each.source for each in RECORDINGS if (each.kind, each.name) == ("openai-responses", "image_with_partial")
    )
    theirs = theirs_of(
        stream(source),
        lambda openai: list(
            openai.responses.create(
                model="gpt-x",
                input=[{"role": "user", "content": "Hello"}],
                tools=[{"type": "image_generation"}],
                store=False,
                stream=True,
            )
        ),
    )
    request = ask(model="gpt-x", output_modalities=("text", "image"))
    assert differences(ours_of(responses.TRANSLATOR, request, streaming=True), theirs) == {}


@pytest.mark.parametrize("name", ["reasoning_and_parallel_tools", "text"])
def test_responses_an_answer_given_back(name: str) -> None:
    def use(openai: OpenAI) -> None:
        said: Any = [{"role": "user", "content": "Weather?"}]
        reply = openai.responses.create(model="gpt-x", input=said, store=False)
        said += reply.output
        said += [
            {"type": "function_call_output", "call_id": item.call_id, "output": "12 °C"}
            for item in reply.output
            if item.type == "function_call"
        ]
        openai.responses.create(model="gpt-x", input=said, store=False)

    theirs = theirs_of(served("openai-responses", name), use)
    found = differences(ours_of(responses.TRANSLATOR, tool_loop(responses.TRANSLATOR, name)), theirs)
    expected = {
        "reasoning_and_parallel_tools": {
            "input.2.id": (ABSENT, "fc_1"),
            "input.2.status": (ABSENT, "completed"),
            "input.3.id": (ABSENT, "fc_2"),
            "input.3.status": (ABSENT, "completed"),
        },
        "text": {
            "input.1.id": (ABSENT, "msg_1"),
            "input.1.status": (ABSENT, "completed"),
            "input.1.type": (ABSENT, "message"),
            "input.1.content": (
                "Hi there 👋",
                [{"type": "output_text", "annotations": [], "logprobs": [], "text": "Hi there 👋"}],
            ),
        },
    }
    assert found == expected[name]
    assert allowed(found) <= DIFFERENCES.keys()


# Both


@pytest.mark.parametrize("translator", [chat.TRANSLATOR, responses.TRANSLATOR], ids=["chat", "responses"])
def test_the_path_and_the_key_are_where_the_client_has_them(translator: Translator) -> None:
    def use(url: str) -> None:
        openai = client(url)
        if translator is chat.TRANSLATOR:
            openai.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello"}])
        else:
            openai.responses.create(model="m", input="Hello")

    request = received(served(translator.kind), use)[0]
    outgoing = translator.encode(ask(), Asking())
    assert request.path == translator.prefix + outgoing.path
    assert request.headers["authorization"] == translator.key_headers("sk-test")["authorization"]
