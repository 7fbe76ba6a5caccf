"""Running an agent's loop: model turns and host tools, until done or until it needs script tools. How a turn is asked
for is in turns.py; here is which model is asked, and what follows.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from llmspell.agents import needs
from llmspell.agents.loop import AgentLoop
from llmspell.agents.payload import output_of
from llmspell.agents.shown import OF_ANSWER, Shown, Sink, TakeMedium
from llmspell.agents.spec import AgentSpec, NeedTools, ToolResult
from llmspell.agents.turns import Turns
from llmspell.content import MediaContent
from llmspell.errors import (
    InvalidArgument,
    InvalidMedia,
    LlmspellError,
    ProviderError,
    RateLimitError,
    ToolError,
)
from llmspell.providers.base import Provider
from llmspell.providers.manager import ProviderManager
from llmspell.tools.registry import ToolRegistry
from llmspell.types import AgentOutput, Capabilities, Message, ModelRequest, RawMedia, ToolCall, ToolSpec

Prepare = Callable[[MediaContent, int | None, int | None], MediaContent]
"""What of a medium is sent to a model that takes at most so many bytes of its type, and images of at most so many
pixels in width and height. Blocking. Raises InvalidMedia."""


class Execution:
    """What the executions of one run share."""

    def __init__(
        self,
        providers: ProviderManager,
        tools: ToolRegistry,
        turns: Turns,
        spend: Callable[[int], None],
        on_text: Callable[[str, str], None] | None,
        take: TakeMedium,
        prepare: Prepare,
    ) -> None:
        self.providers = providers
        self.tools = tools
        self._turns = turns
        self._spend_calls = spend
        self._on_text = on_text
        self._take = take
        self._prepare = prepare

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
        value = await self._turns.gate.effect(
            "tool.execute", name, lambda _: self.tools.call(tool, arguments), reserve={"tool_calls": 1}
        )
        return self._take(value, f"what the tool '{name}' gave") if isinstance(value, RawMedia) else value

    def _offer(self, name: str) -> ToolSpec:
        tool = self.tools.get(name)
        return ToolSpec(name=tool.name, description=tool.description, parameters=tool.parameters)

    async def _ask(self, loop: AgentLoop, sink: Sink | None) -> str:
        """One model turn, of the first of the agent's models that gives one. Returns the provider's name."""
        failed: list[Mapping[str, Any]] = []
        last: ProviderError | None = None
        while True:
            spec = loop.spec
            provider, model = self._choose(spec, loop.fallbacks)
            able = provider.capabilities_of(model)
            request = loop.request(model, [*spec.script_tools, *(self._offer(name) for name in spec.host_tools)])
            shown = Shown(spec.name, sink, self._on_text, self._take)
            began = time.monotonic()
            try:
                request = await self._prepared(request, able)
                needs.check(provider.name, able, request)
                if not able.json_schema:  # it would be refused; the loop checks every answer itself
                    request = replace(request, schema=None)
                price = await self._turns.price(provider, request)
                reply, cost = await self._turns.ask(provider, request, shown, price)
            except (ProviderError, InvalidMedia, InvalidArgument) as error:
                if isinstance(error, ProviderError):
                    last = error
                if last is None:  # the script's own mistake; of a fallback it is no more than a reason to ask the next
                    raise
                failed.append({"model": f"{provider.name}/{model}", "kind": error.kind, "message": error.message})
                if shown.any or not loop.fall_back():  # what the script has seen cannot be taken back
                    reason = error if shown.any else last
                    if len(failed) > 1:
                        reason.details |= {"attempts": failed}
                    raise reason from None
                if isinstance(error, RateLimitError):
                    await shown.rate_limited(error.provider, error.retry_after)
            else:
                loop.duration_ms += (time.monotonic() - began) * 1000
                loop.paid(cost)
                before = len(loop.messages)
                loop.replied(reply, tuple(self._take(medium, OF_ANSWER) for medium in reply.media))
                answers = loop.messages[before + 1 :]  # of a handover: its calls are not run
                for item, answer in zip(reply.tool_calls, answers, strict=False):
                    await shown.content(tool_complete(item, ToolResult(item.id, answer.text, answer.is_error)))
                return provider.name

    async def _prepared(self, request: ModelRequest, able: Capabilities) -> ModelRequest:
        """With the media as they are sent: the history keeps what the script gave."""
        if not any(message.media for message in request.messages):
            return request

        def prepared() -> tuple[Message, ...]:
            limits, side = able.max_media_size, able.max_image_side
            return tuple(
                replace(
                    message, media=tuple(self._prepare(item, limits.get(item.type), side) for item in message.media)
                )
                for message in (needs.in_words(message, able) for message in request.messages)
            )

        return replace(request, messages=await asyncio.to_thread(prepared))

    def _choose(self, spec: AgentSpec, fallbacks: int) -> tuple[Provider, str]:
        if fallbacks == 0:
            return self.providers.resolve(spec.model, spec.provider)
        model = spec.fallback[fallbacks - 1]
        named = model.partition("/")[0] in self.providers.names()
        return self.providers.resolve(model, None if named else spec.provider)

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
