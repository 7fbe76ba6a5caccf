"""What only the gemini provider does, against aimock; test_protocols.py has what all do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from llmspell.types import ModelReply, ModelRequest, ReasoningDelta, ToolCallDelta
from tests.integration.aimock import Aimock
from tests.integration.test_providers import WEATHER, Way, both_ways, connected, request
from tests.integration.test_providers import ask as ask_any

pytestmark = pytest.mark.integration


def ask(server: Aimock, way: Way, asked: ModelRequest, **changes: Any) -> ModelReply:
    return ask_any(server, way, asked, kind="gemini", base_url=server.url, **changes)


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
