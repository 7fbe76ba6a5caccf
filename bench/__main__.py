"""Prints every figure that the design sets a target for: `python -m bench [--quick]`. Medians; look at the ratios.

Nothing here fails for a figure: these machines are shared, and a number of a bad minute decides nothing.
"""

from __future__ import annotations

import sys

from bench import calls, cpu, startup, streams
from bench.sandbox import run_in_sandbox


def main(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    bare, hello, peak = startup.hello_process(5 if quick else 21)
    chunk = streams.chunk(1_000 if quick else 10_000)
    rows = [
        ("python -c pass", f"{bare:.0f} ms", ""),
        ("llmspell run hello.lua", f"{hello:.0f} ms ({hello / bare:.1f}x bare Python)", "120 ms"),
        ("  peak memory", f"{peak:.0f} MB", "40 MB"),
        ("sandbox: instance, boot, run", f"{calls.sandbox_start(20 if quick else 200):.2f} ms", "1 ms"),
        ("immediate host call", f"{calls.immediate_call(2_000 if quick else 20_000):.1f} us", "10 us"),
        ("awaited host call, there and back", f"{calls.awaited_call(1_000 if quick else 10_000):.0f} us", "60 us"),
        ("chunk of a stream, to the Lua loop", f"{chunk.whole:.1f} us", "40 us"),
        ("  of it the scripted provider", f"{chunk.provider:.1f} us", ""),
        ("memory of a waiting run", f"{calls.waiting_run(100 if quick else 1_000):.0f} KB", "110 KB"),
    ]
    print(f"{'':<36}{'measured':<28}target: at most")
    for name, measured, target in rows:
        print(f"{name:<36}{measured:<28}{target}")
    print()
    cpu.show(cpu.compare(run_in_sandbox, ("fib", "num") if quick else ()))
    print(f"{'target: at most':<31}{2.0:>8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
