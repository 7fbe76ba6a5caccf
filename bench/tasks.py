"""In one process: many tasks of one script that wait for models at once."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

from llmspell.manifest.load import parse_manifest
from llmspell.runtime import ScriptRuntime

DELAY_MS = 100

_MANIFEST = f"""
[runtime]
provider_calls = "unlimited"
output_tokens = "unlimited"
[providers.p]
kind = "scripted"
[[providers.p.replies]]
text = "ok"
delay_ms = {DELAY_MS}
"""
_SCRIPT = """
local agent, questions = Agent.create {}, {}
for i = 1, %d do questions[i] = "question " .. i end
local answers = Task.map(questions, function(question) return agent:execute(question).text end)
return #answers
"""


def fan_out(tasks: int, rounds: int) -> float:
    """Seconds for `tasks` tasks, each of which asks a scripted model that takes DELAY_MS to answer: the whole run."""
    runtime = ScriptRuntime(parse_manifest(_MANIFEST, file="bench.toml", base=Path.cwd()))

    def once() -> float:
        start = time.perf_counter()
        output = asyncio.run(runtime.execute_script(_SCRIPT % tasks))
        if output.result != tasks:
            raise RuntimeError(f"{output.result} answers of {tasks}")
        return time.perf_counter() - start

    once()
    return statistics.median(once() for _ in range(rounds))
