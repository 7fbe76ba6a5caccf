"""Open streams of agents: a pump a stream puts chunks into a bounded queue, and the script takes them in batches.

The queue is the back-pressure: when the script is slow the pump waits, and with it the reading of the connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from llmspell.agents.execution import Execution, tool_complete
from llmspell.agents.loop import AgentLoop
from llmspell.agents.payload import needed_to_data, output_to_data, results_from_data
from llmspell.agents.spec import NeedTools, ToolResult
from llmspell.errors import InvalidArgument, LimitError
from llmspell.types import AgentOutput

QUEUE: Final = 64
"""Chunks that wait for the script: some seconds of a fast model, some kilobytes."""
_CLOSED: Final = object()


class Stream:
    """One open stream. Items of the queue are chunks, NeedTools, the AgentOutput at the end, an error, or _CLOSED."""

    def __init__(self, stream_id: str, execution: Execution, loop: AgentLoop) -> None:
        self.id = stream_id
        self._execution = execution
        self._loop = loop
        self._queue: asyncio.Queue[Any] = asyncio.Queue(QUEUE)
        self._results: asyncio.Queue[list[ToolResult]] = asyncio.Queue(1)
        self._index = 0
        self._taking = asyncio.Lock()
        self._last: Any = None
        self._pump: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        """On the event loop."""
        if not self._closed:
            self._pump = asyncio.ensure_future(self._run())

    async def next(self, payload: Any) -> Mapping[str, Any]:
        """The chunks that are there, waiting for the first: {chunks, tools?, done?, output?}.

        Several tasks of the script may wait here: each gets what comes next, and every one of them learns of the end.
        """
        if payload.get("results") is not None and self._results.empty():
            self._results.put_nowait(results_from_data(payload))
        async with self._taking:
            return await self._take()

    async def _take(self) -> Mapping[str, Any]:
        item = self._last if self._last is not None else await self._queue.get()
        chunks: list[Any] = []
        while isinstance(item, dict):
            chunks.append(item)
            if self._queue.empty():
                return {"chunks": chunks}
            item = self._queue.get_nowait()
        if isinstance(item, NeedTools):
            return {"chunks": chunks, "tools": needed_to_data(item)}
        self._last = item  # an error comes after what had arrived, and to everyone
        if isinstance(item, AgentOutput):
            return {"chunks": chunks, "done": True, "output": output_to_data(item)}
        if item is _CLOSED:
            return {"chunks": chunks, "done": True}
        if chunks:
            return {"chunks": chunks}
        raise item

    async def close(self) -> None:
        """Stop the pump; the connection beneath it is closed. Who waits for a chunk gets none."""
        self._closed = True
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(_CLOSED)

    async def _run(self) -> None:
        try:
            await self._put({"type": "control", "kind": "stream_start"})
            result = await self._execution.advance(self._loop, self._put)
            while isinstance(result, NeedTools):
                await self._queue.put(result)
                answers = await self._results.get()
                by_id = {call.id: call for call in result.calls}
                self._loop.answered(answers)
                for answer in answers:
                    await self._put(tool_complete(by_id[answer.id], answer))
                result = await self._execution.advance(self._loop, self._put)
            usage, reason = asdict(result.metadata.usage), result.metadata.finish_reason
            await self._put({"type": "control", "kind": "stream_end", "usage": usage, "finish_reason": reason})
            await self._queue.put(result)
        except Exception as error:
            await self._queue.put(error)

    async def _put(self, content: Mapping[str, Any]) -> None:
        chunk = {
            "stream_id": self.id,
            "chunk_index": self._index,
            "timestamp": time.time(),
            "content": content,
            "metadata": {"agent": self._loop.spec.name},
        }
        self._index += 1
        await self._queue.put(chunk)


class Streams:
    """The open streams of one run; their number is bounded, for each holds a connection."""

    def __init__(self, execution: Execution, most: int) -> None:
        self._execution = execution
        self._most = most
        self._open: dict[str, Stream] = {}
        self._count = 0

    def open(self, loop: AgentLoop) -> Stream:
        """Not yet started; on any thread."""
        if len(self._open) >= self._most:
            raise LimitError("streams", self._most, len(self._open) + 1, hint="close streams, or read them to the end")
        self._count += 1
        stream = Stream(f"stream-{self._count}", self._execution, loop)
        self._open[stream.id] = stream
        return stream

    async def next(self, payload: Any) -> Mapping[str, Any]:
        stream = self._open.get(str(payload.get("stream"))) if isinstance(payload, dict) else None
        if stream is None:
            raise InvalidArgument("the stream is closed")
        try:
            reply = await stream.next(payload)
        except Exception:
            self._open.pop(stream.id, None)
            raise
        if reply.get("done"):
            self._open.pop(stream.id, None)
        return reply

    def release(self, stream_id: Any) -> Stream | None:
        """No longer counted as open, and to be closed; on any thread."""
        return self._open.pop(stream_id, None) if isinstance(stream_id, str) else None

    async def aclose(self) -> None:
        while self._open:
            _, stream = self._open.popitem()
            await stream.close()
