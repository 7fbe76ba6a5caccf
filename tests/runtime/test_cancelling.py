"""Cancelling the asyncio task of a run ends it at once, whatever it does, and leaves nothing behind; runs beside each
other do not notice. Warnings are errors here: an exception that nobody retrieved fails the test."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from llmspell.events import Event, Output
from llmspell.tools.base import Tool
from tests.runtime.running import ran, runtime

STATES = {
    "computing": "print('ready') while true do end",
    "computing in C": "print('ready') while true do local s = (('x'):rep(1e6)):gsub('x', 'y') end",
    "computing in a coroutine": "print('ready') coroutine.wrap(function() while true do pcall(error) end end)()",
    "waiting": "print('ready') Task.sleep(60)",
    "waiting in a coroutine": "print('ready') coroutine.wrap(function() Task.sleep(60) end)()",
    "waiting for a tool": "print('ready') Tool.execute('slow')",
    "waiting for a model": "print('ready') Agent.create { provider = 'p' }:execute('x')",
    "reading a stream": "print('ready') for _ in Agent.create { provider = 'p' }:stream_execute('x') do end",
    "many tasks": "for i = 1, 200 do Task.spawn(Tool.execute, 'slow') end print('ready') Task.sleep(60)",
    "turning": "print('ready') while true do Task.sleep(0) end",
    "blocked in a comparator": "print('ready') table.sort({ 1, 2 }, function() Task.sleep(60) end)",
    "a tool in a comparator": "print('ready') table.sort({ 1, 2 }, function() Tool.execute('slow') end)",
    "a loop of failing comparators": """
        print('ready') while true do pcall(table.sort, { 1, 2 }, function() Task.sleep(0) error() end) end""",
    "printing": "while true do print('ready') end",
    "in a finalizer": "setmetatable({}, { __gc = function() print('ready') while true do end end }) collectgarbage()",
    "asking the host": "print('ready') while true do JSON.parse('[1]') end",
}
MANIFEST = '[providers.p]\nkind = "scripted"\n[[providers.p.replies]]\ntext = "late"\ndelay_ms = 60000'


async def slow(_: Mapping[str, Any]) -> None:
    await asyncio.sleep(60)


async def ready_and_cancelled(source: str) -> None:
    """Start a run, wait until it says that it is ready, cancel it, and see that it is gone."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()

    def on_event(event: Event) -> None:
        if isinstance(event, Output):
            loop.call_soon_threadsafe(ready.set)

    started = runtime(MANIFEST, tools=[Tool(name="slow", run=slow)])
    run = asyncio.ensure_future(started.report(source, on_event=on_event))
    await asyncio.wait_for(ready.wait(), 20)
    await asyncio.sleep(0.002)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(run, 20)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert others == set()


@pytest.mark.parametrize("state", sorted(STATES))
def test_a_run_that_is_cancelled_is_gone(state: str) -> None:
    problems: list[Mapping[str, Any]] = []

    async def observed() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: problems.append(context))
        await ready_and_cancelled(STATES[state])
        gc.collect()
        await asyncio.sleep(0)

    asyncio.run(observed())
    gc.collect()
    assert problems == []


def test_cancelling_at_any_moment_of_the_start_is_fine() -> None:
    async def many() -> None:
        for turns in range(12):
            run = asyncio.ensure_future(ran("Task.sleep(60)"))
            for _ in range(turns):
                await asyncio.sleep(0)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(run, 20)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(many())


def test_cancelling_twice_is_fine() -> None:
    async def twice() -> None:
        run = asyncio.ensure_future(ran("Tool.execute('stubborn')", tools=[Tool(name="stubborn", run=stubborn)]))
        await asyncio.sleep(0.05)
        run.cancel()
        await asyncio.sleep(0.01)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(run, 20)

    async def stubborn(_: Mapping[str, Any]) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.03)

    asyncio.run(twice())


def test_a_timeout_of_the_caller_ends_the_run() -> None:
    async def timed() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await ran("while true do end")

    asyncio.run(timed())


def test_stopping_one_run_does_not_disturb_the_others() -> None:
    """Eight runs compute; half of them are cancelled one after the other; the rest come to their result."""

    async def beside() -> list[Any]:
        counting = "local n = 0 for i = 1, 2e7 do n = n + 1 end return n"
        good = [asyncio.ensure_future(ran(counting)) for _ in range(4)]
        bad = [asyncio.ensure_future(ran("while true do end")) for _ in range(4)]
        for run in bad:
            await asyncio.sleep(0.01)
            run.cancel()
        await asyncio.gather(*bad, return_exceptions=True)
        return [(await run).result for run in good]

    assert asyncio.run(beside()) == [20_000_000] * 4


def test_one_runtime_serves_runs_at_once_with_budgets_of_their_own() -> None:
    async def both() -> list[Any]:
        shared = runtime("[runtime]\nprovider_calls = 2")
        source = """
          local agent = Agent.create { model = "mock" }
          for i = 1, ... do agent:execute("x") end
          return Run.usage().provider_calls
        """
        reports = await asyncio.gather(*(shared.report(source, args=[str(n)]) for n in (1, 2, 3, 2)))
        return [report.output.result if report.error is None else report.error.kind for report in reports]

    assert asyncio.run(both()) == [1, 2, "limit", 2]


def test_a_run_in_an_event_loop_of_each_thread() -> None:
    results: list[Any] = []

    def one() -> None:
        results.append(asyncio.run(ran("Task.sleep(0.01) return 1")).result)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [1] * 8


def test_forty_runs_blocked_in_comparators_do_not_keep_others_from_running() -> None:
    """More than the threads that there are: they wait for the event loop, which goes on."""

    async def crowded() -> Any:
        blocked = "table.sort({ 2, 1 }, function(a, b) Task.sleep(0.3) return a < b end) return 'sorted'"
        crowd = [asyncio.ensure_future(ran(blocked)) for _ in range(60)]
        other = await asyncio.wait_for(ran("return 'through'"), 20)
        return other.result, {(await run).result for run in crowd}

    assert asyncio.run(crowded()) == ("through", {"sorted"})
