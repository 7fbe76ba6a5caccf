"""In one process: starting a sandbox, host calls of both kinds, and what a waiting run costs in memory."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from llmspell.abi import codec, messages
from llmspell.host.guest import Guest
from llmspell.runtime import RunReport, ScriptRuntime

CONTEXT = {"run_id": "bench", "script": "bench", "args": [], "agents": [], "tools": [], "providers": []}


def _guest(source: str, answer: Callable[[bytes], bytes] = lambda _: b"") -> Guest:
    guest = Guest(memory_bytes=50 << 20, fuel=10**13, write=lambda _s, _d: None, answer=answer)
    guest.boot(codec.pack({"max_tasks": 1000}))
    failed = guest.load(codec.pack({"source": source, "name": "=bench", "seed": 1, **CONTEXT}))
    if failed is not None:
        raise RuntimeError(str(messages.decode_turn(failed).failure))
    return guest


def sandbox_start(rounds: int) -> float:
    """Milliseconds to instantiate, boot, load and run `return 1`, and to give the memory back."""

    def once() -> None:
        guest = _guest("return 1")
        guest.step(b"\x90")
        guest.close()

    once()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def immediate_call(rounds: int) -> float:
    """Microseconds of one os.clock(): out through the import and back."""

    def answer(request: bytes) -> bytes:
        messages.decode_request(request)
        return messages.encode_answer(True, 1.5)

    guest = _guest(f"local clock = os.clock for i = 1, {rounds} do clock() end", answer)
    start = time.perf_counter()
    guest.step(b"\x90")
    return (time.perf_counter() - start) / rounds * 1e6


def awaited_call(rounds: int) -> float:
    """Microseconds of one Task.sleep(0) through the whole runtime: a turn out, the event loop, a turn back."""

    async def main() -> float:
        runtime = ScriptRuntime()
        _ok(await runtime.report("Task.sleep(0)"))
        start = time.perf_counter()
        _ok(await runtime.report(f"for i = 1, {rounds} do Task.sleep(0) end"))
        return (time.perf_counter() - start) / rounds * 1e6

    return asyncio.run(main())


def waiting_run(count: int, after: str = "") -> float:
    """KB of private memory for each of `count` runs that all wait, with everything that belongs to a run. `after` is
    what each has done before, in Lua."""

    async def main() -> float:
        runtime = ScriptRuntime()
        warm = [asyncio.ensure_future(runtime.report("Task.sleep(0.1)")) for _ in range(50)]
        await asyncio.gather(*warm)
        before = private_kb()
        runs = [asyncio.ensure_future(runtime.report(f"{after} Task.sleep(600)")) for _ in range(count)]
        last = -1.0
        while (now := private_kb()) != last:  # until every run has come to its wait
            last = now
            await asyncio.sleep(0.5)
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)
        return (last - before) / count

    return asyncio.run(main())


def private_kb() -> float:
    """What this process would give back: pages that it alone has. Pages shared with the image's file cost nothing."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return float(line.split()[1])
    raise RuntimeError("/proc/self/smaps_rollup has no Private_Dirty")


def _ok(report: RunReport) -> None:
    if report.error is not None:
        raise report.error
