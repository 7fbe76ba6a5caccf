"""relay.py: what the guest's thread tells reaches the reader in order, and a slow reader makes the thread wait."""

from __future__ import annotations

import asyncio
import threading

from llmspell.events import Event, Progress
from llmspell.host.relay import MAX_UNREAD, Relay
from tests.runtime.running import runtime

COUNT = 5 * MAX_UNREAD


def writer(relay: Relay, done: threading.Semaphore | None = None) -> threading.Thread:
    """A thread that puts COUNT events, and releases `done` after each."""

    def write() -> None:
        for i in range(COUNT):
            relay.put(Progress(at=float(i), message=""))
            if done is not None:
                done.release()

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_everything_arrives_in_order() -> None:
    async def read() -> list[float]:
        relay = Relay()
        thread = writer(relay)
        relay.put(Progress(at=-1.0, message="of the loop itself"))
        times = [(await relay.get()).at for _ in range(COUNT + 1)]
        thread.join()
        return times

    assert asyncio.run(read()) == [-1.0, *map(float, range(COUNT))]


def test_a_slow_reader_makes_the_thread_wait_and_leaving_lets_it_go() -> None:
    async def slow() -> None:
        relay, done = Relay(), threading.Semaphore(0)
        thread = writer(relay, done)
        for _ in range(MAX_UNREAD):
            assert await asyncio.to_thread(done.acquire, timeout=20)
        assert not await asyncio.to_thread(done.acquire, timeout=0.1)
        await relay.get()
        assert await asyncio.to_thread(done.acquire, timeout=20)
        assert not await asyncio.to_thread(done.acquire, timeout=0.1)
        relay.close()
        await asyncio.to_thread(thread.join, 20)
        assert not thread.is_alive()

    asyncio.run(slow())


def test_a_script_that_writes_without_end_is_held_by_who_reads_it() -> None:
    async def leave() -> list[Event]:
        events: list[Event] = []
        stream = runtime().execute_script_streaming("while true do print('x') end")
        async for event in stream:
            events.append(event)
            if len(events) == 3:
                await asyncio.sleep(0.05)
                break
        await stream.aclose()  # type: ignore[attr-defined]
        return events

    assert len(asyncio.run(asyncio.wait_for(leave(), 20))) == 3
