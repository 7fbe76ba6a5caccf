"""Prints every figure that the design sets a target for: `python -m bench [--quick]`. Medians; look at the ratios.

Nothing here fails for a figure: these machines are shared, and a number of a bad minute decides nothing.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec, TypeVar

from bench import calls, cpu, prelude, startup, streams, tasks, wire
from bench.sandbox import run_in_sandbox

P = ParamSpec("P")
T = TypeVar("T")


def main(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    bare, hello, peak = startup.hello_process(5 if quick else 21)
    runs = 100 if quick else 1_000
    waiting = _alone(calls.waiting_run, runs)
    collected = _alone(calls.waiting_run, runs, "collectgarbage()")
    start_added, memory_added = _prelude(20 if quick else 200, runs)
    chunk = streams.chunk(1_000 if quick else 10_000)
    paced_bare, paced = wire.overhead(300 if quick else 2_000, 1)
    full = 2_000 if quick else 20_000
    full_bare, fast = wire.overhead(full)
    httpx_late, late = wire.latency(200 if quick else 2_000, 5)
    rows = [
        ("python -c pass", f"{bare:.0f} ms", ""),
        ("llmspell run hello.lua", f"{hello:.0f} ms ({hello / bare:.1f}x bare Python)", "120 ms"),
        ("  peak memory", f"{peak:.0f} MB", "40 MB"),
        ("sandbox: instance, boot, run", f"{calls.sandbox_start(20 if quick else 200):.2f} ms", "1 ms"),
        ("  of it the prelude", start_added, "1 ms"),
        ("immediate host call", f"{calls.immediate_call(2_000 if quick else 20_000):.1f} us", "10 us"),
        ("awaited host call, there and back", f"{calls.awaited_call(1_000 if quick else 10_000):.0f} us", "60 us"),
        ("chunk of a stream, to the Lua loop", f"{chunk.whole:.1f} us", "40 us"),
        ("  of it the scripted provider", f"{chunk.provider:.1f} us", ""),
        ("stream over HTTP, a chunk each ms", f"{paced.wall / paced_bare.wall:.2f}x bare httpx", "1.3x"),
        ("  as fast as it comes: CPU added", f"{(fast.cpu - full_bare.cpu) / full * 1e6:.0f} us a chunk", "40 us"),
        ("  and its wall time", f"{fast.wall / full_bare.wall:.1f}x bare httpx", ""),
        ("server's write to the script, p99", f"{late.p99:.1f} ms (median {late.median:.1f})", "5 ms"),
        ("  of it until httpx has it", f"{httpx_late.p99:.1f} ms (median {httpx_late.median:.1f})", ""),
        ("500 runs, each with a stream", f"{_alone(wire.many, 500):.0f} MB", "300 MB"),
        ("1,000 tasks, each a call of 100 ms", f"{tasks.fan_out(1_000, 1 if quick else 5):.2f} s", "0.4 s"),
        ("memory of a waiting run", f"{waiting:.0f} KB", "110 KB"),
        ("  of it the prelude", memory_added, "60 KB"),
        ("  after a collection of garbage", f"{collected:.0f} KB", ""),
    ]
    print(f"{'':<36}{'measured':<28}target: at most")
    for name, measured, target in rows:
        print(f"{name:<36}{measured:<28}{target}")
    print()
    cpu.show(cpu.compare(run_in_sandbox, ("fib", "num") if quick else ()))
    print(f"{'target: at most':<31}{2.0:>8.2f}")
    return 0


def _alone(measure: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Measure in a process of its own: memory that others have left free would be used again, and not count."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, *args, **named).result()


def _prelude(rounds: int, runs: int) -> tuple[str, str]:
    try:
        cost = _alone(prelude.cost, rounds, runs)
    except subprocess.CalledProcessError:
        return "needs the compiler", "needs the compiler"
    return f"{cost.start_ms:.2f} ms", f"{cost.waiting_kb:.0f} KB"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
