"""How a process of ours is ended: it, and all that it has started in its group."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import Final

_PIECE: Final = 1 << 16
_PATIENCE: Final = 1.0
"""Seconds for what was killed to be gone. Only what has left the group can keep its streams open longer."""


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill the group that the process leads, and wait until it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    streams = [stream for stream in (process.stdout, process.stderr) if stream is not None]
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(*map(_drain, streams))  # asyncio sees the end of a process behind that of its streams
            await process.wait()


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(_PIECE):
        pass
