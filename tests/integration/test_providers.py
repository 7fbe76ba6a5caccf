"""The providers against aimock, protocol by protocol: whole answers, streams, tool calls, and faults it injects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from llmspell.errors import (
    BadResponseError,
    ConnectError,
    OverloadedError,
    ProviderAuthError,
    ProviderError,
    ProviderTimeout,
    RateLimitError,
    RefusedError,
)
from llmspell.providers.base import Provider
from llmspell.providers.manager import ProviderManager
from llmspell.settings import ProviderKind, ProviderSettings
from llmspell.types import Message, ModelReply, ModelRequest, TextDelta, ToolCall, ToolCallDelta, ToolSpec, Usage
from tests.integration.aimock import Aimock
from tests.integration.conftest import API_KEY

pytestmark = pytest.mark.integration

KEY_ENV = "INTEGRATION_API_KEY"
PROTOCOLS: tuple[ProviderKind, ...] = ("openai", "openai-responses")
CUT_AT_LENGTH: Mapping[str, tuple[str, str]] = {
    "openai": ("length", "length"),
    "openai-responses": ("other", "incomplete"),  # aimock leaves out incomplete_details, which say why
}
BEFORE_TEXT: Mapping[str, int] = {"openai": 1, "openai-responses": 4}
"""Events of a stream before its first text."""
THINK: Mapping[str, Mapping[str, Any]] = {
    "openai": {"reasoning_effort": "low"},
    "openai-responses": {"reasoning": {"effort": "low", "summary": "auto"}},
}
WEATHER = ToolSpec(
    name="get_weather",
    description="The weather in a city.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


@pytest.fixture(params=PROTOCOLS)
def server(running: Aimock, request: pytest.FixtureRequest) -> Aimock:
    """aimock, with no requests remembered, asked in one protocol after the other."""
    running.forget()
    running.kind = request.param
    return running


def request(text: str, *more: Message, tools: tuple[ToolSpec, ...] = ()) -> ModelRequest:
    return ModelRequest(model="test-model", messages=(Message(role="user", text=text), *more), tools=tools)


@asynccontextmanager
async def connected(server: Aimock, key: str = API_KEY, **changes: Any) -> AsyncIterator[Provider]:
    """The provider that a manifest with these settings gives, connected to the server."""
    settings = ProviderSettings(name="mock", base_url=server.base_url, api_key_env=KEY_ENV)
    settings = replace(settings, **{"kind": server.kind, **changes})
    manager = ProviderManager({"mock": settings}, "mock", environ={KEY_ENV: key})
    try:
        yield manager.get("mock")
    finally:
        await manager.aclose()


async def complete(provider: Provider, asked: ModelRequest) -> ModelReply:
    return await provider.complete(asked)


async def stream(provider: Provider, asked: ModelRequest) -> ModelReply:
    """Streams to the end. The whole reply comes last, once, and is what the pieces add up to."""
    *pieces, last = [delta async for delta in provider.stream(asked)]
    assert isinstance(last, ModelReply)
    assert not any(isinstance(piece, ModelReply) for piece in pieces)
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)) == last.text
    return last


def listening(arrived: list[str]) -> Way:
    """Streams as `stream` does, and notes every piece of text as it arrives."""

    async def way(provider: Provider, asked: ModelRequest) -> ModelReply:
        async for delta in provider.stream(asked):
            if isinstance(delta, TextDelta):
                arrived.append(delta.text)
            elif isinstance(delta, ModelReply):
                return delta
        raise AssertionError("the stream ended without its reply")

    return way


Way = Callable[[Provider, ModelRequest], Coroutine[Any, Any, ModelReply]]
both_ways = pytest.mark.parametrize("way", [complete, stream], ids=["whole", "streamed"])


def ask(server: Aimock, way: Way, asked: ModelRequest, **changes: Any) -> ModelReply:
    async def main() -> ModelReply:
        async with connected(server, **changes) as provider:
            return await way(provider, asked)

    return asyncio.run(main())


def fault(server: Aimock, way: Way, asked: ModelRequest, **changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        ask(server, way, asked, **changes)
    error = caught.value
    assert error.provider == "mock"
    assert API_KEY not in f"{error!r} {error} {error.hint} {error.details}"
    return error


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
def test_an_answer_cut_at_the_token_limit_says_so(server: Aimock, way: Way) -> None:
    server.add({"userMessage": "too long"}, {"content": "one two", "finishReason": "length"})
    reply = ask(server, way, request("too long"))
    assert (reply.finish_reason, reply.raw_finish_reason) == CUT_AT_LENGTH[server.kind]


def test_a_stream_comes_in_pieces_as_the_server_sent_them(server: Aimock) -> None:
    async def main() -> list[str]:
        async with connected(server) as provider:
            deltas = provider.stream(request("What is 2+2?"))
            return [delta.text async for delta in deltas if isinstance(delta, TextDelta) and delta.text]

    assert asyncio.run(main()) == ["Two and ", "two make", " four."]


@both_ways
def test_a_tool_call_and_its_result_go_there_and_back(server: Aimock, way: Way) -> None:
    first = ask(server, way, request("weather", tools=(WEATHER,)))
    call = ToolCall(id="call_weather", name="get_weather", arguments={"city": "Oslo", "days": 2})
    assert (first.tool_calls, first.finish_reason) == ((call,), "tool_calls")

    asked = Message(role="assistant", text=first.text, tool_calls=first.tool_calls)
    result = Message(role="tool", text="snow, -4 C", tool_call_id=call.id, name=call.name)
    last = ask(server, way, request("weather", asked, result, tools=(WEATHER,)))
    assert (last.text, last.tool_calls) == ("Take boots: it snows in Oslo.", ())

    sent = server.requests()[0]["body"]
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["get_weather"]


@both_ways
def test_several_tool_calls_of_one_turn_stay_apart(server: Aimock, way: Way) -> None:
    calls = ask(server, way, request("both cities", tools=(WEATHER,))).tool_calls
    assert [(call.id, dict(call.arguments)) for call in calls] == [
        ("call_a", {"city": "Oslo"}),
        ("call_b", {"city": "Turku"}),
    ]


def test_a_streamed_tool_call_is_seen_before_its_arguments_are_whole(server: Aimock) -> None:
    async def main() -> list[ToolCallDelta]:
        async with connected(server) as provider:
            deltas = provider.stream(request("weather", tools=(WEATHER,)))
            return [delta async for delta in deltas if isinstance(delta, ToolCallDelta)]

    pieces = asyncio.run(main())
    assert {(piece.index, piece.id, piece.name) for piece in pieces} == {(0, "call_weather", "get_weather")}
    assert "".join(piece.fragment for piece in pieces) == '{"city":"Oslo","days":2}'
    assert len(pieces) > 2


@both_ways
def test_what_the_model_thinks_comes_apart_and_goes_back(server: Aimock, way: Way) -> None:
    name = f"think {server.kind}."
    call = {"id": "call_think", "name": "get_weather", "arguments": {"city": "Oslo"}}
    server.add({"userMessage": name, "hasToolResult": False}, {"reasoning": "Oslo, then.", "toolCalls": [call]})
    server.add({"userMessage": name, "toolCallId": "call_think"}, {"content": "It snows."})
    asked = replace(request(name, tools=(WEATHER,)), model="gpt-5-mini", parameters=THINK[server.kind])
    first = ask(server, way, asked)
    assert [block.text for block in first.reasoning] == ["Oslo, then."]
    assert [call.id for call in first.tool_calls] == ["call_think"]

    turn = Message(role="assistant", text=first.text, tool_calls=first.tool_calls, reasoning=first.reasoning)
    result = Message(role="tool", text="snow", tool_call_id="call_think", name="get_weather")
    last = ask(server, way, replace(asked, messages=(*asked.messages, turn, result)))
    assert last.text == "It snows."


def test_many_requests_at_once_get_each_its_own_answer(server: Aimock) -> None:
    for number in range(20):
        server.add({"userMessage": f"request {number:02}"}, {"content": f"answer {number:02}"}, latency=5)

    async def main() -> list[ModelReply]:
        async with connected(server) as provider:
            return await asyncio.gather(*(stream(provider, request(f"request {n:02}")) for n in range(20)))

    assert [reply.text for reply in asyncio.run(main())] == [f"answer {n:02}" for n in range(20)]


CHAOS = "x-aimock-chaos-"
INJECTED: Mapping[str, type[ProviderError]] = {
    "ratelimit": RateLimitError,  # 429 with Retry-After: 1
    "drop": OverloadedError,  # 500
    "malformed": BadResponseError,  # 200 with what is no JSON
    "disconnect": ConnectError,  # the connection closed without an answer
}


@both_ways
@pytest.mark.parametrize("chaos", INJECTED)
def test_an_injected_fault_is_the_error_that_names_it(server: Aimock, way: Way, chaos: str) -> None:
    error = fault(server, way, request("What is 2+2?"), headers={CHAOS + chaos: "1"})
    assert type(error) is INJECTED[chaos]
    assert error.retryable is (chaos != "malformed")


def test_a_rate_limit_tells_how_long_to_wait(server: Aimock) -> None:
    error = fault(server, complete, request("What is 2+2?"), headers={CHAOS + "ratelimit": "1"})
    assert (error.status, error.retry_after) == (429, 1.0)
    assert error.request_id


@both_ways
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, RefusedError),
        (401, ProviderAuthError),
        (403, ProviderAuthError),
        (404, RefusedError),
        (422, RefusedError),
        (429, RateLimitError),
        (500, OverloadedError),
        (503, OverloadedError),
        (529, OverloadedError),
    ],
)
def test_an_error_status_keeps_what_the_server_said(
    server: Aimock, way: Way, status: int, expected: type[ProviderError]
) -> None:
    server.fail_next(status, "the dog ate it", "dog_error")
    error = fault(server, way, request("What is 2+2?"))
    assert (type(error), error.status) == (expected, status)
    assert "the dog ate it" in error.message


@both_ways
def test_a_wrong_key_is_an_auth_error(server: Aimock, way: Way) -> None:
    error = fault(server, way, request("What is 2+2?"), key="sk-wrong")
    assert (type(error), error.status) == (ProviderAuthError, 401)
    assert "sk-wrong" not in f"{error!r} {error.hint} {error.details}"


def test_a_stream_that_breaks_off_is_an_error_that_keeps_what_had_arrived(server: Aimock) -> None:
    name = f"break off {server.kind}."
    chunks = BEFORE_TEXT[server.kind] + 3
    server.add({"userMessage": name}, {"content": "one two three four"}, truncateAfterChunks=chunks, latency=10)
    arrived: list[str] = []
    error = fault(server, listening(arrived), request(name))
    assert isinstance(error, BadResponseError | ConnectError)
    assert error.partial_text == "".join(arrived)
    # The last chunk and the end of the connection leave the server together: that one may be lost on the way.
    assert error.partial_text in ("one two ", "one two three fo", "one two three four")


@both_ways
def test_a_server_that_does_not_answer_in_time_is_a_timeout(server: Aimock, way: Way) -> None:
    headers = {CHAOS + "latency": "20000"}
    error = fault(server, way, request("What is 2+2?"), headers=headers, first_token_timeout_ms=200)
    assert type(error) is ProviderTimeout


def test_a_stream_that_stalls_is_a_timeout_that_keeps_what_had_arrived(server: Aimock) -> None:
    name = f"stall {server.kind}."
    delays = [1] * (BEFORE_TEXT[server.kind] + 1) + [20_000]
    pauses = {"ttftMs": 1, "interChunkDelaysMs": delays, "totalDurationMs": 20_003}
    server.add({"userMessage": name}, {"content": "one two three four five"}, recordedTimings=pauses)
    arrived: list[str] = []
    error = fault(server, listening(arrived), request(name), chunk_timeout_ms=1_000)
    assert type(error) is ProviderTimeout
    assert error.partial_text == "".join(arrived) == "one two three fo"


def test_a_server_that_is_gone_is_a_connect_error(server: Aimock) -> None:
    error = fault(server, complete, request("What is 2+2?"), base_url="http://127.0.0.1:1/v1")
    assert type(error) is ConnectError


def test_a_stream_that_is_left_early_leaves_the_provider_usable(server: Aimock) -> None:
    server.add({"userMessage": "endless"}, {"content": "word " * 2_000}, latency=5)

    async def main() -> str:
        async with connected(server) as provider:
            async for delta in provider.stream(request("endless")):
                if isinstance(delta, TextDelta) and delta.text:
                    break
            return (await provider.complete(request("What is 2+2?"))).text

    assert asyncio.run(main()) == "Two and two make four."
