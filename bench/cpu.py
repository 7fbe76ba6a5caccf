"""CPU-bound Lua: the sandbox against native Lua 5.4, by the programs in bench/lua. Look at the ratios.

    python -m bench.cpu [NAME ...]

Each program returns a checksum; both sides must return the same one. A time is the median of five runs in seconds of
CPU time of the whole process, the two sides taken in turn, so that a slow spell of the machine meets both.
"""

from __future__ import annotations

import importlib
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lupa.lua54 import LuaRuntime  # type: ignore[import-untyped]

PROGRAMS = Path(__file__).with_name("lua")
ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One program: medians in seconds of CPU time, and how many times as long the sandbox takes."""

    name: str
    native_s: float
    sandbox_s: float

    @property
    def ratio(self) -> float:
        return self.sandbox_s / self.native_s


class WrongResultError(Exception):
    """The two sides disagree about a program's checksum, so its times mean nothing."""


def programs(names: Iterable[str] = ()) -> dict[str, str]:
    """Source by name, sorted; all of them when no name is given. Raises KeyError for a name that is not there."""
    found = {path.stem: path.read_text(encoding="utf-8") for path in sorted(PROGRAMS.glob("*.lua"))}
    chosen = list(names)
    return {name: found[name] for name in chosen} if chosen else found


def run_native(source: str) -> object:
    """What the source returns in a new native Lua 5.4 state."""
    return LuaRuntime(register_eval=False, register_builtins=False).execute(source)


def compare(run: Callable[[str], object], names: Iterable[str] = ()) -> list[Row]:
    """Time each program natively and through `run`, which takes a source and gives what it returns.

    Each side runs once before, unmeasured: that fills caches and checks the result. Raises WrongResultError.
    """
    rows = []
    for name, source in programs(names).items():
        expected, actual = run_native(source), run(source)
        if actual != expected:
            raise WrongResultError(f"{name}: native Lua returns {expected!r}, the sandbox {actual!r}")
        native, sandbox = [], []
        for _ in range(ROUNDS):
            native.append(_cpu_seconds(run_native, source))
            sandbox.append(_cpu_seconds(run, source))
        rows.append(Row(name=name, native_s=statistics.median(native), sandbox_s=statistics.median(sandbox)))
    return rows


def geometric_mean(rows: Sequence[Row]) -> float:
    """Of the ratios. At least one row."""
    return math.exp(statistics.fmean(math.log(row.ratio) for row in rows))


def show(rows: Sequence[Row]) -> None:
    """Print the rows and the geometric mean as a plain table."""
    print(f"{'program':<10}{'native s':>10}{'sandbox s':>11}{'ratio':>8}")
    for row in rows:
        print(f"{row.name:<10}{row.native_s:>10.3f}{row.sandbox_s:>11.3f}{row.ratio:>8.2f}")
    print(f"{'geometric mean':<31}{geometric_mean(rows):>8.2f}")


def _cpu_seconds(run: Callable[[str], object], source: str) -> float:
    start = time.process_time()
    run(source)
    return time.process_time() - start


def main(arguments: Sequence[str]) -> int:
    unknown = sorted(set(arguments) - set(programs()))
    if unknown:
        print(f"no such program: {', '.join(unknown)}; there are {', '.join(programs())}", file=sys.stderr)
        return 2
    # By name, so that this module is of use, and checks, before any sandbox is built.
    run: Callable[[str], object] = importlib.import_module("bench.sandbox").run_in_sandbox
    show(compare(run, arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
