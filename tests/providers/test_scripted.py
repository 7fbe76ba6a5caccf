"""The scripted provider: a fake that is part of the product, so its behaviour is promised too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from llmspell.settings import ProviderSettings, ScriptedReply, ScriptedToolCall
from llmspell.types import Delta, Message, ModelReply, ToolCallDelta, ToolSpec, Usage

from .helpers import ask, deltas_of, reply_of, texts


def scripted(*replies: ScriptedReply, **fields: Any) -> Provider:
    settings = ProviderSettings(name="fake", kind="scripted", replies=replies, **fields)
    return ProviderManager({"fake": settings}, "fake").get("fake")


def complete(provider: Provider, text: str = "Hello", **fields: Any) -> ModelReply:
    return asyncio.run(provider.complete(ask(text, **fields)))


def stream(provider: Provider, text: str = "Hello", **fields: Any) -> list[Delta]:
    return asyncio.run(deltas_of(provider, ask(text, **fields)))


def test_without_replies_it_quotes_what_it_was_asked() -> None:
    reply = complete(scripted(), "Hello, world!")
    assert reply.text == 'You said: "Hello, world!" This is the scripted provider; no model was asked.'
    assert (reply.finish_reason, reply.model) == ("stop", "m")


def test_a_long_input_is_quoted_shortened() -> None:
    assert complete(scripted(), "x" * 10_000).text.startswith('You said: "' + "x" * 200 + '…"')


def test_without_replies_it_calls_no_tools() -> None:
    assert complete(scripted(), tools=(ToolSpec(name="t"),)).tool_calls == ()


def test_it_streams_word_by_word() -> None:
    deltas = stream(scripted(), "Count to 5")
    assert texts(deltas)[:4] == ["You ", "said: ", '"Count ', "to "]
    assert len(texts(deltas)) > 10


@given(st.text(), st.integers(-1, 4))
def test_the_chunks_joined_are_the_text(text: str, words: int) -> None:
    deltas = stream(scripted(ScriptedReply(text=text, chunk_words=words)))
    assert "".join(texts(deltas)) == reply_of(deltas).text == text


def test_several_words_to_a_chunk() -> None:
    assert texts(stream(scripted(ScriptedReply(text="a b  c\nd e", chunk_words=2)))) == ["a b  ", "c\nd ", "e"]


def test_streaming_and_asking_whole_give_the_same_reply() -> None:
    reply = ScriptedReply(text="same", tool_calls=(ScriptedToolCall(name="t", arguments={"a": 1}),))
    assert reply_of(stream(scripted(reply))) == complete(scripted(reply))


def test_replies_come_in_order_and_the_last_again_and_again() -> None:
    provider = scripted(ScriptedReply(text="one"), ScriptedReply(text="two"))
    assert [complete(provider).text for _ in range(4)] == ["one", "two", "two", "two"]


def test_a_matching_reply_is_preferred_and_the_order_of_the_others_stays() -> None:
    provider = scripted(
        ScriptedReply(text="first"),
        ScriptedReply(match="weather", text="sunny"),
        ScriptedReply(match="weather", text="rainy"),
        ScriptedReply(text="second"),
    )
    asked = ["the weather?", "hi", "weather", "hi", "more weather", "hi"]
    assert [complete(provider, text).text for text in asked] == ["sunny", "first", "rainy", "second", "rainy", "second"]


def test_a_request_that_nothing_matches_is_refused() -> None:
    with pytest.raises(RefusedError, match="provider 'fake': no scripted reply matches") as caught:
        complete(scripted(ScriptedReply(match="weather")), "hi")
    assert "without `match`" in caught.value.hint


def test_input_stands_for_the_last_user_or_tool_message() -> None:
    provider = scripted(ScriptedReply(text="<{input}> and {input}, not {other}"))
    messages = (Message(role="user", text="u"), Message(role="tool", text="{input}!", tool_call_id="c"))
    assert complete(provider, "x").text == "<x> and x, not {other}"
    assert complete(provider, messages=messages).text == "<{input}!> and {input}!, not {other}"
    assert complete(provider, messages=(Message(role="system", text="s"),)).text == "<> and , not {other}"


def test_an_input_cannot_make_a_reply_of_any_size() -> None:
    provider = scripted(ScriptedReply(text="{input}" * 100), max_reply_bytes=1000)
    with pytest.raises(BadResponseError, match="larger than 1,000 bytes"):
        complete(provider, "x" * 100)


def test_tool_calls_come_after_the_text_and_the_next_request_gets_the_next_reply() -> None:
    provider = scripted(
        ScriptedReply(
            text="Wait.", tool_calls=(ScriptedToolCall(name="t", arguments={"a": "ä"}), ScriptedToolCall(name="u"))
        ),
        ScriptedReply(text="It says: {input}"),
    )
    deltas = stream(provider)
    first = reply_of(deltas)
    assert [d for d in deltas if isinstance(d, ToolCallDelta)] == [
        ToolCallDelta(0, "call_0", "t", '{"a": "ä"}'),
        ToolCallDelta(1, "call_1", "u", "{}"),
    ]
    assert first.finish_reason == "tool_calls"
    messages = (
        Message(role="user", text="go"),
        Message(role="assistant", text=first.text, tool_calls=first.tool_calls),
        Message(role="tool", tool_call_id="call_0", text="42"),
    )
    assert complete(provider, messages=messages).text == "It says: 42"


def test_ids_of_calls_are_new_in_their_conversation() -> None:
    provider = scripted(ScriptedReply(tool_calls=(ScriptedToolCall(name="t"),)))
    first = complete(provider).tool_calls
    assert first[0].id == "call_0"
    assert complete(provider, messages=(Message(role="assistant", tool_calls=first),)).tool_calls[0].id == "call_1"


def test_tokens_are_one_for_every_four_characters() -> None:
    provider = scripted(ScriptedReply(text="12345"))
    assert complete(provider, "123456789").usage == Usage(input_tokens=3, output_tokens=2)


def test_a_finish_reason_can_be_scripted() -> None:
    assert complete(scripted(ScriptedReply(text="cut sh", finish_reason="length"))).finish_reason == "length"


FAULTS: list[tuple[Any, type[ProviderError], int, bool]] = [
    ("connect", ConnectError, 0, True),
    ("auth", ProviderAuthError, 401, False),
    ("rate_limit", RateLimitError, 429, True),
    ("overloaded", OverloadedError, 503, True),
    ("timeout", ProviderTimeout, 0, True),
    ("refused", RefusedError, 400, False),
    ("cut", BadResponseError, 0, True),
    ("garbage", BadResponseError, 0, False),
]


@pytest.mark.parametrize("ask_it", [complete, stream], ids=["complete", "stream"])
@pytest.mark.parametrize(("fault", "error", "status", "retryable"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_faults_are_the_errors_of_a_real_server(
    ask_it: Any, fault: Any, error: type[ProviderError], status: int, retryable: bool
) -> None:
    with pytest.raises(ProviderError) as caught:
        ask_it(scripted(ScriptedReply(text="never seen", fault=fault)))
    raised = caught.value
    assert (type(raised), raised.status, raised.retryable, raised.provider) == (error, status, retryable, "fake")
    assert raised.message.startswith("provider 'fake': ")
    assert raised.partial_text == ("never" if fault == "cut" else "")


def test_a_cut_stream_gives_half_of_its_text_first() -> None:
    seen: list[Delta] = []

    async def main() -> None:
        async for delta in scripted(ScriptedReply(text="12 45", fault="cut")).stream(ask()):
            seen.append(delta)

    with pytest.raises(BadResponseError):
        asyncio.run(main())
    assert texts(seen) == ["12"]


def test_a_fault_happens_once_when_another_reply_follows() -> None:
    provider = scripted(ScriptedReply(fault="overloaded"), ScriptedReply(text="ok"))
    with pytest.raises(OverloadedError):
        complete(provider)
    assert complete(provider).text == "ok"


def test_replies_are_given_out_in_the_order_in_which_requests_begin() -> None:
    provider = scripted(ScriptedReply(text="slow", delay_ms=50), ScriptedReply(text="fast"))

    async def main() -> list[str]:
        return [reply.text for reply in await asyncio.gather(provider.complete(ask()), provider.complete(ask()))]

    assert asyncio.run(main()) == ["slow", "fast"]


def test_a_waiting_reply_can_be_cancelled() -> None:
    async def main() -> None:
        async with asyncio.timeout(0.02):
            await scripted(ScriptedReply(text="a b", delay_ms=3_600_000)).complete(ask())

    with pytest.raises(TimeoutError):
        asyncio.run(main())
