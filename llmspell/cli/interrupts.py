"""Ctrl-C and SIGTERM: the first ends the run, which then reports; the second ends the process.

These are handlers of the signal module and not of the event loop: they run also while the loop is blocked, by a reader
of stdout who takes nothing, say. When the run has not reported soon after, the process ends without it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final

from llmspell.errors import InterruptedRun, LlmspellError

GRACE: Final = 0.3
"""Seconds that a run has to end after Ctrl-C; people expect the prompt back within half a second."""


class Terminated(InterruptedRun):
    """Stopped by SIGTERM; 128 + its number, as a shell gives it."""

    exit_code = 143


class Stopper:
    """Ends a run, also one that has not started yet. Callable from any thread and from signal handlers."""

    def __init__(self) -> None:
        self._stop: Callable[[LlmspellError], None] | None = None
        self.reason: LlmspellError | None = None

    def attach(self, stop: Callable[[LlmspellError], None]) -> None:
        self._stop = stop
        if self.reason is not None:
            self(self.reason)

    def __call__(self, reason: LlmspellError) -> None:
        if self.reason is None:
            self.reason = reason
        if self._stop is not None:
            try:
                self._stop(self.reason)
            except RuntimeError:  # its event loop is closed: it has ended
                self._stop = None


class Interrupts:
    """While entered, SIGINT and SIGTERM call `stop`, and `give_up` when they come again or when nothing has happened
    for GRACE seconds. `give_up` does not return."""

    def __init__(self, stop: Callable[[LlmspellError], None], give_up: Callable[[LlmspellError], None]) -> None:
        self._stop = stop
        self._give_up = give_up
        self._before: dict[int, Any] = {}
        self._reason: LlmspellError | None = None

    def __enter__(self) -> Interrupts:
        ours = threading.current_thread() is threading.main_thread()  # others cannot have handlers
        for number in (signal.SIGINT, signal.SIGTERM) if ours else ():
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup and background jobs want it
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.reported()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def reported(self) -> None:
        """The run has ended: what is left is to say so."""
        if self._reason is not None and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._reason is not None:
            return self._give_up(self._reason)
        reason = InterruptedRun("stopped by Ctrl-C") if number == signal.SIGINT else Terminated("stopped by SIGTERM")
        self._reason = reason
        if hasattr(signal, "setitimer"):
            before = signal.signal(signal.SIGALRM, lambda *_: self._give_up(reason))
            self._before.setdefault(signal.SIGALRM, before)
            signal.setitimer(signal.ITIMER_REAL, GRACE)
        self._stop(reason)
