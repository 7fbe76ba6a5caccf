"""What the prelude adds to starting a run and to one that waits: two guests that differ in nothing else.

One is the image as it is, the other is built of the same sources with bench/bare in place of the prelude; that takes
the compiler, which wasm/sources.sh fetches. Both go through the public API of wasmtime, whose cost the difference is
free of.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import wasmtime

from bench.calls import CONTEXT, private_kb
from llmspell.abi import codec, spec
from llmspell.host.engine import compiled
from llmspell.host.image import image_path

BUILD = Path(__file__).parents[1] / "wasm" / "build.sh"
SCRIPT = "Task.sleep(600)"


class PreludeCost(NamedTuple):
    """Milliseconds of a start, up to the script's first wait, and KB of private memory of a run that waits there."""

    start_ms: float
    waiting_kb: float


class _Waiting:
    """A run of SCRIPT that has come to its wait."""

    def __init__(self, linker: wasmtime.Linker, module: wasmtime.Module) -> None:
        self.store = wasmtime.Store(linker.engine)
        self.store.set_fuel(10**12)
        self.store.set_epoch_deadline(10**9)
        self._exports: Any = linker.instantiate(self.store, module).exports(self.store)
        self._send("boot", codec.pack({"max_tasks": 1000}))
        if self._send("load", codec.pack({"source": SCRIPT, "name": "=bench", "seed": 1, **CONTEXT})):
            raise RuntimeError("the script was not loaded")
        self._send("step", b"\x90")

    def _send(self, name: str, message: bytes) -> int:
        address = self._exports["alloc"](self.store, len(message))
        self._exports["memory"].write(self.store, message, address)
        result: int = self._exports[name](self.store, address, len(message))
        return result


def cost(rounds: int, runs: int) -> PreludeCost:
    """Medians of `rounds` starts, and means of `runs` runs. Raises CalledProcessError when there is no compiler."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.wasm"
        command = [str(BUILD), str(bare), str(Path(__file__).with_name("bare"))]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHON": sys.executable})
        engine = compiled().engine
        modules = [wasmtime.Module.from_file(engine, str(path)) for path in (bare, image_path())]
    linker = wasmtime.Linker(engine)
    for name, (params, results) in spec.IMPORTS.items():
        kind = wasmtime.FuncType([_type(p) for p in params], [_type(r) for r in results])
        linker.define_func(spec.IMPORT_MODULE, name, kind, lambda *_: 0)
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        for i, module in enumerate(modules):
            began = time.perf_counter()
            run = _Waiting(linker, module)
            times[i].append(time.perf_counter() - began)
            run.store.close()
    memory = []
    for module in (*modules, *modules):  # what the first round leaves free is there for both in the second
        before = private_kb()
        waiting = [_Waiting(linker, module) for _ in range(runs)]
        memory.append((private_kb() - before) / runs)
        for run in waiting:
            run.store.close()
    bare_s, whole_s = (statistics.median(column) for column in times)
    return PreludeCost(start_ms=(whole_s - bare_s) * 1000, waiting_kb=memory[-1] - memory[-2])


def _type(name: str) -> wasmtime.ValType:
    return wasmtime.ValType.i32() if name == "i32" else wasmtime.ValType.i64()
