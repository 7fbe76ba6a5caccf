"""Work that could take for ever, in a process of its own that can be killed: jq programs, templates, patterns.

The process is started with an empty environment, gets its work as one message on stdin and gives its result as one on
stdout. Before it looks at the work it gives up what it will not need: files, sockets, most memory (`worker_main.py`).
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from llmspell.abi.codec import pack, unpack
from llmspell.abi.spec import MAX_MESSAGE
from llmspell.errors import ToolError
from llmspell.tools.processes import end

SECONDS: Final = 5.0
"""Of one piece of work: what people mean takes milliseconds."""
_PIECE: Final = 1 << 16
_COMMAND: Final = (sys.executable, "-I", "-m", "llmspell.tools.worker_main")

_places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
"""So that many calls at once make no more processes than there are processors."""


class FileGrant(NamedTuple):
    """Files that a job may open: a descriptor that it inherits, and how large one may become."""

    descriptor: int
    max_size: int


async def work(
    tool: str, job: str, payload: Mapping[str, Any], *, seconds: float = SECONDS, files: FileGrant | None = None
) -> Any:
    """What the job (a row of worker_main.JOBS) makes of the payload, for that tool; without `files` it can open none.
    Raises ToolError for what it refuses and for what takes too long."""
    try:
        return await _work(job, payload, seconds, files)
    except ToolError as error:
        raise ToolError(f"{tool}: {error.message}", hint=error.hint, details={"tool": tool}) from None


async def _work(job: str, payload: Mapping[str, Any], seconds: float, files: FileGrant | None) -> Any:
    loop = asyncio.get_running_loop()
    place = _places.setdefault(loop, asyncio.Semaphore(os.cpu_count() or 1))
    async with place:
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            job,
            str(max(1, round(seconds))),
            str(files.max_size if files else 0),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            pass_fds=(files.descriptor,) if files else (),
            start_new_session=True,  # a Ctrl-C of the terminal is for us alone
        )
        try:
            async with asyncio.timeout(seconds + 1):
                data = await _exchange(process, pack(payload))
                await process.wait()
        except TimeoutError:
            raise ToolError(f"it took longer than {seconds:g} seconds, and was stopped", hint="ask for less") from None
        finally:
            await end(process)
    return _result(data, process.returncode)


async def _exchange(process: asyncio.subprocess.Process, message: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None

    async def send(stdin: asyncio.StreamWriter) -> None:
        try:
            stdin.write(message)
            await stdin.drain()
            stdin.close()
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has ended; its exit code says why

    sending = asyncio.ensure_future(send(process.stdin))
    try:
        data = bytearray()
        while piece := await process.stdout.read(_PIECE):
            data += piece
            if len(data) > MAX_MESSAGE:
                raise ToolError(f"the result is larger than {MAX_MESSAGE >> 20} MB")
        return bytes(data)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


def _result(data: bytes, code: int | None) -> Any:
    if code != 0 or not data:
        raise ToolError("it needed more time or memory than it may have", hint="ask for less")
    reply = unpack(data)
    if "error" in reply:
        raise ToolError(reply["error"])
    return reply["value"]
