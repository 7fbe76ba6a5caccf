"""What a script sends about agents is its word only: any value is an agent's business or an InvalidArgument."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.agents import state
from llmspell.agents.execution import Execution
from llmspell.agents.loop import AgentLoop
from llmspell.agents.operations import AgentOperations
from llmspell.agents.payload import loop_from_payload, results_from_data
from llmspell.agents.spec import AgentSpec, ToolResult
from llmspell.agents.state import LoopState
from llmspell.agents.turns import Turns
from llmspell.errors import InvalidArgument, InvalidMedia, LlmspellError
from llmspell.host.dispatch import Gate
from llmspell.limits import Budget, Limits
from llmspell.media.store import MediaStore
from llmspell.providers.manager import ProviderManager
from llmspell.providers.traffic import Traffic
from llmspell.settings import ProviderSettings
from llmspell.tools.registry import ToolRegistry
from llmspell.types import AgentInput, Message, ModelReply, RawMedia, Reasoning, ToolCall, ToolSpec, Usage
from tests.runtime.running import run

MEDIA = MediaStore()
MEDIUM = MEDIA.take(RawMedia(data=b"bytes"))
STATE = LoopState(
    agent="a",
    known=1,
    keep=True,
    since=2,
    fallbacks=1,
    repeats=1,
    handovers=1,
    messages=(
        Message(role="system", text="s"),
        Message(role="user", text="u", media=(MEDIUM,)),
        Message(
            role="assistant",
            tool_calls=(ToolCall(id="1", name="t", arguments={"a": [1, None, {"b": "c"}]}),),
            reasoning=(Reasoning(kind="k", text="hm", data={"signature": "s"}),),
        ),
        Message(role="tool", text="r", tool_call_id="1", name="t", is_error=True),
    ),
    pending=(ToolCall(id="2", name="t", error="bad JSON"),),
    calls=(ToolCall(id="1", name="t"), ToolCall(id="2", name="t")),
    usage=Usage(input_tokens=1, output_tokens=2, cached_tokens=3, reasoning_tokens=4, cache_write_tokens=5),
    turns=5,
    duration_ms=6.5,
    parameters={"top_p": 0.5, "nested": {"list": [1]}},
)


def from_data(data: Any) -> LoopState:
    return state.from_data(data, MEDIA.resolve)


def loop_of(payload: Any) -> AgentLoop:
    return loop_from_payload(payload, MEDIA.resolve)


def results_of(payload: Any) -> list[ToolResult]:
    return results_from_data(payload, MEDIA.resolve)


def test_a_loops_state_comes_back_as_it_was() -> None:
    assert from_data(state.to_data(STATE)) == STATE
    assert from_data(state.to_data(LoopState())) == LoopState()


@pytest.mark.parametrize(
    "change",
    [
        {"turns": -1},
        {"turns": "5"},
        {"turns": 1.5},
        {"turns": True},
        {"messages": [{"role": "boss"}]},
        {"messages": [{"role": "user", "text": 5}]},
        {"messages": [{"role": "user", "text": b"\xff"}]},
        {"messages": [5]},
        {"messages": "user"},
        {"calls": [{"id": "1", "name": "t"}] * 10_001},
        {"pending": [{"id": 1, "name": "t"}]},
        {"pending": [{"name": "t"}]},
        {"pending": [{"id": "1", "name": "t"}] * 10_001},
        {"usage": {"input_tokens": -1}},
        {"usage": {"input_tokens": "1"}},
        {"usage": {"unknown": 1}},
        {"duration_ms": "x"},
        {"parameters": [1]},
        {"unknown": 1},
    ],
)
def test_a_state_that_the_host_did_not_give_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        from_data({**state.to_data(STATE), **change})


def test_a_history_that_is_too_long_is_refused_in_the_words_of_a_conversation() -> None:
    history = [{"role": "user", "text": "x"}] * 10_001
    payload = {"agents": [{"name": "a"}], "input": {"text": "y"}, "history": history}
    with pytest.raises(InvalidArgument, match="the conversation holds 10,001 messages, and at most 10,000") as caught:
        loop_of(payload)
    assert "conversation:reset()" in caught.value.hint
    with pytest.raises(InvalidArgument, match="the conversation holds 10,001 messages"):
        from_data({**state.to_data(STATE), "messages": history})


scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.binary()
keys = st.sampled_from(
    ["agents", "agent", "input", "history", "schema", "state", "results", "name",
      "tools", "text", "parameters", "context", "messages", "pending",
     "calls", "usage", "turns", "id", "role", "is_error", "max_turns", "temperature", "script", "stream", "arguments"]
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6), max_leaves=25
)


@pytest.mark.parametrize("read", [loop_of, results_of, from_data], ids=lambda f: f.__name__)
@given(value=values)
def test_any_value_is_read_or_refused(read: Any, value: Any) -> None:
    with suppress(InvalidArgument, InvalidMedia):
        read(value)


@pytest.mark.parametrize(
    "payload",
    [
        {"agents": [{"name": "a", "tools": [5]}], "input": {"text": "x"}},
        {"agents": [{"name": "a", "tools": [{"script": True}]}], "input": {"text": "x"}},
        {"agents": [{"name": "a", "tools": [{"name": "t", "script": True, "parameters": 5}]}], "input": {"text": "x"}},
        {"agents": [{"name": "a", "tools": {"x": 1}}], "input": {"text": "x"}},
        {"agents": [{"name": "a", "max_turns": 101}], "input": {"text": "x"}},
        {"agents": [{"name": "a", "max_tokens": -1}], "input": {"text": "x"}},
        {"agents": [{"name": "a", "temperature": True}], "input": {"text": "x"}},
        {"agents": [{"name": "a"}], "input": {"text": "x", "parameters": [1]}},
        {"agents": [{"name": "a"}], "input": "x"},
        {"agents": [{"name": "a"}], "state": {"agent": "a"}, "results": [{"id": "x", "text": "y"}]},
        {"agents": [{"name": "a"}], "state": {"agent": "a"}, "results": [5]},
        {"agents": []},
        {"agents": [{}]},
        {"agents": [5], "input": {"text": "x"}},
        {"agents": [{"name": "a"}] * 101, "input": {"text": "x"}},
        {"agents": [{"name": "a"}], "input": {}, "history": []},
        {"agents": [{"name": "a"}], "input": {"text": "x"}, "history": [5]},
        {"agents": [{"name": "a", "schema": {"type": 5}}], "input": {"text": "x"}},
        {"agents": [{"name": "a", "fallback": [5]}], "input": {"text": "x"}},
        {"agents": [{"name": "a", "transfers": [{}]}], "input": {"text": "x"}},
        {"agents": [{"name": "a"}], "state": {"agent": "b"}, "results": []},
    ],
)
def test_a_payload_of_the_wrong_shape_is_refused(payload: Any) -> None:
    with pytest.raises(InvalidArgument):
        loop_of(payload)


@given(value=values)
def test_any_payload_of_any_operation_gives_an_error_of_ours_at_worst(value: Any) -> None:
    async def ask() -> None:
        gate = Gate(Budget(Limits()), lambda _event: None, lambda _fault: None)
        providers = ProviderManager({"p": ProviderSettings(name="p", kind="scripted")}, "p")
        turns = Turns(gate, Traffic(), money_limited=False)
        execution = Execution(providers, ToolRegistry(), turns, lambda _: None, None, MEDIA.take, MEDIA.prepare)
        operations = AgentOperations(execution, MEDIA, asyncio.get_running_loop(), streaming=True, max_streams=5)
        for immediate in operations.immediate.values():
            with suppress(LlmspellError):
                immediate(value)
        for awaited in operations.awaited.values():
            with suppress(LlmspellError):
                await awaited(value)
        await operations.aclose()

    asyncio.run(ask())


# ---- the loop itself ----


def reply(text: str = "", *names: str, **fields: Any) -> ModelReply:
    asked = tuple(ToolCall(id=f"{name}-{text}", name=name) for name in names)
    return ModelReply(text=text, tool_calls=asked, **fields)


def test_the_loop_asks_runs_tools_and_is_done() -> None:
    spec = AgentSpec(name="a", prompt="p", temperature=0.5, max_tokens=9, parameters={"x": 1, "y": 1})
    loop = AgentLoop.start([spec], AgentInput(text="q", parameters={"y": 2, "temperature": 0}))
    request = loop.request("m", [ToolSpec(name="t")])
    assert (request.model, request.temperature, request.max_tokens) == ("m", 0, 9)
    assert request.parameters == {"x": 1, "y": 2}
    assert [message.role for message in request.messages] == ["system", "user"]

    loop.replied(reply("1", "t", "u", usage=Usage(input_tokens=3, output_tokens=4)))
    assert not loop.done
    assert list(loop.pending) == ["t-1", "u-1"]
    loop.answered([ToolResult("u-1", "r", is_error=True)])
    assert list(loop.pending) == ["t-1"]
    again = AgentLoop([spec], from_data(state.to_data(loop.state())))
    again.answered([ToolResult("t-1", "x" * 2_000_000)])
    assert not again.done
    assert [message.tool_call_id for message in again.messages[-2:]] == ["t-1", "u-1"]  # in the order of the calls
    assert len(again.messages[-2].text) == 1_000_000
    again.replied(reply("end", usage=Usage(input_tokens=1, output_tokens=1)))
    assert again.done
    assert (again.turns, again.usage.input_tokens, len(again.calls)) == (2, 4, 2)


def test_a_result_that_nobody_asked_for_is_refused() -> None:
    loop = AgentLoop.start([AgentSpec(name="a")], AgentInput(text="q"))
    with pytest.raises(InvalidArgument, match="no tool call 'x' is waiting"):
        loop.answered([ToolResult("x", "")])


def test_a_script_that_forges_payloads_gets_errors() -> None:
    """With its globals replaced a script may come to see what the prelude sends; it gains nothing."""
    source = """
      local real, seen = pcall, {}
      pcall = function(...) seen[#seen + 1] = ... return real(...) end
      local agent = Agent.create { model = "mock" }
      for _ in agent:stream_execute("x") do end
      return #seen
    """
    assert run(source).result == 0
