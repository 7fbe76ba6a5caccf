"""Streams over a real connection, from a server in a process of its own: what we add to httpx, how late a chunk is when
the script has it, and what many streams at once take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import httpx

from bench import model_server
from llmspell.events import Event, Output
from llmspell.manifest.load import parse_manifest
from llmspell.providers.manager import ProviderManager
from llmspell.runtime import ScriptRuntime
from llmspell.settings import ProviderSettings
from llmspell.types import Message, ModelRequest, TextDelta

READ = 'local n = 0 for chunk in Agent.create { model = arg[1] }:stream_execute("x") do n = n + 1 end return n'
ECHO = """
for chunk in Agent.create { model = arg[1] }:stream_execute("x") do
  if chunk.content.type == "text" then io.write(chunk.content.text) end
end
"""
ROUNDS = 5


class Overhead(NamedTuple):
    """Of one stream of many chunks: seconds of wall time, the best of some rounds each, and the number of chunks."""

    count: int
    bare: float
    provider: float
    script: float


def overhead(count: int) -> Overhead:
    async def main(url: str) -> Overhead:
        settings = ProviderSettings(name="p", base_url=url)
        manager = ProviderManager({"p": settings}, "p", environ={})
        runtime = _runtime(url)
        body = {"model": str(count), "stream": True, "messages": [{"role": "user", "content": "x"}]}

        async def bare(client: httpx.AsyncClient) -> None:
            async with client.stream("POST", f"{url}/chat/completions", json=body) as response:
                async for _ in response.aiter_raw():
                    pass

        async def provider() -> None:
            request = ModelRequest(model=str(count), messages=(Message(role="user", text="x"),))
            deltas = [delta async for delta in manager.get("p").stream(request)]
            if sum(isinstance(delta, TextDelta) for delta in deltas) != count:
                raise RuntimeError("chunks are missing")

        async def script() -> None:
            output = await runtime.execute_script(READ, args=[str(count)])
            if output.as_number() < count:
                raise RuntimeError("chunks are missing")

        async with httpx.AsyncClient() as client:
            alone = await _best(lambda: bare(client))
            found = Overhead(count, alone, await _best(provider), await _best(script))
        await manager.aclose()
        return found

    with model_server.started() as url:
        return asyncio.run(main(url))


async def _best(work: Callable[[], Awaitable[None]]) -> float:
    await work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        await work()
        times.append(time.perf_counter() - start)
    return min(times)


def latency(count: int, pause_ms: int, at_once: int = 1) -> tuple[float, float]:
    """Milliseconds from the server's write until the script has written the chunk out again: median, 99th percentile."""
    late: list[float] = []

    def on_event(event: Event) -> None:
        if isinstance(event, Output):
            now = time.monotonic_ns()
            late.extend((now - int(stamp)) / 1e6 for stamp in event.text.split())

    async def main(url: str) -> None:
        runtime = _runtime(url)
        await runtime.execute_script(READ, args=["10"])  # imports
        reports = (runtime.report(ECHO, args=[f"{count}@{pause_ms}"], on_event=on_event) for _ in range(at_once))
        for report in await asyncio.gather(*reports):
            if report.error is not None:
                raise report.error

    with model_server.started() as url:
        asyncio.run(main(url))
    if len(late) != count * at_once:
        raise RuntimeError(f"{len(late)} chunks came of {count * at_once}")
    late.sort()
    return late[len(late) // 2], late[int(len(late) * 0.99)]


def many(count: int) -> float:
    """MB that this process takes at its peak with so many runs, each of which reads a stream, all of them at once."""

    async def main(url: str) -> None:
        runtime = _runtime(url)
        runs = (runtime.report(READ, args=["20@250"]) for _ in range(count))
        for report in await asyncio.gather(*runs):
            if report.error is not None:
                raise report.error

    with model_server.started() as url:
        asyncio.run(main(url))
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status has no VmHWM")


def _runtime(url: str) -> ScriptRuntime:
    manifest = parse_manifest(
        f'[runtime]\ntimeout = "10m"\n[providers.p]\nkind = "openai"\nbase_url = "{url}"',
        file="bench.toml",
        base=Path.cwd(),
    )
    return ScriptRuntime(manifest)
