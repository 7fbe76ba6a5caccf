"""Events from the guest's thread to one reader on the event loop. A reader that is slow makes the thread wait, so what
is unread stays bounded; the script feels it as a slow print."""

from __future__ import annotations

import asyncio
import threading
from typing import Final

from llmspell.events import Event

MAX_UNREAD: Final = 1_000
"""Events of the guest's thread that may be unread: some hundred kilobytes."""


class Relay:
    """Made on the event loop; `put` is for any thread, the rest for the loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._room = threading.Semaphore(MAX_UNREAD)
        self._unread: asyncio.Queue[tuple[Event, bool]] = asyncio.Queue()
        self._closed = threading.Event()

    def put(self, event: Event) -> None:
        if threading.get_ident() == self._thread:  # the loop cannot wait for its own reader
            self._unread.put_nowait((event, False))
            return
        while not self._closed.is_set():
            if self._room.acquire(timeout=0.05):
                break
        else:
            return
        self._loop.call_soon_threadsafe(self._unread.put_nowait, (event, True))

    async def get(self) -> Event:
        event, took_room = await self._unread.get()
        if took_room:
            self._room.release()
        return event

    def close(self) -> None:
        """Nobody reads any more: whoever waits to put goes on."""
        self._closed.set()
