"""The command as a process of its own, as users run it: with pipes, or in a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from llmspell.cli.main import main

COMMAND = [sys.executable, "-m", "llmspell"]
TRACEBACK = "Traceback (most recent call last)"
PATIENCE = 60.0
"""Seconds for what takes a fraction of one, on a machine that does other things too."""


def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """This process's environment without what would change the command's output, and with these changes."""
    unwanted = ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "LLMSPELL_LOG", "LLMSPELL_DEBUG", "PYTHONUNBUFFERED")
    env = {name: value for name, value in os.environ.items() if name not in unwanted}
    env |= {"COLUMNS": "80", "LC_ALL": "C.UTF-8"}
    for name, value in (changes or {}).items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


class Result(NamedTuple):
    """How the command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object that stdout must be."""
        assert self.out.endswith("}\n")
        assert self.out.count("\n") == 1
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def report(self) -> str:
        """What stands on stderr, without what no two runs, or no two builds of the sandbox, have in common."""
        return re.sub(
            r"skipping \d+ levels", "skipping (many) levels", re.sub(r"spent: [\d.]+ m?s", "spent: (time)", self.err)
        )


def llmspell(
    *words: str | Path, cwd: Path, stdin: str | bytes = b"", env: Mapping[str, str | None] | None = None
) -> Result:
    """Run the command to its end. Never a Python traceback, whatever else a test is about."""
    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=cwd,
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        env=environment(env),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    result = Result(done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode())
    assert TRACEBACK not in result.err
    return result


def called(capfd: pytest.CaptureFixture[str], *words: str | Path, cwd: Path) -> Result:
    """The same in this process, by calling `main`: for tests of what is said, not of how a process behaves."""
    with contextlib.chdir(cwd):
        result = Result(main([*map(str, words)]), *capfd.readouterr())
    assert TRACEBACK not in result.err
    return result


@contextlib.contextmanager
def started(*words: str | Path, cwd: Path, stdin: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    """The command while it runs; it is killed when it still does at the end."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, words)],
        cwd=cwd,
        env=environment(),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


class Screen(NamedTuple):
    """What a terminal got, and the exit code."""

    code: int
    text: str


_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


def in_terminal(
    *words: str | Path,
    cwd: Path,
    columns: int = 70,
    type_after: tuple[str, bytes] | None = None,
    stdout: int | None = None,
    env: Mapping[str, str | None] | None = None,
) -> Screen:
    """Run the command in a terminal of its own to its end. `type_after` is (text, keys): the keys are typed once the
    text has appeared. `stdout` may go elsewhere."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE_TERMINAL, *COMMAND, *map(str, words)],
        cwd=cwd,
        env=environment({"TERM": "xterm", "COLUMNS": None, **(env or {})}),
        stdin=theirs,
        stdout=theirs if stdout is None else stdout,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    with process:
        text = _screen(ours, process, type_after)
    os.close(ours)
    return Screen(process.returncode, text)


def _screen(terminal: int, process: subprocess.Popen[bytes], type_after: tuple[str, bytes] | None) -> str:
    got, end = b"", time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:  # Linux's way to say that the other side is closed
                break
            if not data:
                break
            got += data
            if type_after is not None and type_after[0].encode() in got:
                os.write(terminal, type_after[1])
                type_after = None
        elif process.poll() is not None:
            break
    else:
        process.kill()
    return got.decode()


def write(folder: Path, **files: str) -> Path:
    """Save texts as files; `a_lua` is a.lua. The folder."""
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, "utf-8")
    return folder


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
