"""`shell`: runs commands that the manifest lists, word by word. No shell interprets anything: `;`, `$` and `*` are
letters. The whole group of processes is killed when a call ends, however it ends.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from llmspell.errors import DeniedError, ToolError
from llmspell.settings import ToolSettings
from llmspell.tools.base import Arguments, Tool
from llmspell.tools.encodings import as_bytes, as_text
from llmspell.tools.processes import end

ANY: Final = "*"
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ALWAYS: Final = ("PATH", "HOME", "LANG")
_PIECE: Final = 1 << 16
MAX_WORDS: Final = 1_000


def shell(settings: ToolSettings, base: Path) -> Tool:
    """Runs a granted command."""
    patterns = tuple(tuple(shlex.split(command)) for command in settings.commands)
    listed = "; ".join(settings.commands) or "none"

    async def run(arguments: Arguments) -> Any:
        words = _words(arguments)
        if not any(fits(pattern, words) for pattern in patterns):
            raise DeniedError(
                f"shell: the command '{shlex.join(words)[:200]}' is not granted",
                hint=f"`commands` under [tools.shell] grants: {listed}",
            )
        return await _run(words, settings, base / settings.cwd, as_bytes(arguments.get("input", "")))

    return Tool(
        name="shell",
        description=f"Runs a command and gives {{exit_code, stdout, stderr}}. Nothing is interpreted: no pipes, no "
        f"variables, no wildcards. Granted, where * is one word without a dash in front: {listed}",
        parameters={
            "type": "object",
            "properties": {
                "command": {"type": "string", "description": "the command, its words quoted as for a shell"},
                "argv": {
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 1,
                    "maxItems": MAX_WORDS,
                    "description": "or the words themselves",
                },
                "input": {"type": "string", "description": "what it reads from stdin"},
            },
            "additionalProperties": False,
        },
        run=run,
    )


def fits(pattern: Sequence[str], words: Sequence[str]) -> bool:
    """Is it that command? A `*` stands for one word, but for no option."""
    return len(pattern) == len(words) and all(
        word == part or (part == ANY and not word.startswith("-")) for part, word in zip(pattern, words, strict=True)
    )


def _words(arguments: Arguments) -> list[str]:
    if ("command" in arguments) == ("argv" in arguments):
        raise ToolError("shell: give either `command`, or its words as `argv`")
    try:
        words = shlex.split(arguments["command"]) if "command" in arguments else list(arguments["argv"])
    except (ValueError, TypeError, AttributeError) as error:
        raise ToolError(f"shell: `command` has no whole words: {error}") from None
    if not words or any(not isinstance(word, str) or "\0" in word for word in words):
        raise ToolError("shell: words are texts without NUL, and there is one at least")
    return words


async def _run(words: list[str], settings: ToolSettings, folder: Path, data: bytes) -> dict[str, Any]:
    environment = {name: os.environ[name] for name in (*_ALWAYS, *settings.env) if name in os.environ}
    environment.setdefault("PATH", PATH)
    program = shutil.which(words[0], path=environment["PATH"])
    if program is None:
        raise ToolError(f"shell: there is no program '{words[0]}'", hint=f"looked for in {environment['PATH']}")
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            executable=program,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.PIPE if data else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ToolError(f"shell: '{words[0]}' cannot be run in '{settings.cwd}': {error.strerror}") from None
    output = _Output(settings.max_output_bytes)
    try:
        async with asyncio.timeout(settings.timeout_ms / 1000):
            await _exchange(process, data, output)
    except TimeoutError:
        raise ToolError(
            f"shell: '{words[0]}' took longer than {settings.timeout_ms / 1000:g} seconds, and was stopped",
            hint="`timeout` under [tools.shell] says how long it may take",
            details={"stdout": as_text(bytes(output.stdout)), "stderr": as_text(bytes(output.stderr))},
        ) from None
    finally:
        await end(process)  # also what it has left running
    return {
        "exit_code": process.returncode,
        "stdout": as_text(bytes(output.stdout)),
        "stderr": as_text(bytes(output.stderr)),
        **({"truncated": True} if output.full.is_set() else {}),
    }


class _Output:
    """What a command has written, up to a bound for both streams together; `full` is set when there is no room left."""

    def __init__(self, most: int) -> None:
        self.stdout, self.stderr = bytearray(), bytearray()
        self.full = asyncio.Event()
        self._room = most

    async def read(self, stream: asyncio.StreamReader, into: bytearray) -> None:
        while piece := await stream.read(_PIECE):
            into += piece[: self._room]
            self._room = max(0, self._room - len(piece))
            if not self._room:
                self.full.set()
                return


async def _exchange(process: asyncio.subprocess.Process, data: bytes, output: _Output) -> None:
    """Until the command has ended and its streams are read, or there is no room for more of them."""
    assert process.stdout is not None
    assert process.stderr is not None
    parts = {
        asyncio.ensure_future(part)
        for part in (
            output.read(process.stdout, output.stdout), output.read(process.stderr, output.stderr), process.wait(),
            _send(process, data),
        )
    }  # fmt: skip
    full = asyncio.ensure_future(output.full.wait())
    left = {full, *parts}
    try:
        while not full.done() and left & parts:
            _, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for part in (full, *parts):
            part.cancel()
        await asyncio.gather(full, *parts, return_exceptions=True)


async def _send(process: asyncio.subprocess.Process, data: bytes) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(data)
            await process.stdin.drain()
            process.stdin.close()
