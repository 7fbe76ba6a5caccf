"""The one gate that every effect goes through, and the table of operations that the guest may ask for.

An effect is what costs or touches the world: a model turn, a tool. Before it starts its price is reserved, so that a
parallel fan-out cannot pass a limit; when it ended, well or not, the true price is settled. What is reserved is an
estimate, and mostly too high: an effect that would fit if others cost less than that waits for them to end. One that
turns out to cost more tells so while it goes on. A limit that does not hold ends the run, from wherever it was reached.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from llmspell.abi.messages import Failure, error_value
from llmspell.errors import HostError, InvalidArgument, LimitError, LlmspellError, ScriptRuntimeError
from llmspell.events import CallFinished, CallRetried, CallStarted, Event
from llmspell.limits import ESTIMATED, Budget, Reservation

T = TypeVar("T")
Took = Callable[[Mapping[str, int]], None]
"""Takes what an effect has taken so far, by the names of limits.py. Raises LimitError where that is too much."""
_REMEMBERED: Final = 32
"""Errors given to the script that can come back as the run's error: the recent ones."""


class Operation(NamedTuple):
    """`immediate(payload) -> value` is called on the guest's thread and must not block; `awaited(payload)` is a
    coroutine on the event loop. Exactly one is set."""

    immediate: Callable[[Any], Any] | None = None
    awaited: Callable[[Any], Awaitable[Any]] | None = None


Operations = Mapping[str, Operation]


class Gate:
    """One run's gate. `emit` takes events, from any thread; `on_fault` ends the run, also from any thread."""

    def __init__(
        self, budget: Budget, emit: Callable[[Event], None], on_fault: Callable[[LlmspellError], None]
    ) -> None:
        self.budget = budget
        self.emit = emit
        self._on_fault = on_fault
        self._started = time.monotonic()
        self._effects = 0
        self._given: deque[LlmspellError] = deque(maxlen=_REMEMBERED)
        self._turnstile = asyncio.Lock()
        self._settled = asyncio.Event()
        self._ending = 0
        """Effects under way that end by themselves."""
        self.deadline: float | None = None
        """When the run's time is over, by time.monotonic(); None for never. The driver sets it."""

    def left(self) -> float | None:
        """Seconds until the run's time is over; None for never."""
        return None if self.deadline is None else self.deadline - time.monotonic()

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._started

    async def effect(
        self,
        op: str,
        label: str,
        perform: Callable[[Took], Awaitable[T]],
        *,
        reserve: Mapping[str, int],
        spent: Callable[[], Mapping[str, int]] | None = None,
        ends: bool = True,
    ) -> T:
        """Perform one effect, which tells what it has taken while it goes on, where that may be more than was reserved:
        then the limit ends it. `spent` tells when it ended, well or not, what it cost as far as that is known; without
        it, that is what was reserved. `ends` says that it ends by itself, whatever the script does."""
        reservation = await self._reserve(reserve)
        self._ending += ends
        self._effects += 1
        call, began = self._effects, time.monotonic()
        self.emit(CallStarted(at=self.elapsed(), call=call, op=op, label=label))
        failed = "cancelled"

        def tell(amounts: Mapping[str, int]) -> None:
            with self._limited():
                reservation.took(**amounts)

        try:
            result = await perform(tell)
            failed = ""
            return result
        except LlmspellError as error:
            failed = error.message
            raise
        except Exception as error:
            failed = f"{type(error).__name__}: {error}"
            raise
        finally:
            reservation.settle(**(reserve if spent is None else spent()))
            self._ending -= ends
            self._settled.set()
            took = (time.monotonic() - began) * 1000
            self.emit(CallFinished(at=self.elapsed(), call=call, op=op, ok=not failed, duration_ms=took, error=failed))

    def retrying(self, op: str, label: str, *, attempt: int, delay: float, error: str) -> None:
        """An effect failed and follows again after `delay` seconds; `attempt` is that which failed, from 1."""
        self.emit(CallRetried(at=self.elapsed(), op=op, label=label, attempt=attempt, delay=delay, error=error))

    async def _reserve(self, amounts: Mapping[str, int]) -> Reservation:
        """Waits, behind those who wait already, where others hold what is needed and may give it back. Not for others
        that may never end: a stream that the script leaves unread while it asks for something else."""
        if not any(name in ESTIMATED for name in amounts):
            return self._reserved(amounts)
        async with self._turnstile:
            while self._ending and not self.budget.fits(**amounts) and self.budget.may_fit(**amounts):
                self._settled.clear()
                await self._settled.wait()
            return self._reserved(amounts)

    def _reserved(self, amounts: Mapping[str, int]) -> Reservation:
        with self._limited():
            return self.budget.reserve(**amounts)

    @contextlib.contextmanager
    def _limited(self) -> Iterator[None]:
        """A limit that is reached ends the run."""
        try:
            yield
        except LimitError as error:
            self._on_fault(error)
            raise

    def refuse(self, error: BaseException) -> Mapping[str, Any]:
        """What the script gets for an error of an operation. Terminal ones, and bugs of ours, end the run instead."""
        if not isinstance(error, LlmspellError):
            bug = HostError(f"{type(error).__name__}: {error}")
            bug.__cause__ = error
            error = bug
        if error.terminal:
            self._on_fault(error)
            raise error
        self._given.append(error)
        return error_value(error)

    def remember(self, failure: Failure) -> LlmspellError:
        """The error that a failed run ends with: the one that the host gave, if it is that one, else a script error."""
        for error in reversed(self._given):
            if error.kind == failure.kind and error.message == failure.message:
                return error
        details = {"value": failure.value} if failure.value is not None else {}
        if failure.kind not in ("runtime", "syntax", "deadlock"):
            details["kind"] = failure.kind
        return ScriptRuntimeError(failure.message, details=details)


def require(payload: Any, op: str, **kinds: type | tuple[type, ...]) -> dict[str, Any]:
    """Check the fields of a payload that the guest sent: the prelude sends the right ones, a broken guest any."""
    if not isinstance(payload, dict):
        raise InvalidArgument(f"{op}: a table expected")
    for name, kind in kinds.items():
        value = payload.get(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, float)):
            raise InvalidArgument(f"{op}: field '{name}' is not what it should be")
    return payload
