"""Limits of requests on our side: in order, together, and no more than is granted; with a clock that a test moves."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmspell.errors import RateLimitError
from llmspell.providers.traffic import TICK, WINDOW, Entry, Lane, Rates, Traffic


class TestClock:
    """Time passes when somebody sleeps, and then at once."""

    __test__ = False

    def __init__(self) -> None:
        self.time = 1_000.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.time += seconds


def entered(rates: Rates, tokens: list[int], *, left: float | None = None) -> list[float]:
    """When each of these requests went, in seconds from the first, each ending at once."""
    clock = TestClock()
    traffic = Traffic(clock)
    times: list[float] = []

    async def both() -> None:
        for count in tokens:
            async with traffic.place("a", rates, count, left=left, provider="p"):
                times.append(clock.now() - 1_000.0)

    asyncio.run(both())
    return times


def test_requests_beyond_those_of_a_minute_wait_for_the_next() -> None:
    assert entered(Rates(requests=2), [0] * 5) == [0, 0, 60, 60, 120]


def test_tokens_beyond_those_of_a_minute_wait_for_the_next() -> None:
    assert entered(Rates(tokens=100), [60, 40, 1, 99, 1]) == [0, 0, 60, 60, 120]


def test_a_request_larger_than_a_minute_goes_when_the_minute_is_empty() -> None:
    assert entered(Rates(tokens=100), [500, 1, 500]) == [0, 60, 120]


def test_tokens_count_as_what_they_turned_out_to_be() -> None:
    clock = TestClock()
    traffic = Traffic(clock)

    async def both() -> None:
        for real in (10, 90, 5):
            async with traffic.place("a", Rates(tokens=100), 50, left=None, provider="p") as place:
                place.settle(real)

    asyncio.run(both())
    assert clock.now() == 1_000.0 + WINDOW  # only the third had to wait, for the second was dearer than its estimate


STEPS = st.lists(st.tuples(st.floats(0, 50), st.integers(0, 80), st.integers(0, 80)), min_size=1, max_size=40)


@settings(max_examples=300)
@given(steps=STEPS, requests=st.none() | st.integers(1, 5), tokens=st.none() | st.integers(1, 100))
def test_no_minute_has_more_than_is_granted(
    steps: list[tuple[float, int, int]], requests: int | None, tokens: int | None
) -> None:
    lane, now, rates = Lane(), 0.0, Rates(requests, tokens)
    entries: list[Entry] = []
    for pause, estimate, real in steps:
        now += pause
        for _ in range(100):
            wait = lane.wait(now, rates, estimate)
            assert wait is not None
            if wait == 0:
                break
            assert wait <= WINDOW + TICK
            now += wait
        else:
            pytest.fail("what was waited for did not come")
        before = [entry for entry in entries if entry.at + WINDOW > now]
        if requests is not None:
            assert len(before) + 1 <= requests
        if tokens is not None:
            assert not before or sum(e.tokens for e in before) + min(estimate, tokens) <= max(
                tokens, sum(e.tokens for e in before) if estimate == 0 else 0
            )
        entries.append(lane.enter(now, estimate))
        lane.settle(entries[-1], real)
        assert lane.tokens == sum(entry.tokens for entry in lane.recent)


def test_a_place_that_would_come_after_the_runs_end_is_refused_at_once() -> None:
    with pytest.raises(RateLimitError) as caught:
        entered(Rates(requests=1), [0, 0], left=30.0)
    error = caught.value
    assert "the next place is free in 60 s, and the run has 30 s left" in error.message
    assert (error.retryable, error.retry_after, error.provider) == (False, 60.0, "p")
    assert "requests_per_minute" in error.hint


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Crowd:
    """Tasks that each hold a place until they are told to leave."""

    def __init__(self, traffic: Traffic, rates: Rates) -> None:
        self.inside: list[Any] = []
        self._traffic = traffic
        self._rates = rates
        self._doors: dict[Any, asyncio.Event] = {}
        self.tasks: dict[Any, asyncio.Task[None]] = {}

    def come(self, name: Any, account: str = "a") -> None:
        self._doors[name] = asyncio.Event()
        self.tasks[name] = asyncio.ensure_future(self._stay(name, account))

    async def _stay(self, name: Any, account: str) -> None:
        async with self._traffic.place(account, self._rates, 0, left=None, provider="p"):
            self.inside.append(name)
            await self._doors[name].wait()
        self.inside.remove(name)

    async def leave(self, name: Any) -> None:
        self._doors[name].set()
        await settled()

    async def close(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


def crowd(rates: Rates, act: Any) -> None:
    async def both() -> None:
        people = Crowd(Traffic(), rates)
        try:
            await act(people)
        finally:
            await people.close()

    asyncio.run(both())


def test_no_more_are_inside_than_may_and_they_come_in_order() -> None:
    async def act(people: Crowd) -> None:
        for name in range(6):
            people.come(name)
        await settled()
        assert people.inside == [0, 1]
        await people.leave(1)
        assert people.inside == [0, 2]
        await people.leave(0)
        assert people.inside == [2, 3]

    crowd(Rates(concurrency=2), act)


def test_one_who_gives_up_waiting_leaves_the_line() -> None:
    async def act(people: Crowd) -> None:
        for name in range(4):
            people.come(name)
        await settled()
        people.tasks[1].cancel()
        await settled()
        await people.leave(0)
        assert people.inside == [2]
        people.tasks[2].cancel()
        await settled()
        assert people.inside[-1] == 3

    crowd(Rates(concurrency=1), act)


def test_accounts_do_not_wait_for_each_other() -> None:
    async def act(people: Crowd) -> None:
        people.come("one", "a")
        people.come("other", "b")
        await settled()
        assert people.inside == ["one", "other"]

    crowd(Rates(concurrency=1), act)


def test_event_loops_of_several_threads_share_an_account() -> None:
    traffic, most, inside, done = Traffic(), 0, 0, 0
    lock = threading.Lock()

    async def ask() -> None:
        nonlocal most, inside, done
        async with traffic.place("a", Rates(concurrency=3), 0, left=None, provider="p"):
            with lock:
                inside += 1
                most = max(most, inside)
            await asyncio.sleep(0.001)
            with lock:
                inside -= 1
                done += 1

    async def many() -> None:
        await asyncio.gather(*(ask() for _ in range(20)))

    threads = [threading.Thread(target=lambda: asyncio.run(many())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (done, most, inside) == (80, 3, 0)


def test_an_account_that_nobody_uses_is_forgotten_after_its_minute() -> None:
    clock = TestClock()
    traffic = Traffic(clock)

    async def ask(account: str) -> None:
        async with traffic.place(account, Rates(requests=1), 0, left=None, provider="p"):
            pass

    async def both() -> int:
        for number in range(100):
            await ask(str(number))
        clock.time += WINDOW + 1
        await ask("last")
        return traffic.remembered()

    assert asyncio.run(both()) == 1
