"""The line of `--stream`: one line on a terminal's stderr that says what runs now, erased before anything else is
written. What it shows comes from models and scripts, so nothing but printable characters gets into it.
"""

from __future__ import annotations

import asyncio
import os
import time
import unicodedata
from typing import Final, Protocol

from llmspell.cli.sink import Sink
from llmspell.events import CallFinished, CallRetried, CallStarted, Chunk, Progress

_FRAMES: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_FRAMES: Final = "|/-\\"
_INTERVAL: Final = 0.1
_TAIL: Final = 400
"""Characters of a model's text that are kept: more than a terminal's line."""
_ERASE: Final = b"\r\x1b[K"


class Lock(Protocol):
    """What is needed of threading.RLock."""

    def acquire(self, blocking: bool = ...) -> bool: ...
    def release(self) -> None: ...


class LiveLine:
    """Draws every tenth of a second on the running event loop, from `start` until `stop`. `clear` erases the line at
    once, from any thread, under the lock of whoever writes next; it comes back with the next tick, unless what was
    written left a line open."""

    def __init__(self, err: Sink, out: Sink, lock: Lock) -> None:
        self._err = err
        self._out = out
        self._lock = lock
        self._drawn = False
        self._ticks = 0
        self._began = time.monotonic()
        self._running: dict[int, str] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        """Calls that wait for their next attempt: until when, and what is said of them."""
        self._texts: dict[str, str] = {}
        self._agent = ""
        self._progress = ""
        self._handle: asyncio.TimerHandle | None = None
        self._frames = _FRAMES if _speaks_utf8() else _PLAIN_FRAMES

    def start(self) -> None:
        self._handle = asyncio.get_running_loop().call_later(_INTERVAL, self._tick)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self.clear()

    def note(self, event: CallStarted | CallFinished | CallRetried | Chunk | Progress) -> None:
        """Remember what an event says; the next tick shows it."""
        if isinstance(event, CallStarted):
            self._running[event.call] = event.label or event.op
            self._failed.pop(event.label, None)
        elif isinstance(event, CallFinished):
            self._running.pop(event.call, None)
            if not self._running:
                self._texts.clear()
        elif isinstance(event, CallRetried):
            again = f"{event.label}: again in {event.delay:.1f} s, for {event.error}"
            self._failed[event.label] = (time.monotonic() + event.delay, again)
        elif isinstance(event, Chunk):
            self._agent = event.stream
            self._texts[event.stream] = (self._texts.get(event.stream, "") + event.text)[-_TAIL:]
        else:
            percent = "" if event.fraction is None else f"{event.fraction:.0%} "
            self._progress = (percent + event.message).strip()

    def clear(self) -> None:
        if self._drawn:
            self._drawn = False
            self._err.write(_ERASE)
            self._err.line_open = False

    def line(self, columns: int) -> str:
        """What is shown now, in at most `columns` cells."""
        frame = self._frames[self._ticks % len(self._frames)]
        head = f"{frame} {int(time.monotonic() - self._began)}s"
        running = list(self._running.values())
        parts = [self._progress] if self._progress else []
        if running:
            parts.append(running[-1] + (f" and {len(running) - 1} more" if len(running) > 1 else ""))
        elif again := [said for until, said in self._failed.values() if until > time.monotonic()]:
            parts.append(again[-1])
        said = f"{head} {' · '.join(parts)}".rstrip()
        left = columns - cells(said) - 3
        tail = last_cells(one_line(self._texts.get(self._agent, "")), left) if running and left > 8 else ""
        return first_cells(one_line(said), columns) if not tail else f"{one_line(said)} · {tail}"

    def _tick(self) -> None:
        self._ticks += 1
        if self._lock.acquire(blocking=False):  # else somebody writes, maybe to a slow reader: the loop must go on
            try:
                self._draw()
            finally:
                self._lock.release()
        self.start()

    def _draw(self) -> None:
        open_line = self._err.line_open or (self._out.is_terminal and self._out.line_open)
        if open_line and not self._drawn:
            return  # the cursor stands behind something that a script has written
        columns = self._err.columns or 80
        self._err.write(_ERASE + self.line(max(columns - 1, 20)).encode("utf-8", "replace"))
        self._drawn = True


def one_line(text: str) -> str:
    """The text with nothing in it that a terminal obeys or that goes to another line."""
    return "".join(char if char.isprintable() else " " for char in text)


def cells(text: str) -> int:
    """How many cells of a terminal the text takes."""
    return sum(map(_cell, text))


def first_cells(text: str, most: int) -> str:
    """As much of the beginning as fits."""
    for index, char in enumerate(text):
        most -= _cell(char)
        if most < 0:
            return text[:index]
    return text


def last_cells(text: str, most: int) -> str:
    """As much of the end as fits."""
    return first_cells(text[::-1], most)[::-1]


def _cell(char: str) -> int:
    if char.isascii():
        return 1
    return 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _speaks_utf8() -> bool:
    name = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    return "utf" in name.lower()
