"""The threads that guests run on. wasmtime releases the GIL, so the event loop goes on while Lua computes.

Our own small pool, because the hand-over is on the path of every awaited call: a queue, a thread, and a bell that
brings the result back. Threads are daemons: an interrupted guest stops by itself, and none may keep a process alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, TypeVar

T = TypeVar("T")
Done = Callable[[Any, BaseException | None], None]
_Give = Callable[[Done, Any, BaseException | None], object]
_Job = tuple[Callable[..., Any], tuple[Any, ...], _Give, Done]

MAX_THREADS: Final = 4 * (os.cpu_count() or 1) + 28
"""More than the cores: a guest that waits inside a sort comparator holds its thread (see abi: the fallback)."""
STACK_BYTES: Final = 4 * 1024 * 1024
"""MAX_WASM_STACK and what Python needs on top, where the system's default is smaller (musl)."""


class _Bell:
    """Brings what workers give to one event loop, as call_soon_threadsafe does, for less: that one writes to a socket,
    and reads until there is no more."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._given: deque[tuple[Done, Any, BaseException | None]] = deque()
        self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._fd).atexit = False  # the threads may still ring then
        contextvars.Context().run(loop.add_reader, self._fd, self._take)  # the context of no run in particular

    def give(self, done: Done, result: Any, error: BaseException | None) -> None:
        self._given.append((done, result, error))
        os.eventfd_write(self._fd, 1)

    def _take(self) -> None:
        os.eventfd_read(self._fd)
        while self._given:
            done, result, error = self._given.popleft()
            done(result, error)


class Workers:
    """A pool that grows with its load to MAX_THREADS."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._lock = threading.Lock()
        self._bells: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Bell] = weakref.WeakKeyDictionary()
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
        self._jobs.put((function, args, self._way_back(asyncio.get_running_loop()), done))

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

    def _way_back(self, loop: asyncio.AbstractEventLoop) -> _Give:
        if sys.platform != "linux":
            return loop.call_soon_threadsafe
        with self._lock:
            bell = self._bells.get(loop)
            if bell is None:
                for closed in [known for known in self._bells if known.is_closed()]:
                    del self._bells[closed]
                bell = self._bells[loop] = _Bell(loop)
        return bell.give

    def _start(self) -> None:
        before = threading.stack_size(STACK_BYTES)
        try:
            threading.Thread(target=self._work, name="llmspell-guest", daemon=True).start()
        finally:
            threading.stack_size(before)

    def _work(self) -> None:
        while True:
            function, args, give, done = self._jobs.get()
            result = error = None
            try:
                result = function(*args)
            except BaseException as caught:
                error = caught
            with self._lock:
                self._load -= 1
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
                give(done, result, error)
            del function, args, give, done, result, error  # a waiting thread holds nobody's data


workers = Workers()
