"""Limits of requests on our side: how many at once, how many a minute, how many tokens a minute, to one account.

An account is one key at one server (base.py). Whoever asks it shares its history, whatever run, event loop or thread
they are on; limits are those of the one who asks. Waiting is first come, first served: who is behind waits for who is
ahead, and a cancelled one leaves the line. `PROCESS` is the traffic of the process; an account that nobody uses and
whose last minute is over is forgotten.

Lane is the arithmetic; Traffic has the lock, the line and the clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from llmspell.errors import RateLimitError
from llmspell.providers.retries import shown

WINDOW: Final = 60.0
"""Seconds over which requests and tokens are counted. A sliding window: no minute has more, wherever a server starts
to count; a bucket that refills would let twice as many into the first one."""


TICK: Final = 0.001
"""The shortest wait: sums of floats fall short of each other by less."""


class Clock(Protocol):
    """Time in seconds, the same on every thread."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Rates(NamedTuple):
    """What one who asks keeps to; None is no limit."""

    requests: int | None = None
    tokens: int | None = None
    concurrency: int | None = None


@dataclass(slots=True, eq=False)
class Entry:
    """One request of the last minute."""

    at: float
    tokens: int
    past: bool = False
    """Its minute is over."""


@dataclass(slots=True)
class Lane:
    """The requests of one account: those under way, and those of the last minute."""

    active: int = 0
    recent: deque[Entry] = field(default_factory=deque)
    tokens: int = 0
    """Of the recent ones."""

    def forget(self, now: float) -> None:
        while self.recent and self.recent[0].at + WINDOW <= now:
            entry = self.recent.popleft()
            entry.past = True
            self.tokens -= entry.tokens

    def wait(self, now: float, rates: Rates, tokens: int) -> float | None:
        """Seconds until the minute has room, 0 for now; None when a request must end first. A request of more tokens
        than a minute may have goes when the minute is empty: it is for the server to refuse it."""
        self.forget(now)
        if rates.concurrency is not None and self.active >= rates.concurrency:
            return None
        until = now
        if rates.requests is not None and len(self.recent) >= rates.requests:
            until = self.recent[len(self.recent) - rates.requests].at + WINDOW
        if rates.tokens is not None:
            over = self.tokens + min(tokens, rates.tokens) - rates.tokens
            for entry in self.recent:
                if over <= 0:
                    break
                over -= entry.tokens
                until = max(until, entry.at + WINDOW)
        return max(until - now, TICK) if until > now else 0.0

    def enter(self, now: float, tokens: int) -> Entry:
        entry = Entry(now, tokens)
        self.recent.append(entry)
        self.tokens += tokens
        self.active += 1
        return entry

    def settle(self, entry: Entry, tokens: int) -> None:
        if not entry.past:
            self.tokens += tokens - entry.tokens
            entry.tokens = tokens


class Place:
    """A request that may be made. Say with `settle` how many tokens it really took."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens

    def settle(self, tokens: int) -> None:
        self.tokens = tokens


@dataclass(slots=True, eq=False)
class _Waiter:
    """One in the line, to be woken on its own event loop."""

    loop: asyncio.AbstractEventLoop
    woken: asyncio.Event

    def wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # its loop is closed: it has left, or is about to
            self.loop.call_soon_threadsafe(self.woken.set)


class Traffic:
    """The accounts, by name."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._lanes: dict[str, Lane] = {}
        self._lines: dict[str, deque[_Waiter]] = {}

    def remembered(self) -> int:
        """How many accounts."""
        return len(self._lanes)

    @contextlib.asynccontextmanager
    async def place(
        self, account: str, rates: Rates, tokens: int, *, left: float | None, provider: str
    ) -> AsyncIterator[Place]:
        """A place among the account's requests, held while the context is. Raises RateLimitError, not retryable, when
        it is known that none comes within `left` seconds."""
        entry = await self._enter(account, rates, tokens, left, provider)
        place = Place(tokens)
        try:
            yield place
        finally:
            with self._lock:
                lane = self._lanes[account]
                lane.active -= 1
                lane.settle(entry, place.tokens)
                self._wake_first(account)

    async def _enter(self, account: str, rates: Rates, tokens: int, left: float | None, provider: str) -> Entry:
        deadline = None if left is None else self._clock.now() + left
        waiter = _Waiter(asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._forget()
            self._lanes.setdefault(account, Lane())
            self._lines.setdefault(account, deque()).append(waiter)
        try:
            while True:
                waiter.woken.clear()
                with self._lock:
                    now, lane, wait = self._clock.now(), self._lanes[account], None
                    if self._lines[account][0] is waiter:
                        wait = lane.wait(now, rates, tokens)
                        if wait == 0:
                            return lane.enter(now, tokens)
                if wait is not None and deadline is not None and now + wait > deadline:
                    raise _too_late(provider, wait, deadline - now)
                await self._sleep(waiter.woken, wait)
        finally:
            with self._lock:
                self._lines[account].remove(waiter)
                self._wake_first(account)

    async def _sleep(self, woken: asyncio.Event, seconds: float | None) -> None:
        if seconds is None:
            await woken.wait()
            return
        tasks = [asyncio.ensure_future(woken.wait()), asyncio.ensure_future(self._clock.sleep(seconds))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    def _wake_first(self, account: str) -> None:
        if line := self._lines[account]:
            line[0].wake()

    def _forget(self) -> None:
        """Accounts that nobody uses: of one process that asks many keys' servers, over the days."""
        now = self._clock.now()
        for account in list(self._lanes):
            lane = self._lanes[account]
            lane.forget(now)
            if not lane.active and not lane.recent and not self._lines[account]:
                del self._lanes[account], self._lines[account]


def _too_late(provider: str, wait: float, left: float) -> RateLimitError:
    return RateLimitError(
        f"provider '{provider}': its requests or tokens of this minute are used up; the next place is free in "
        f"{shown(wait)}, and the run has {shown(left)} left",
        provider=provider,
        retryable=False,
        retry_after=wait,
        hint=f"raise `requests_per_minute` or `tokens_per_minute` under [providers.{provider}], or `timeout` under "
        "[runtime]",
    )


PROCESS: Final = Traffic()
