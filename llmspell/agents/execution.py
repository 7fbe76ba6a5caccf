"""Running an agent's loop: model turns and host tools through the gate, until done or until it needs script tools."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from llmspell.agents.loop import AgentLoop, ToolResult
from llmspell.agents.payload import output_of
from llmspell.errors import BadResponseError, LlmspellError, ToolError
from llmspell.providers.base import Provider
from llmspell.providers.manager import ProviderManager
from llmspell.tools.registry import ToolRegistry, call
from llmspell.types import AgentOutput, Delta, ModelReply, ModelRequest, TextDelta, ToolCall, ToolSpec

T = TypeVar("T")
CHARS_PER_TOKEN: Final = 4
"""For what a request will cost before the provider counts it: English on common tokenizers."""
UNSTATED_OUTPUT: Final = 1_000
"""Tokens reserved for an answer whose length nobody bounded."""


class Effect(Protocol):
    """The gate's one method (host/dispatch.py)."""

    async def __call__(
        self,
        op: str,
        label: str,
        perform: Callable[[], Awaitable[T]],
        *,
        reserve: Mapping[str, int],
        price: Callable[[T], Mapping[str, int]] | None = None,
    ) -> T: ...


Sink = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Takes the contents of a stream's chunks as they come."""


class NeedTools(NamedTuple):
    """The loop waits for tools that the script runs itself."""

    calls: list[ToolCall]


class Execution:
    """What the executions of one run share."""

    def __init__(
        self,
        providers: ProviderManager,
        tools: ToolRegistry,
        effect: Effect,
        spend: Callable[[int], None],
        on_text: Callable[[str, str], None] | None,
    ) -> None:
        self.providers = providers
        self.tools = tools
        self._effect = effect
        self._spend_calls = spend
        self._on_text = on_text

    async def advance(self, loop: AgentLoop, sink: Sink | None = None) -> AgentOutput | NeedTools:
        """Go on until the answer is there, or until the script must run tools of its own."""
        spec = loop.spec
        provider, model = self.providers.resolve(spec.model, spec.provider)
        offered = [*spec.script_tools, *(self._offer(name) for name in spec.host_tools)]
        own = {tool.name for tool in spec.script_tools}
        while True:
            if loop.pending:
                calls = [call for call in loop.pending.values() if call.error or call.name not in own]
                loop.answered(await self._run_host_tools(calls, spec.host_tools, sink))
                if loop.pending:
                    self._spend_calls(len(loop.pending))
                    return NeedTools(list(loop.pending.values()))
            elif loop.done:
                return output_of(loop, provider.name)
            began = time.monotonic()
            loop.replied(await self._turn(provider, loop.request(model, offered), spec.name, sink))
            loop.duration_ms += (time.monotonic() - began) * 1000

    async def run_tool(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """One host tool, through the gate."""
        tool = self.tools.get(name)
        return await self._effect("tool.execute", name, lambda: call(tool, arguments), reserve={"tool_calls": 1})

    def _offer(self, name: str) -> ToolSpec:
        tool = self.tools.get(name)
        return ToolSpec(name=tool.name, description=tool.description, parameters=tool.parameters)

    async def _turn(self, provider: Provider, request: ModelRequest, agent: str, sink: Sink | None) -> ModelReply:
        estimate = sum(len(message.text) for message in request.messages) // CHARS_PER_TOKEN + 1

        async def perform() -> ModelReply:
            if sink is None and (self._on_text is None or not provider.capabilities.streaming):
                return await provider.complete(request)
            return await self._stream(provider, request, agent, sink)

        def price(reply: ModelReply) -> Mapping[str, int]:
            usage = reply.usage  # a server that counts nothing still costs: what it was estimated to
            return {
                "provider_calls": 1,
                "input_tokens": usage.input_tokens or estimate,
                "output_tokens": usage.output_tokens or len(reply.text) // CHARS_PER_TOKEN,
            }

        reserve = {
            "provider_calls": 1,
            "input_tokens": estimate,
            "output_tokens": request.max_tokens or UNSTATED_OUTPUT,
        }
        label = f"{agent} ({provider.name}/{request.model})"
        return await self._effect("model.turn", label, perform, reserve=reserve, price=price)

    async def _stream(self, provider: Provider, request: ModelRequest, agent: str, sink: Sink | None) -> ModelReply:
        from aiostream import streamcontext  # 10 ms, and only streams need it

        reply: ModelReply | None = None
        ids: dict[int, tuple[str, str]] = {}
        async with streamcontext(provider.stream(request)) as deltas:  # left early, it closes the connection
            async for delta in deltas:
                if isinstance(delta, ModelReply):
                    reply = delta
                    continue
                if isinstance(delta, TextDelta) and self._on_text is not None:
                    self._on_text(agent, delta.text)
                if sink is not None:
                    await sink(_content(delta, ids))
        if reply is None:
            raise BadResponseError(f"provider '{provider.name}': the stream ended without an answer")
        return reply

    async def _run_host_tools(
        self, calls: list[ToolCall], offered: Collection[str], sink: Sink | None
    ) -> list[ToolResult]:
        """All calls of one model turn at once. A failure is an answer for the model; a terminal error is not."""
        outcomes = await asyncio.gather(*(self._answer(item, offered) for item in calls), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        results = [outcome for outcome in outcomes if isinstance(outcome, ToolResult)]
        if sink is not None:
            for item, result in zip(calls, results, strict=True):
                await sink(tool_complete(item, result))
        return results

    async def _answer(self, item: ToolCall, offered: Collection[str]) -> ToolResult:
        if item.error:
            return ToolResult(item.id, f"the arguments are not valid JSON: {item.error}", is_error=True)
        if item.name not in offered:  # granted to the run perhaps, but not to this agent
            return ToolResult(item.id, f"there is no tool '{item.name[:80]}'", is_error=True)
        try:
            return ToolResult(item.id, _text_of(await self.run_tool(item.name, item.arguments)))
        except LlmspellError as error:
            if error.terminal:
                raise
            return ToolResult(item.id, error.message, is_error=True)


def _text_of(value: Any) -> str:
    """A tool's result for the model: text as it is, anything else as JSON."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=_text_of)
    except TypeError as error:
        raise ToolError(f"the result has no JSON form: {error}") from None


def tool_complete(item: ToolCall, result: ToolResult) -> Mapping[str, Any]:
    """The chunk content that tells of a tool call's result."""
    return {
        "type": "tool_call_complete",
        "tool_id": item.id,
        "name": item.name,
        "args": dict(item.arguments),
        "result": result.text,
        "is_error": result.is_error,
    }


def _content(delta: Delta, ids: dict[int, tuple[str, str]]) -> Mapping[str, Any]:
    if isinstance(delta, TextDelta):
        return {"type": "text", "text": delta.text}
    assert not isinstance(delta, ModelReply)
    known = ids.get(delta.index, ("", ""))
    ids[delta.index] = known = (delta.id or known[0], delta.name or known[1])
    return {"type": "tool_call_progress", "tool_id": known[0], "name": known[1], "partial_args": delta.fragment}
