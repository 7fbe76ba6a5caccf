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
ROUNDS = 3


class Took(NamedTuple):
    """Seconds of wall time and of this process's CPU time."""

    wall: float
    cpu: float


def overhead(count: int, pause_ms: float = 0) -> tuple[Took, Took]:
    """One stream of so many chunks, read by httpx alone and by a provider; the best of some rounds each."""
    model = f"{count}@{pause_ms}" if pause_ms else str(count)

    async def main(url: str) -> tuple[Took, Took]:
        manager = ProviderManager({"p": ProviderSettings(name="p", base_url=url)}, "p", environ={})

        async def bare() -> None:
            async with client.stream("POST", f"{url}/chat/completions", json={"model": model}) as response:
                async for _ in response.aiter_raw():
                    pass

        async def provider() -> None:
            request = ModelRequest(model=model, messages=(Message(role="user", text="x"),))
            came = 0
            async for delta in manager.get("p").stream(request):
                came += isinstance(delta, TextDelta)
            _check(came, count)

        async with httpx.AsyncClient() as client:
            found = await _best(bare), await _best(provider)
        await manager.aclose()
        return found

    with model_server.started() as url:
        return asyncio.run(main(url))


class Late(NamedTuple):
    """Milliseconds, of all chunks."""

    median: float
    p99: float


def latency(count: int, pause_ms: float) -> tuple[Late, Late]:
    """From the server's write until httpx alone has the chunk, and until the script has written it out."""
    model = f"{count}@{pause_ms}"
    to_httpx: list[int] = []
    to_script: list[int] = []

    def on_event(event: Event) -> None:
        if isinstance(event, Output):
            now = time.monotonic_ns()
            to_script.extend(now - int(stamp) for stamp in event.text.split())

    async def main(url: str) -> None:
        async with (
            httpx.AsyncClient() as client,
            client.stream("POST", f"{url}/chat/completions", json={"model": model}) as response,
        ):
            async for data in response.aiter_raw():
                now = time.monotonic_ns()
                to_httpx.extend(now - stamp for stamp in model_server.stamps(data))
        runtime = _runtime(url)
        await runtime.execute_script(READ, args=["10"])  # imports
        report = await runtime.report(ECHO, args=[model], on_event=on_event)
        if report.error is not None:
            raise report.error

    with model_server.started() as url:
        asyncio.run(main(url))
    _check(len(to_script), count)
    return _late(to_httpx), _late(to_script)


def many(count: int) -> float:
    """MB that this process takes at its peak with so many runs, each of which reads a stream, all of them at once. A
    page that many runs share, which the peak of VmHWM counts for each, counts once."""

    async def main(url: str) -> float:
        runtime = _runtime(url)
        runs = asyncio.gather(*(runtime.report(READ, args=["20@250"]) for _ in range(count)))
        peak = 0.0
        while not runs.done():
            await asyncio.wait([runs], timeout=0.25)
            peak = max(peak, _proportional_mb())
        for report in await runs:
            if report.error is not None:
                raise report.error
            _check(report.output.as_number() >= 20, 1)
        return peak

    with model_server.started() as url:
        return asyncio.run(main(url))


def _proportional_mb() -> float:
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return float(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/smaps_rollup has no Pss")


async def _best(work: Callable[[], Awaitable[None]]) -> Took:
    await work()  # imports and connections
    took = []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        await work()
        took.append(Took(time.perf_counter() - wall, time.process_time() - cpu))
    return Took(min(each.wall for each in took), min(each.cpu for each in took))


def _late(nanoseconds: list[int]) -> Late:
    ordered = sorted(nanoseconds)
    return Late(ordered[len(ordered) // 2] / 1e6, ordered[int(len(ordered) * 0.99)] / 1e6)


def _runtime(url: str) -> ScriptRuntime:
    text = f'[runtime]\ntimeout = "10m"\n[providers.p]\nkind = "openai"\nbase_url = "{url}"'
    return ScriptRuntime(parse_manifest(text, file="bench.toml", base=Path.cwd()))


def _check(came: int, sent: int) -> None:
    if came != sent:
        raise RuntimeError(f"{came} chunks came, and {sent} were sent")
