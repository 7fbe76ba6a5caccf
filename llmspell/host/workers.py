"""The threads that guests run on. wasmtime releases the GIL, so the event loop goes on while Lua computes.

Our own small pool, because the hand-over is on the path of every awaited call: a queue, a thread, and one
call_soon_threadsafe back. Threads are daemons: an interrupted guest stops by itself, and none may keep a process alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, TypeVar

T = TypeVar("T")
Done = Callable[[Any, BaseException | None], None]
_Job = tuple[Callable[..., Any], tuple[Any, ...], asyncio.AbstractEventLoop, Done]

MAX_THREADS: Final = 4 * (os.cpu_count() or 1) + 28
"""More than the cores: a guest that waits inside a sort comparator holds its thread (see abi: the fallback)."""
STACK_BYTES: Final = 4 * 1024 * 1024
"""MAX_WASM_STACK and what Python needs on top, where the system's default is smaller (musl)."""


class Workers:
    """A pool that grows with its load to MAX_THREADS."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._lock = threading.Lock()
        self._load = 0
        self._threads = 0

    def submit(self, function: Callable[..., Any], *args: Any, done: Done) -> None:
        """Run the function on a worker; `done(result, error)` is then called on the running loop."""
        with self._lock:
            self._load += 1
            start = self._load > self._threads < MAX_THREADS
            self._threads += start
        if start:
            self._start()
        self._jobs.put((function, args, asyncio.get_running_loop(), done))

    def call(self, function: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Run the function on a worker. Cancelling the future lets go of the result; the function goes on."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def done(result: T, error: BaseException | None) -> None:
            if future.cancelled():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        self.submit(function, *args, done=done)
        return future

    def _start(self) -> None:
        before = threading.stack_size(STACK_BYTES)
        try:
            threading.Thread(target=self._work, name="llmspell-guest", daemon=True).start()
        finally:
            threading.stack_size(before)

    def _work(self) -> None:
        while True:
            function, args, loop, done = self._jobs.get()
            result = error = None
            try:
                result = function(*args)
            except BaseException as caught:
                error = caught
            with self._lock:
                self._load -= 1
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
                loop.call_soon_threadsafe(done, result, error)
            del function, args, loop, done, result, error  # a waiting thread holds nobody's data


workers = Workers()
