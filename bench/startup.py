"""A whole process: `llmspell run hello.lua` against bare `python -c pass`, wall time and peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Wall milliseconds and peak MB of one child process; its modules compiled before, as a user has them."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=env)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} exited with {process.returncode}")
    return (time.perf_counter() - start) * 1000, used.ru_maxrss / 1024


def hello_process(rounds: int) -> tuple[float, float, float]:
    """Medians, taken in turn: bare Python in ms, llmspell in ms, llmspell's peak MB."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "hello.lua"
        script.write_text('print("Hello")\n')
        bare, ours, peaks = [], [], []
        command = [str(Path(sys.executable).with_name("llmspell")), "run", str(script)]
        _run(command)  # compiles and caches
        for _ in range(rounds):
            bare.append(_run([sys.executable, "-c", "pass"])[0])
            wall, peak = _run(command)
            ours.append(wall)
            peaks.append(peak)
    return statistics.median(bare), statistics.median(ours), statistics.median(peaks)
