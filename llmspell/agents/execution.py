"""Running an agent's loop: model turns and host tools through the gate, until done or until it needs script tools."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final, Protocol, TypeVar

from llmspell.agents.loop import AgentLoop
from llmspell.agents.payload import output_of
from llmspell.agents.spec import AgentSpec, NeedTools, ToolResult
from llmspell.content import MediaContent
from llmspell.errors import BadResponseError, LlmspellError, ProviderError, RateLimitError, ToolError
from llmspell.providers.base import Provider
from llmspell.providers.manager import ProviderManager
from llmspell.tools.registry import ToolRegistry
from llmspell.types import (
    AgentOutput,
    MediaDelta,
    ModelReply,
    ModelRequest,
    RawMedia,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolSpec,
)

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


TakeMedium = Callable[[RawMedia], MediaContent]
"""Checks and keeps a medium that a server gave. Raises InvalidMedia."""

Sink = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Takes the contents of a stream's chunks as they come."""


class _Shown:
    """What somebody sees of one model turn while it comes: the script's stream, or the person before the terminal."""

    def __init__(
        self, agent: str, sink: Sink | None, on_text: Callable[[str, str], None] | None, take: TakeMedium
    ) -> None:
        self.agent = agent
        self.wanted = sink is not None or on_text is not None
        self.any = False
        self._sink = sink
        self._on_text = on_text
        self._take = take
        self._ids: dict[int, tuple[str, str]] = {}

    async def content(self, content: Mapping[str, Any]) -> None:
        if self._sink is not None:
            await self._sink(content)

    async def whole(self, reply: ModelReply) -> None:
        """A turn that came in one piece."""
        for thought in reply.reasoning:
            if thought.text:
                await self.delta(ReasoningDelta(thought.text))
        if reply.text:
            await self.delta(TextDelta(reply.text))
        for index, item in enumerate(reply.tool_calls):
            await self.delta(ToolCallDelta(index, item.id, item.name, json.dumps(dict(item.arguments))))
        for medium in reply.media:
            await self.delta(MediaDelta(medium))

    async def delta(self, delta: TextDelta | ReasoningDelta | ToolCallDelta | MediaDelta) -> None:
        self.any = True
        if isinstance(delta, TextDelta):
            if self._on_text is not None:
                self._on_text(self.agent, delta.text)
            await self.content({"type": "text", "text": delta.text})
            return
        if isinstance(delta, ReasoningDelta):
            await self.content({"type": "reasoning", "reasoning": delta.text})
            return
        if isinstance(delta, MediaDelta):
            if self._sink is not None:
                medium = self._take(delta.media).described()
                await self.content({"type": "media", "media": medium, "is_final": delta.is_final})
            return
        known = self._ids.get(delta.index, ("", ""))
        self._ids[delta.index] = known = (delta.id or known[0], delta.name or known[1])
        await self.content(
            {"type": "tool_call_progress", "tool_id": known[0], "name": known[1], "partial_args": delta.fragment}
        )


class Execution:
    """What the executions of one run share."""

    def __init__(
        self,
        providers: ProviderManager,
        tools: ToolRegistry,
        effect: Effect,
        spend: Callable[[int], None],
        on_text: Callable[[str, str], None] | None,
        take: TakeMedium,
    ) -> None:
        self.providers = providers
        self.tools = tools
        self._effect = effect
        self._spend_calls = spend
        self._on_text = on_text
        self._take = take

    async def advance(self, loop: AgentLoop, sink: Sink | None = None) -> AgentOutput | NeedTools:
        """Go on until the answer is there, or until the script must run tools of its own."""
        provider = ""
        while not loop.done:
            if not loop.pending:
                provider = await self._ask(loop, sink)
                continue
            spec, calls = loop.spec, list(loop.pending.values())
            own = {tool.name for tool in spec.script_tools}
            if not any(call.name in own and not call.error for call in calls):
                loop.answered(await self._run_host_tools(calls, spec.host_tools, sink))
                continue
            # the script runs all that can be run, those of the host too: so all of one turn run at once
            wrong = [call for call in calls if call.error or call.name not in own.union(spec.host_tools)]
            loop.answered(await self._run_host_tools(wrong, (), sink))
            needed = list(loop.pending.values())
            self._spend_calls(sum(call.name in own for call in needed))
            return NeedTools(spec.name, needed)
        return output_of(loop, provider)

    async def run_tool(self, name: str, arguments: Any) -> Any:
        """One host tool, through the gate, if its arguments fit. Gives plain data, or MediaContent."""
        tool = self.tools.get(name)
        value = await self._effect(
            "tool.execute", name, lambda: self.tools.call(tool, arguments), reserve={"tool_calls": 1}
        )
        return self._take(value) if isinstance(value, RawMedia) else value

    def _offer(self, name: str) -> ToolSpec:
        tool = self.tools.get(name)
        return ToolSpec(name=tool.name, description=tool.description, parameters=tool.parameters)

    async def _ask(self, loop: AgentLoop, sink: Sink | None) -> str:
        """One model turn, of the first of the agent's models that gives one. Returns the provider's name."""
        failed: list[Mapping[str, Any]] = []
        while True:
            spec = loop.spec
            provider, model = self._choose(spec, loop.fallbacks)
            loop.needs.check(provider.name, provider.capabilities)
            request = loop.request(model, [*spec.script_tools, *(self._offer(name) for name in spec.host_tools)])
            shown = _Shown(spec.name, sink, self._on_text, self._take)
            began = time.monotonic()
            try:
                reply = await self._turn(provider, request, shown)
            except ProviderError as error:
                failed.append({"model": f"{provider.name}/{model}", "kind": error.kind, "message": error.message})
                if shown.any or not loop.fall_back():  # what the script has seen cannot be taken back
                    if len(failed) > 1:
                        error.details |= {"attempts": failed}
                    raise
                if isinstance(error, RateLimitError):
                    await shown.content(_rate_limit(error))
            else:
                loop.duration_ms += (time.monotonic() - began) * 1000
                before = len(loop.messages)
                loop.replied(reply, tuple(map(self._take, reply.media)))
                answers = loop.messages[before + 1 :]  # of a handover: its calls are not run
                for item, answer in zip(reply.tool_calls, answers, strict=False):
                    await shown.content(tool_complete(item, ToolResult(item.id, answer.text, answer.is_error)))
                return provider.name

    def _choose(self, spec: AgentSpec, fallbacks: int) -> tuple[Provider, str]:
        if fallbacks == 0:
            return self.providers.resolve(spec.model, spec.provider)
        model = spec.fallback[fallbacks - 1]
        named = model.partition("/")[0] in self.providers.names()
        return self.providers.resolve(model, None if named else spec.provider)

    async def _turn(self, provider: Provider, request: ModelRequest, shown: _Shown) -> ModelReply:
        estimate = sum(len(message.text) for message in request.messages) // CHARS_PER_TOKEN + 1

        async def perform() -> ModelReply:
            if shown.wanted and provider.capabilities.streaming:
                return await self._stream(provider, request, shown)
            reply = await provider.complete(request)
            if shown.wanted:
                await shown.whole(reply)
            return reply

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
        label = f"{shown.agent} ({provider.name}/{request.model})"
        return await self._effect("model.turn", label, perform, reserve=reserve, price=price)

    async def _stream(self, provider: Provider, request: ModelRequest, shown: _Shown) -> ModelReply:
        from aiostream import streamcontext  # 10 ms, and only streams need it

        reply: ModelReply | None = None
        async with streamcontext(provider.stream(request)) as deltas:  # left early, it closes the connection
            async for delta in deltas:
                if isinstance(delta, ModelReply):
                    reply = delta
                else:
                    await shown.delta(delta)
        if reply is None:
            raise BadResponseError(f"provider '{provider.name}': the stream ended without an answer")
        return reply

    async def _run_host_tools(
        self, calls: list[ToolCall], offered: Collection[str], sink: Sink | None
    ) -> list[ToolResult]:
        """All calls of one model turn at once. A failure is an answer for the model; a terminal error is not."""
        outcomes = await asyncio.gather(*(self.answer(item, offered) for item in calls), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        results = [outcome for outcome in outcomes if isinstance(outcome, ToolResult)]
        if sink is not None:
            for item, result in zip(calls, results, strict=True):
                await sink(tool_complete(item, result))
        return results

    async def answer(self, item: ToolCall, offered: Collection[str]) -> ToolResult:
        """What a model is told that called one of the offered tools."""
        if item.error:
            return ToolResult(item.id, item.error, is_error=True)
        if item.name not in offered:  # granted to the run perhaps, but not to this agent
            return ToolResult(item.id, f"there is no tool '{item.name[:80]}'", is_error=True)
        try:
            value = await self.run_tool(item.name, item.arguments)
            if isinstance(value, MediaContent):
                return ToolResult(item.id, f"{value.mime}, {value.size:,} bytes", media=(value,))
            return ToolResult(item.id, _text_of(value))
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


def _rate_limit(error: RateLimitError) -> Mapping[str, Any]:
    """The chunk content that tells of a model that has no room, where another one is asked instead."""
    content = {"type": "control", "kind": "rate_limit", "provider": error.provider}
    return content if error.retry_after is None else {**content, "retry_after": error.retry_after}
