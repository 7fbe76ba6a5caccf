"""Open streams of agents: a pump a stream puts chunks into a bounded buffer, and the script takes all that are there.

The buffer is the back-pressure: when the script is slow the pump waits, and with it the reading of the connection.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from typing import Any, Final, Protocol

from llmspell.agents.execution import tool_complete
from llmspell.agents.loop import AgentLoop
from llmspell.agents.payload import needed_to_data, output_to_data, results_from_data, usage_to_data
from llmspell.agents.shown import Sink
from llmspell.agents.spec import NeedTools, ToolResult
from llmspell.agents.state import Resolve
from llmspell.errors import InvalidArgument, LimitError
from llmspell.types import AgentOutput

BUFFER: Final = 64
"""Chunks that wait for the script: some seconds of a fast model, some kilobytes."""
HEARTBEAT: Final = 5.0
"""Seconds of silence after which a script that waits is told that the stream is still open: longer than pauses between
tokens, shorter than a user's patience."""


class Advances(Protocol):
    """What moves a loop on, and tells the sink of it (execution.py)."""

    async def advance(self, loop: AgentLoop, sink: Sink | None = None) -> AgentOutput | NeedTools: ...


class _Closed:
    """The end of a stream that was closed."""


class Stream:
    """One open stream: chunks, and behind them what comes when they are taken (`_then`)."""

    def __init__(
        self, stream_id: str, execution: Advances, loop: AgentLoop, resolve: Resolve, heartbeat: float
    ) -> None:
        self.id = stream_id
        self._execution = execution
        self._loop = loop
        self._resolve = resolve
        self._heartbeat = heartbeat
        self._chunks: list[Mapping[str, Any]] = []
        self._then: NeedTools | AgentOutput | Exception | _Closed | None = None
        self._something = asyncio.Event()
        self._room = asyncio.Event()
        self._answers: asyncio.Future[list[ToolResult]] | None = None
        self._index = 0
        self._heard = math.inf  # the pump puts the first chunk at once
        self._given = 0
        self._reply: Mapping[str, Any] = {}
        self._pump: asyncio.Task[None] | None = None

    def start(self) -> None:
        """On the event loop."""
        if self._then is None:
            self._pump = asyncio.ensure_future(self._run())

    async def next(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """The chunks that are there, waiting for the first: {chunks, tools?, done?, output?}.

        `got` counts the replies that the script has: one that it lost, because the task that asked was cancelled
        while it was on its way, is given again. `results` answer the `tools` of the reply before.
        """
        if payload.get("got") != self._given:
            return self._reply
        if payload.get("results") is not None and self._answers is not None and not self._answers.done():
            self._answers.set_result(results_from_data(payload, self._resolve))
        self._reply = await self._take()
        self._given += 1
        return self._reply

    async def close(self) -> None:
        """Stop the pump; the connection beneath it is closed. Who waits for a chunk gets none."""
        self._chunks.clear()
        self._end(_Closed())
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)

    async def _take(self) -> Mapping[str, Any]:
        while not self._chunks and self._then is None:
            self._something.clear()
            try:
                async with asyncio.timeout_at(self._heard + self._heartbeat):
                    await self._something.wait()
            except TimeoutError:
                self._add({"type": "control", "kind": "heartbeat"})
        chunks, self._chunks = self._chunks, []
        self._room.set()
        reply: dict[str, Any] = {"chunks": chunks}
        match self._then:
            case NeedTools() as needed:
                self._then = None
                return reply | {"tools": needed_to_data(needed)}
            case AgentOutput() as output:
                return reply | {"done": True, "output": output_to_data(output)}
            case _Closed():
                return reply | {"done": True}
            case Exception() as error if not chunks:  # it comes after what had arrived
                raise error
        return reply

    async def _run(self) -> None:
        try:
            await self._put({"type": "control", "kind": "stream_start"})
            result = await self._execution.advance(self._loop, self._put)
            while isinstance(result, NeedTools):
                self._answers = asyncio.get_running_loop().create_future()
                self._end(result)
                answers = await self._answers
                by_id = {call.id: call for call in result.calls}
                self._loop.answered(answers)
                for answer in answers:
                    await self._put(tool_complete(by_id[answer.id], answer))
                result = await self._execution.advance(self._loop, self._put)
            usage, reason = usage_to_data(result.metadata), result.metadata.finish_reason
            await self._put({"type": "control", "kind": "stream_end", "usage": usage, "finish_reason": reason})
            self._end(result)
        except Exception as error:
            self._end(error)

    async def _put(self, content: Mapping[str, Any]) -> None:
        """Takes the content of the next chunk, of any kind; waits while the buffer is full."""
        self._add(content)
        while len(self._chunks) >= BUFFER:
            self._room.clear()
            await self._room.wait()

    def _add(self, content: Mapping[str, Any]) -> None:
        self._heard = asyncio.get_running_loop().time()
        self._chunks.append(
            {
                "stream_id": self.id,
                "chunk_index": self._index,
                "timestamp": time.time(),
                "content": content,
                "metadata": {"agent": self._loop.spec.name},
            }
        )
        self._index += 1
        self._something.set()

    def _end(self, then: NeedTools | AgentOutput | Exception | _Closed) -> None:
        if not isinstance(self._then, _Closed):
            self._then = then
        self._something.set()


class Streams:
    """The open streams of one run; their number is bounded, for each holds a connection. `resolve` gives the medium of
    a handle; `heartbeat` is in seconds."""

    def __init__(self, execution: Advances, resolve: Resolve, most: int, *, heartbeat: float = HEARTBEAT) -> None:
        self._execution = execution
        self._resolve = resolve
        self._most = most
        self._heartbeat = heartbeat
        self._open: dict[str, Stream] = {}
        self._count = 0

    def open(self, loop: AgentLoop) -> Stream:
        """Not yet started; on any thread. It counts as open until it is released."""
        if len(self._open) >= self._most:
            raise LimitError("streams", self._most, len(self._open) + 1, hint="close streams, or read them to the end")
        self._count += 1
        stream = Stream(f"stream-{self._count}", self._execution, loop, self._resolve, self._heartbeat)
        self._open[stream.id] = stream
        return stream

    async def next(self, payload: Any) -> Mapping[str, Any]:
        """What stream `payload["stream"]` has next; see Stream.next. Raises the stream's error after its last chunk."""
        stream = self._open.get(str(payload.get("stream"))) if isinstance(payload, dict) else None
        if stream is None:
            raise InvalidArgument("the stream is closed")
        return await stream.next(payload)

    def release(self, stream_id: Any) -> Stream | None:
        """No longer counted as open, and to be closed; on any thread."""
        return self._open.pop(stream_id, None) if isinstance(stream_id, str) else None

    async def aclose(self) -> None:
        while self._open:
            _, stream = self._open.popitem()
            await stream.close()
