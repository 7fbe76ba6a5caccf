"""Lua's own test suite, run in the sandbox: which files, in which ways, and what stays out. The suite comes with Lua's
sources (wasm/sources.sh) and is never changed; preamble.lua puts around it what it expects to find.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from llmspell.abi import messages
from llmspell.errors import LlmspellError
from llmspell.host.guest import Guest
from tests.guest.guests import boot_message, load_message

HERE: Final = Path(__file__).resolve().parent
SOURCES: Final = HERE.parent.parent / "wasm" / "sources.sh"

WAYS: Final = ("main", "task", "bytecode")
"""How a file is run: called from the script's main chunk, as a task of its own, or from the main chunk after a trip
through string.dump, which is how all.lua runs most of them. The fourth way, "coroutine", resumes it until it ends."""

ONLY: Final[Mapping[str, tuple[str, ...]]] = {
    "big.lua": ("coroutine",),  # it yields
    "gc.lua": ("task",),  # counts memory to the kilobyte, and a stack with the preamble beneath it can be larger
    "literals.lua": ("main", "task"),  # expects equal strings of one text to be one string, which string.dump ends
}
"""The files that only some ways suit."""

FILES: Final = (
    *("api", "big", "bitwise", "bwcoercion", "calls", "closure", "code", "constructs", "coroutine", "cstack", "db"),
    *("errors", "events", "gc", "gengc", "goto", "heavy", "literals", "locals", "math", "nextvar", "pm", "sort"),
    *("strings", "tpack", "tracegc", "utf8", "vararg", "verybig"),
)

LEFT_OUT: Final[Mapping[str, str]] = {
    "all.lua": "runs the other files with dofile and loadfile; here that is this module's work",
    "attrib.lua": "package.path, package.cpath and package.searchers: modules come only from the manifest's roots",
    "files.lua": "io over real files, temporary files and os.date of the C library: there are none",
    "main.lua": "the stand-alone interpreter and its command line, run through a shell",
}
"""The files that stay out, and why. Of those that run, no line is left out or changed; what they do with T, a library
in C that looks inside an interpreter built for it, they skip themselves where it is not there."""

RETURNS: Final[Mapping[str, list[Any]]] = {
    "big.lua": ["b", "a"],
    "calls.lua": ["function"],
    "events.lua": [12],
    "locals.lua": [5],
    "tracegc.lua": ["table"],
    "verybig.lua": [10],
}
"""What all.lua expects from a file; the others return nothing."""

MEMORY: Final = 512 << 20
"""heavy.lua fills it; the next largest is big.lua with 98 MB."""
FUEL: Final = 100 * 10**9
"""Six times what the longest takes: an endless loop ends within a minute."""

PASSES: Final = [(f"{name}.lua", way) for name in FILES for way in ONLY.get(f"{name}.lua", WAYS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one file went. `problem` is empty when it passed, else what happened, where, and what was printed last."""

    file: str
    way: str
    results: list[Any] = field(default_factory=list)
    problem: str = ""
    seconds: float
    fuel: int
    memory: int


@functools.cache
def folder() -> Path:
    """The suite's folder, fetched where it is not there yet."""
    environ = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run([SOURCES, "lua"], env=environ, stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip()) / "testes"


def run(file: str, way: str) -> Outcome:
    """Run one file of the suite in a sandbox of its own."""
    modules = {name: (folder() / f"{name}.lua").read_bytes() for name in ("bwcoercion", "tracegc")}
    output: list[bytes] = []
    guest = Guest(memory_bytes=MEMORY, fuel=FUEL, write=lambda _stream, data: output.append(data), answer=_answer)
    results: list[Any] = []
    problem = ""
    began = time.perf_counter()
    try:
        guest.boot(boot_message(whole=True))
        source, text = (HERE / "preamble.lua").read_bytes(), (folder() / file).read_bytes()
        failed = guest.load(load_message(source, name="=preamble", args=[file, text, modules, way]))
        turn = messages.decode_turn(failed or guest.step(messages.join_replies([])))
        results = list(turn.results)
        if turn.failure is not None:
            problem = turn.failure.message + turn.failure.traceback
    except LlmspellError as error:
        where = "".join(report.traceback for report in messages.decode_report(guest.report()))
        problem = error.message + where
    seconds = time.perf_counter() - began
    fuel, memory = guest.fuel_spent, guest.memory_size
    guest.close()
    if problem:
        problem += "\n" + b"".join(output)[-1000:].decode("utf-8", "replace")
    return Outcome(file=file, way=way, results=results, problem=problem, seconds=seconds, fuel=fuel, memory=memory)


def _answer(request: bytes) -> bytes:
    """All that the suite asks its surroundings is how long something took, and only to print it."""
    op, _payload = messages.decode_request(request)
    assert op == "os.clock", f"the suite is not expected to call {op}"
    return messages.encode_answer(True, time.process_time())
