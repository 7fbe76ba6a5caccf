"""The process of worker.py: one job, from stdin to stdout, with what it could do harm with given up first."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from llmspell.abi.codec import pack, unpack
from llmspell.tools.jobs import Refused

JOBS: Final[Mapping[str, str]] = {
    "jq": "llmspell.tools.jobs.jq_job:run",
    "template": "llmspell.tools.jobs.template_job:run",
    "regex": "llmspell.tools.jobs.regex_job:run",
    "diff": "llmspell.tools.jobs.diff_job:run",
    "form": "llmspell.tools.jobs.form_job:run",
    "csv": "llmspell.tools.jobs.csv_job:run",
    "sqlite": "llmspell.tools.jobs.sqlite_job:run",
}
MEMORY: Final = 1 << 30
"""Of address space; the interpreter and its libraries take a tenth."""


def main(job: str, seconds: int, max_file: int) -> int:
    """Do the job; the exit code. Without a `max_file`, in bytes, it opens no files."""
    module, _, function = JOBS[job].partition(":")
    run: Callable[[Any], Any] = getattr(import_module(module), function)  # before files are given up
    _give_up(seconds, max_file)
    try:
        reply = {"value": run(unpack(sys.stdin.buffer.read()))}
    except Refused as error:
        reply = {"error": str(error)[:1000]}
    except RecursionError:
        reply = {"error": "it is nested too deeply"}
    except MemoryError:
        return 1
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) else error  # without the machine's paths
        reply = {"error": f"it failed: {type(error).__name__}: {reason}"[:1000]}
    sys.stdout.buffer.write(pack(reply))
    sys.stdout.buffer.flush()
    return 0


def _give_up(seconds: int, max_file: int) -> None:
    limits = [
        (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, max_file),
    ]  # fmt: skip
    if not max_file:
        limits.append((resource.RLIMIT_NOFILE, 3))  # stdin, stdout and stderr stay
    for limit, value in limits:
        try:
            resource.setrlimit(limit, (value, value))
        except (OSError, ValueError):  # macOS has no limit of address space; the time holds
            if limit != resource.RLIMIT_AS:
                raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
