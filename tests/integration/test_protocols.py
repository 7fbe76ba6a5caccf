"""The anthropic, the ollama and the gemini provider against aimock, which speaks their protocols too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from llmspell.errors import BadResponseError, ConnectError, ProviderAuthError, ProviderError, RefusedError
from llmspell.types import Message, ModelReply, ModelRequest, ToolCallDelta, Usage
from tests.integration.aimock import Aimock
from tests.integration.test_providers import (
    CHAOS,
    INJECTED,
    WEATHER,
    Way,
    both_ways,
    complete,
    connected,
    listening,
    request,
    stream,
)
from tests.integration.test_providers import ask as ask_any
from tests.integration.test_providers import fault as fault_any

pytestmark = pytest.mark.integration

CUT = {"anthropic": 4, "ollama": 4, "gemini": 2}
"""Events after which text has come, and not all of it."""
every_kind = pytest.mark.parametrize("kind", ["anthropic", "ollama", "gemini"])


def ask(server: Aimock, kind: str, way: Way, asked: ModelRequest, **changes: Any) -> ModelReply:
    return ask_any(server, way, asked, kind=kind, base_url=server.url, **changes)


def fault(server: Aimock, kind: str, way: Way, asked: ModelRequest, **changes: Any) -> ProviderError:
    return fault_any(server, way, asked, kind=kind, base_url=server.url, **changes)


@every_kind
@both_ways
def test_an_answer_arrives_and_says_why_it_ended(server: Aimock, kind: str, way: Way) -> None:
    reply = ask(server, kind, way, request("What is 2+2?"))
    assert reply.text == "Two and two make four."
    assert (reply.finish_reason, reply.tool_calls, reply.model) == ("stop", (), "test-model")


@both_ways
@pytest.mark.parametrize("kind", ["anthropic", "gemini"])
def test_tokens_are_counted(server: Aimock, kind: str, way: Way) -> None:
    assert ask(server, kind, way, request("What is 2+2?")).usage == Usage(input_tokens=12, output_tokens=7)


@every_kind
@both_ways
def test_every_script_of_the_world_arrives_unharmed(server: Aimock, kind: str, way: Way) -> None:
    assert ask(server, kind, way, request("Bitte grüßen")).text == "Grüße, 你好, здравствуйте 👋🏽"


@every_kind
def test_a_stream_comes_in_pieces_as_the_server_sent_them(server: Aimock, kind: str) -> None:
    arrived: list[str] = []
    ask(server, kind, listening(arrived), request("What is 2+2?"))
    assert arrived == ["Two and ", "two make", " four."]


@every_kind
@both_ways
def test_a_tool_call_and_its_result_go_there_and_back(server: Aimock, kind: str, way: Way) -> None:
    told = {"content": "Take boots: it snows in Oslo."}
    server.add({"userMessage": "weather", "toolResultContains": "snow"}, told)  # for ollama, whose calls have no ids
    first = ask(server, kind, way, request("weather", tools=(WEATHER,)))
    (call,) = first.tool_calls
    assert (call.name, call.arguments) == ("get_weather", {"city": "Oslo", "days": 2})
    assert first.finish_reason == "tool_calls"

    asked = Message(role="assistant", text=first.text, tool_calls=first.tool_calls)
    result = Message(role="tool", text="snow, -4 C", tool_call_id=call.id, name=call.name)
    last = ask(server, kind, way, request("weather", asked, result, tools=(WEATHER,)))
    assert (last.text, last.tool_calls) == ("Take boots: it snows in Oslo.", ())


@every_kind
@both_ways
def test_several_tool_calls_of_one_turn_stay_apart(server: Aimock, kind: str, way: Way) -> None:
    calls = ask(server, kind, way, request("both cities", tools=(WEATHER,))).tool_calls
    assert [dict(call.arguments) for call in calls] == [{"city": "Oslo"}, {"city": "Turku"}]
    assert len({call.id for call in calls}) == 2


def test_a_streamed_tool_call_is_seen_before_its_arguments_are_whole(server: Aimock) -> None:
    async def main() -> list[ToolCallDelta]:
        async with connected(server, kind="anthropic", base_url=server.url) as provider:
            deltas = provider.stream(request("weather", tools=(WEATHER,)))
            return [delta async for delta in deltas if isinstance(delta, ToolCallDelta)]

    pieces = asyncio.run(main())
    assert {(piece.index, piece.id, piece.name) for piece in pieces} == {(0, "call_weather", "get_weather")}
    assert "".join(piece.fragment for piece in pieces) == '{"city":"Oslo","days":2}'
    assert len(pieces) > 2


@both_ways
@pytest.mark.parametrize("redacted", [False, True], ids=["thinking", "redacted"])
def test_thinking_goes_back_with_the_calls_that_it_led_to(server: Aimock, way: Way, redacted: bool) -> None:
    """aimock refuses the second turn, as the vendor does, where its thinking is missing or has lost its signature."""
    text = f"think first, {way.__name__}, {redacted}"
    thoughts: dict[str, Any] = {"reasoning": "six times seven", "reasoningSignature": "EqQB=="}
    if redacted:
        thoughts |= {"redactedThinking": ["EmwK=="]}
    call = {"id": "call_thought", "name": "get_weather", "arguments": {"city": "Oslo"}}
    server.add({"userMessage": text, "hasToolResult": False}, {"toolCalls": [call], **thoughts})
    server.add({"userMessage": text, "hasToolResult": True}, {"content": "Done."})

    asked = request(text, tools=(WEATHER,))
    parameters = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    first = ask(server, "anthropic", way, with_parameters(asked, parameters))
    assert "".join(thought.text for thought in first.reasoning) == "six times seven"

    for reasoning, refused in ((first.reasoning, False), ((), True)):
        said = Message(role="assistant", text=first.text, tool_calls=first.tool_calls, reasoning=reasoning)
        result = Message(role="tool", text="snow", tool_call_id="call_thought", name="get_weather")
        again = with_parameters(request(text, said, result, tools=(WEATHER,)), parameters)
        headers = {"x-aimock-strict": "true"}
        if refused:
            assert "thinking" in fault(server, "anthropic", way, again, headers=headers).message
        else:
            assert ask(server, "anthropic", way, again, headers=headers).text == "Done."


def with_parameters(asked: ModelRequest, parameters: dict[str, Any]) -> ModelRequest:
    return ModelRequest(model=asked.model, messages=asked.messages, tools=asked.tools, parameters=parameters)


@every_kind
@both_ways
@pytest.mark.parametrize("chaos", INJECTED)
def test_an_injected_fault_is_the_error_that_names_it(server: Aimock, kind: str, way: Way, chaos: str) -> None:
    error = fault(server, kind, way, request("What is 2+2?"), headers={CHAOS + chaos: "1"})
    assert type(error) is INJECTED[chaos]
    assert error.retryable is (chaos != "malformed")


@every_kind
@both_ways
def test_a_wrong_key_is_an_auth_error(server: Aimock, kind: str, way: Way) -> None:
    error = fault(server, kind, way, request("What is 2+2?"), key="sk-wrong")
    assert (type(error), error.status) == (ProviderAuthError, 401)
    assert "sk-wrong" not in f"{error!r} {error.hint} {error.details}"


@every_kind
def test_a_refused_request_keeps_what_the_server_said(server: Aimock, kind: str) -> None:
    server.fail_next(400, "the dog ate it", "dog_error")
    error = fault(server, kind, complete, request("What is 2+2?"))
    assert (type(error), error.status) == (RefusedError, 400)
    assert "the dog ate it" in error.message


@every_kind
def test_a_stream_that_breaks_off_is_an_error_that_keeps_what_had_arrived(server: Aimock, kind: str) -> None:
    words, answer = f"break off, {kind}", {"content": "one two three four"}
    server.add({"userMessage": words}, answer, truncateAfterChunks=CUT[kind], latency=10)
    arrived: list[str] = []
    error = fault(server, kind, listening(arrived), request(words))
    assert isinstance(error, BadResponseError | ConnectError)
    assert error.partial_text == "".join(arrived)


@every_kind
def test_many_streams_at_once_get_each_its_own_answer(server: Aimock, kind: str) -> None:
    for number in range(20):
        server.add({"userMessage": f"{kind} {number:02}"}, {"content": f"answer {number:02}"}, latency=5)

    async def main() -> list[ModelReply]:
        async with connected(server, kind=kind, base_url=server.url) as provider:
            return await asyncio.gather(*(stream(provider, request(f"{kind} {n:02}")) for n in range(20)))

    assert [reply.text for reply in asyncio.run(main())] == [f"answer {n:02}" for n in range(20)]
