"""The gemini provider against aimock, which speaks Gemini's protocol too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from llmspell.errors import BadResponseError, ConnectError, ProviderAuthError, ProviderError, RefusedError
from llmspell.types import Message, ModelReply, ModelRequest, ReasoningDelta, ToolCall, ToolCallDelta, Usage
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


def ask(server: Aimock, way: Way, asked: ModelRequest, **changes: Any) -> ModelReply:
    return ask_any(server, way, asked, kind="gemini", base_url=server.url, **changes)


def fault(server: Aimock, way: Way, asked: ModelRequest, **changes: Any) -> ProviderError:
    return fault_any(server, way, asked, kind="gemini", base_url=server.url, **changes)


@both_ways
def test_an_answer_arrives_with_its_usage_and_why_it_ended(server: Aimock, way: Way) -> None:
    reply = ask(server, way, request("What is 2+2?"))
    assert reply.text == "Two and two make four."
    assert reply.usage == Usage(input_tokens=12, output_tokens=7)
    assert (reply.finish_reason, reply.tool_calls, reply.model) == ("stop", (), "test-model")


@both_ways
def test_every_script_of_the_world_arrives_unharmed(server: Aimock, way: Way) -> None:
    assert ask(server, way, request("Bitte grüßen")).text == "Grüße, 你好, здравствуйте 👋🏽"


@both_ways
def test_reasoning_is_kept_apart_from_the_answer(server: Aimock, way: Way) -> None:
    server.add({"userMessage": "think, gemini"}, {"content": "42", "reasoning": "six times seven"})
    reply = ask(server, way, request("think, gemini"))
    assert (reply.text, [thought.text for thought in reply.reasoning]) == ("42", ["six times seven"])


def test_streamed_reasoning_comes_in_pieces(server: Aimock) -> None:
    server.add({"userMessage": "think, gemini"}, {"content": "42", "reasoning": "six times seven"})

    async def main() -> list[str]:
        async with connected(server, kind="gemini", base_url=server.url) as provider:
            deltas = provider.stream(request("think, gemini"))
            return [delta.text async for delta in deltas if isinstance(delta, ReasoningDelta)]

    assert asyncio.run(main()) == ["six time", "s seven"]


@both_ways
def test_a_tool_call_and_its_result_go_there_and_back(server: Aimock, way: Way) -> None:
    first = ask(server, way, request("weather", tools=(WEATHER,)))
    call = ToolCall(id="call_weather", name="get_weather", arguments={"city": "Oslo", "days": 2})
    assert (first.tool_calls, first.finish_reason) == ((call,), "tool_calls")

    asked = Message(role="assistant", text=first.text, tool_calls=first.tool_calls)
    result = Message(role="tool", text="snow, -4 C", tool_call_id=call.id, name=call.name)
    last = ask(server, way, request("weather", asked, result, tools=(WEATHER,)))
    assert (last.text, last.tool_calls) == ("Take boots: it snows in Oslo.", ())


@both_ways
def test_several_tool_calls_of_one_turn_stay_apart(server: Aimock, way: Way) -> None:
    calls = ask(server, way, request("both cities", tools=(WEATHER,))).tool_calls
    assert [(call.id, dict(call.arguments)) for call in calls] == [
        ("call_a", {"city": "Oslo"}),
        ("call_b", {"city": "Turku"}),
    ]


def test_a_streamed_tool_call_comes_whole(server: Aimock) -> None:
    async def main() -> list[ToolCallDelta]:
        async with connected(server, kind="gemini", base_url=server.url) as provider:
            deltas = provider.stream(request("weather", tools=(WEATHER,)))
            return [delta async for delta in deltas if isinstance(delta, ToolCallDelta)]

    assert asyncio.run(main()) == [ToolCallDelta(0, "call_weather", "get_weather", '{"city": "Oslo", "days": 2}')]


@both_ways
def test_sound_comes_as_a_medium(server: Aimock, way: Way) -> None:
    server.add({"userMessage": "say it, gemini"}, {"audio": "AQIDBA==", "format": "wav"})
    (sound,) = ask(server, way, request("say it, gemini")).media
    assert (sound.data, sound.mime) == (b"\x01\x02\x03\x04", "audio/wav")


@both_ways
@pytest.mark.parametrize("chaos", INJECTED)
def test_an_injected_fault_is_the_error_that_names_it(server: Aimock, way: Way, chaos: str) -> None:
    error = fault(server, way, request("What is 2+2?"), headers={CHAOS + chaos: "1"})
    assert type(error) is INJECTED[chaos]


@both_ways
def test_a_wrong_key_is_an_auth_error(server: Aimock, way: Way) -> None:
    error = fault(server, way, request("What is 2+2?"), key="AIza-wrong")
    assert (type(error), error.status) == (ProviderAuthError, 401)
    assert "AIza-wrong" not in f"{error!r} {error.hint} {error.details}"


def test_a_refused_request_keeps_what_the_server_said(server: Aimock) -> None:
    server.fail_next(400, "the dog ate it", "dog_error")
    error = fault(server, complete, request("What is 2+2?"))
    assert (type(error), error.status) == (RefusedError, 400)
    assert "the dog ate it" in error.message


def test_a_stream_that_breaks_off_is_an_error_that_keeps_what_had_arrived(server: Aimock) -> None:
    server.add(
        {"userMessage": "break off, gemini"}, {"content": "one two three four"}, truncateAfterChunks=2, latency=10
    )
    arrived: list[str] = []
    error = fault(server, listening(arrived), request("break off, gemini"))
    assert isinstance(error, BadResponseError | ConnectError)
    assert error.partial_text == "".join(arrived)


def test_many_streams_at_once_get_each_its_own_answer(server: Aimock) -> None:
    for number in range(20):
        server.add({"userMessage": f"gemini {number:02}"}, {"content": f"answer {number:02}"}, latency=5)

    async def main() -> list[ModelReply]:
        async with connected(server, kind="gemini", base_url=server.url) as provider:
            return await asyncio.gather(*(stream(provider, request(f"gemini {n:02}")) for n in range(20)))

    assert [reply.text for reply in asyncio.run(main())] == [f"answer {n:02}" for n in range(20)]
