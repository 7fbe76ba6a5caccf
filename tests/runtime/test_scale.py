"""Many runs in one process: one after the other they leave nothing, and thousands that wait cost little each."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from llmspell.host.workers import MAX_THREADS
from llmspell.runtime import ScriptRuntime
from llmspell.tools.base import Tool
from tests.runtime.running import runtime

ROLLUP = Path("/proc/self/smaps_rollup")
pytestmark = pytest.mark.skipif(not ROLLUP.exists(), reason="the system does not tell what a process uses")


def private_bytes() -> int:
    """What this process alone has in memory."""
    found = re.search(r"^Private_Dirty:\s+(\d+) kB", ROLLUP.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


SCRIPT = """
  local agent = Agent.create { model = "mock" }
  local t = {}
  for i = 1, 2000 do t[i] = { i } end
  local task = Task.spawn(function() Task.sleep(0) return agent:execute("x").text end)
  for chunk in agent:stream_execute("x") do t[#t + 1] = chunk end
  return #t, #task:await()
"""
FAILING = [
    "error('x')",
    "x =",
    "while true do end",
    "local t = {} while true do t[#t + 1] = ('x'):rep(1e5) end",
    "table.sort({ 1, 2 }, function() Task.sleep(60) end)",
    "for i = 1, 100 do Task.spawn(Task.sleep, 60) end Task.sleep(0) error('x')",
]


def test_a_thousand_runs_leave_neither_memory_nor_files_behind() -> None:
    shared = runtime('[runtime]\nfuel = 30_000_000\ntimeout = "2s"\nmemory = "5MB"')

    async def runs(count: int) -> None:
        for i in range(count):
            if i % 10 == 9:
                source = FAILING[i // 10 % len(FAILING)]
                report = await shared.report(source if "sort" not in source else source.replace("60", "0"))
                assert report.error is not None or "sort" in source
            else:
                assert (await shared.execute_script(SCRIPT)).results[0] > 2000

    def measured() -> tuple[int, int]:
        gc.collect()
        return private_bytes(), open_files()

    asyncio.run(runs(150))
    before = measured()
    asyncio.run(runs(1000))
    after = measured()
    assert after[1] <= before[1]
    assert after[0] - before[0] < 10_000_000, f"{(after[0] - before[0]) // 1000} bytes a run"


def test_event_loops_one_after_the_other_leave_no_files_open() -> None:
    shared = ScriptRuntime()
    asyncio.run(shared.execute_script("Task.sleep(0)"))
    before = open_files()
    gc.disable()  # whether it runs in between is chance
    try:
        for _ in range(20):
            asyncio.run(shared.execute_script("Task.sleep(0)"))
        assert open_files() == before
    finally:
        gc.enable()


def test_cancelled_runs_leave_nothing_behind() -> None:
    shared = ScriptRuntime()

    async def runs(count: int) -> None:
        for i in range(count):
            run = asyncio.ensure_future(shared.report("Task.spawn(Task.sleep, 60) Task.sleep(60)"))
            for _ in range(i % 8):
                await asyncio.sleep(0.0005)
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)

    asyncio.run(runs(100))
    gc.collect()
    before = private_bytes()
    asyncio.run(runs(300))
    gc.collect()
    assert private_bytes() - before < 6_000_000


async def waiting_together(count: int, sources: Callable[[int], str], at_peak: Callable[[], None]) -> list[object]:
    """Start `count` runs, wait until all of them wait for `go`, measure, let them go: their results."""
    go, all_wait, waiting = asyncio.Event(), asyncio.Event(), 0

    async def hold(_: Mapping[str, Any]) -> str:
        nonlocal waiting
        waiting += 1
        if waiting == count:
            all_wait.set()
        await go.wait()
        return "went on"

    shared = runtime('[runtime]\ntimeout = "60s"', tools=[Tool(name="hold", run=hold)])
    runs = [asyncio.ensure_future(shared.execute_script(sources(i))) for i in range(count)]
    await all_wait.wait()
    at_peak()
    go.set()
    return [(await run).result for run in runs]


def test_two_thousand_runs_wait_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    count, figures = 2000, {}

    def measure() -> None:
        gc.collect()
        figures["bytes"] = private_bytes()
        figures["threads"] = threading.active_count()

    asyncio.run(waiting_together(10, lambda _: "return Tool.execute('hold')", lambda: None))
    gc.collect()
    before, threads = private_bytes(), threading.active_count()
    results = asyncio.run(waiting_together(count, lambda i: f"return Tool.execute('hold') .. {i}", measure))
    assert results == [f"went on{i}" for i in range(count)]
    each = (figures["bytes"] - before) / count
    with capsys.disabled():
        print(f"\n{count} runs wait: {each / 1024:.0f} KB each, {figures['threads'] - threads} threads more")  # noqa: T201
    assert each < 200_000
    assert figures["threads"] <= MAX_THREADS + 8
