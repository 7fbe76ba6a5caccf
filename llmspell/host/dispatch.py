"""The one gate that every effect goes through, and the table of operations that the guest may ask for.

An effect is what costs or touches the world: a model turn, a tool. Before it starts its price is reserved, so that a
parallel fan-out cannot pass a limit; when it ended the true price is settled. A limit that does not hold ends the run,
from wherever it was reached.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from llmspell.abi.messages import Failure, error_value
from llmspell.errors import HostError, InvalidArgument, LimitError, LlmspellError, ScriptRuntimeError
from llmspell.events import CallFinished, CallStarted, Event
from llmspell.limits import Budget

T = TypeVar("T")
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

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._started

    async def effect(
        self,
        op: str,
        label: str,
        perform: Callable[[], Awaitable[T]],
        *,
        reserve: Mapping[str, int],
        price: Callable[[T], Mapping[str, int]] | None = None,
    ) -> T:
        """Perform one effect. `price` tells from its result what it really cost; without it, what was reserved."""
        try:
            reservation = self.budget.reserve(**reserve)
        except LimitError as error:
            self._on_fault(error)
            raise
        self._effects += 1
        call, began = self._effects, time.monotonic()
        self.emit(CallStarted(at=self.elapsed(), call=call, op=op, label=label))
        spent: Mapping[str, int] = {name: amount for name, amount in reserve.items() if name in _COUNTS}
        failed = "cancelled"
        try:
            result = await perform()
            failed = ""
            spent = reserve if price is None else price(result)
            return result
        except LlmspellError as error:
            failed = error.message
            raise
        except Exception as error:
            failed = f"{type(error).__name__}: {error}"
            raise
        finally:
            reservation.settle(**spent)
            took = (time.monotonic() - began) * 1000
            self.emit(CallFinished(at=self.elapsed(), call=call, op=op, ok=not failed, duration_ms=took, error=failed))

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


_COUNTS: Final = ("provider_calls", "tool_calls")
"""What a failed effect still costs: it was made. Its tokens are unknown, and count as none."""


def require(payload: Any, op: str, **kinds: type | tuple[type, ...]) -> dict[str, Any]:
    """Check the fields of a payload that the guest sent: the prelude sends the right ones, a broken guest any."""
    if not isinstance(payload, dict):
        raise InvalidArgument(f"{op}: a table expected")
    for name, kind in kinds.items():
        value = payload.get(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, float)):
            raise InvalidArgument(f"{op}: field '{name}' is not what it should be")
    return payload
