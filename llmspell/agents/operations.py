"""What the guest may ask for about agents, tools and providers: the table of handlers, by name.

A handler is immediate (on the guest's thread, never blocking) or awaited (on the event loop); the runtime puts them
behind the gate.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from llmspell.agents import state
from llmspell.agents.execution import Execution
from llmspell.agents.fields import field
from llmspell.agents.payload import loop_from_payload, needed_to_data, output_to_data, spec_from_data
from llmspell.agents.spec import NeedTools
from llmspell.agents.streams import Streams
from llmspell.content import MediaContent
from llmspell.errors import ComponentNotFound, InvalidArgument, StreamingNotSupported
from llmspell.media.store import MediaStore
from llmspell.types import Capabilities, ToolCall

Immediate = Mapping[str, Callable[[Any], Any]]
Awaited = Mapping[str, Callable[[Any], Awaitable[Any]]]


class AgentOperations:
    """The handlers of one run, whose effects run on `loop`; made on any thread."""

    def __init__(
        self,
        execution: Execution,
        media: MediaStore,
        loop: asyncio.AbstractEventLoop,
        *,
        streaming: bool,
        max_streams: int,
    ) -> None:
        self._execution = execution
        self._media = media
        self._streaming = streaming
        self._streams = Streams(execution, max_streams, media.resolve)
        self._loop = loop
        self._closing: set[asyncio.Task[None]] = set()
        self.awaited: Awaited = {
            "agent.execute": self._execute,
            "stream.next": self._streams.next,
            "tool.execute": self._tool,
            "tool.answer": self._answer,
        }
        self.immediate: Immediate = {
            "agent.capabilities": self._capabilities,
            "agent.check": _checked,
            "agent.stream": self._open_stream,
            "stream.close": self._close_stream,
            "tool.list": self._tools,
            "provider.list": lambda _: list(execution.providers.names()),
            "provider.get": self._provider,
        }

    async def aclose(self) -> None:
        """Close every stream."""
        await self._streams.aclose()
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _execute(self, payload: Any) -> Mapping[str, Any]:
        loop = loop_from_payload(payload, self._media.resolve)
        result = await self._execution.advance(loop)
        if isinstance(result, NeedTools):
            return {"tools": needed_to_data(result), "state": state.to_data(loop.state())}
        return {"output": output_to_data(result)}

    def _open_stream(self, payload: Any) -> str:
        """Immediate: a task that is cancelled cannot lose the stream between its opening and the reply."""
        loop = loop_from_payload(payload, self._media.resolve)
        provider, model = self._execution.providers.resolve(loop.spec.model, loop.spec.provider)
        if not (self._streaming and provider.capabilities_of(model).streaming):
            what = f"model '{model[:80]}' of provider '{provider.name}' cannot stream"
            why = what if self._streaming else "the manifest switches it off"
            raise StreamingNotSupported(
                f"agent '{loop.spec.name}': streaming is not supported: {why}", hint="use agent:execute"
            )
        stream = self._streams.open(loop)
        self._loop.call_soon_threadsafe(stream.start)
        return stream.id

    def _close_stream(self, stream_id: Any) -> float:
        """The time, for the chunk that says so. A stream that is closed already stays that."""
        stream = self._streams.release(stream_id)
        if stream is None:
            return time.time()

        def start() -> None:
            task = asyncio.ensure_future(stream.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

        self._loop.call_soon_threadsafe(start)
        return time.time()

    async def _tool(self, payload: Any) -> Any:
        name = payload.get("name") if isinstance(payload, dict) else None
        if not isinstance(name, str):
            raise InvalidArgument("Tool.execute: a name expected")
        value = await self._execution.run_tool(name, payload.get("arguments"))
        return {"media": value.described()} if isinstance(value, MediaContent) else {"value": value}

    async def _answer(self, payload: Any) -> Mapping[str, Any]:
        """A tool of the host that a model called beside some of the script's."""
        call = ToolCall(
            id=field(payload, "id", str), name=field(payload, "name", str), arguments=field(payload, "arguments", dict)
        )
        result = await self._execution.answer(call, {call.name})
        return {**result._asdict(), "media": [medium.described() for medium in result.media]}

    def _tools(self, name: Any) -> list[Mapping[str, Any]]:
        """All that are granted, or the one of that name."""
        tools = self._execution.tools
        found = [tools.find(name)] if isinstance(name, str) else tools.granted()
        return [
            {"name": t.name, "description": t.description, "schema": dict(t.parameters), "source": "host"}
            for t in found
            if t is not None
        ]

    def _capabilities(self, payload: Any) -> Mapping[str, Any]:
        fields = payload if isinstance(payload, dict) else {}
        provider, model = self._execution.providers.resolve(fields.get("model"), fields.get("provider"))
        return self._shown(provider.capabilities_of(model))

    def _provider(self, name: Any) -> Mapping[str, Any] | None:
        try:
            described = self._execution.providers.describe(name if isinstance(name, str) else "")
        except ComponentNotFound:
            return None
        return {key: value for key, value in described.items() if value is not None}

    def _shown(self, capabilities: Capabilities) -> Mapping[str, Any]:
        shown = capabilities.described()
        shown["streaming"] = shown["streaming"] and self._streaming
        return shown


def _checked(spec: Any) -> Any:
    """The description of an agent, when it is one: what is wrong is told where the agent is made."""
    if not isinstance(spec, dict):
        raise InvalidArgument("the description of an agent expected")
    spec_from_data(spec)
    return spec
