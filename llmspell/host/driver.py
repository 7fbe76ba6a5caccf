"""The turn loop: step the guest on a worker thread, start the calls it made, wait for any reply, step again.

All state of a run that waits is the guest's memory, this object and one asyncio task a call: no thread is held.
Whatever ends a run goes through `stop`: it interrupts the guest, cancels the calls and keeps the first reason.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from llmspell.abi import codec, messages
from llmspell.abi.messages import Reply, Turn
from llmspell.abi.spec import STDERR, TurnStatus
from llmspell.errors import (
    ComponentNotFound,
    DeadlockError,
    HostError,
    InterruptedRun,
    LimitError,
    LlmspellError,
    ScriptError,
    ScriptSyntaxError,
)
from llmspell.events import Log, Output
from llmspell.host.dispatch import Gate, Operations
from llmspell.host.engine import compiled, is_compiled
from llmspell.host.guest import Guest
from llmspell.host.workers import workers
from llmspell.limits import Limits

_NO_REPLIES: Final = b"\x90"
_WHERE: Final = re.compile(r"(.{1,60}?):(\d{1,9}): ")
"""What Lua puts before a message, for errors that have no stack: of the compiler, of closing a variable."""
_DEEP: Final = re.compile(r"skipping [0-9]{5,9} levels")
"""In a traceback: calls nested deeper than programs nest them on purpose."""
_INT_MAX: Final = 2**31 - 1
"""The guest counts tasks in a C int."""


class Script(NamedTuple):
    """What is run. `name` is what Lua calls it ("@path" or "=name"); `context` is what the prelude's setup takes."""

    source: bytes
    name: str
    context: Mapping[str, Any]
    seed: int = 0


class Outcome(NamedTuple):
    """How a run ended. `results` is what the script returned; `error` is None when it ended well."""

    results: list[Any]
    error: LlmspellError | None
    fuel_spent: int
    memory_bytes: int


class Driver:
    """One run, once. `operations` is asked for by name; the gate carries budget and events.

    The guest is either busy (a step runs on a worker) or idle. A turn that ends and a reply that arrives are callbacks
    on the event loop, and whichever finds the guest idle with replies at hand starts the next step.
    """

    def __init__(
        self, script: Script, limits: Limits, make_gate: Callable[[Callable[[LlmspellError], None]], Gate]
    ) -> None:
        self._script = script
        self._limits = limits
        self.gate = make_gate(self.stop)
        self._operations: Operations = {}
        self._guest: Guest | None = None
        self._loop = asyncio.get_running_loop()
        self._finished: asyncio.Future[Turn] = self._loop.create_future()
        self._stopped: LlmspellError | None = None
        self._busy = False
        self._idle: asyncio.Future[None] | None = None
        self._replies: list[bytes] = []
        self._calls: dict[int, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._blocking: set[asyncio.Task[Any]] = set()

    async def run(self, operations: Operations) -> Outcome:
        """Run the script to its end. Cancelling this cancels everything beneath it."""
        self._operations = operations
        if not is_compiled():
            await workers.call(compiled)  # up to a second, once on a machine: that is not the script's time
        timer = None
        if self._limits.wall_ms is not None:
            timer = self._loop.call_later(self._limits.wall_ms / 1000, self._time_out)
            self.gate.deadline = time.monotonic() + self._limits.wall_ms / 1000
        results: list[Any] = []
        error: LlmspellError | None = None
        try:
            self._submit(self._start)
            turn = await self._finished
            if turn.failure is not None:
                raise self._error_of(turn.failure)
            results = list(turn.results)
        except asyncio.CancelledError:
            self.stop(InterruptedRun("the run was cancelled"))
            raise
        except LlmspellError as failure:
            error = self._stopped or failure
        finally:
            if timer is not None:
                timer.cancel()
            await self._settle()
            if error is not None and error.terminal and not error.traceback:
                await self._locate(error)
            fuel = memory = 0
            if self._guest is not None:
                fuel, memory = self._guest.fuel_spent, self._guest.memory_size
                self._guest.close()
        return Outcome(results, error, fuel, memory)

    def stop(self, reason: LlmspellError) -> None:
        """End the run for `reason`; from any thread, any number of times: the first reason counts."""
        if self._stopped is None:
            self._stopped = reason
        if self._guest is not None:
            self._guest.interrupt(self._stopped)
        self._loop.call_soon_threadsafe(self._release)

    # ---- the loop ----

    def _submit(self, function: Callable[..., Turn], *args: Any) -> None:
        self._busy = True
        workers.submit(function, *args, done=self._stepped)

    def _start(self) -> Turn:
        limits = self._limits
        guest = Guest(memory_bytes=limits.memory_bytes, fuel=limits.fuel, write=self._write, answer=self._answer)
        self._guest = guest
        if self._stopped is not None:
            raise self._stopped
        guest.boot(codec.pack({"max_tasks": min(limits.tasks, _INT_MAX)}))
        script = self._script
        failed = guest.load(
            codec.pack({"source": script.source, "name": script.name, "seed": script.seed, **script.context})
        )
        return messages.decode_turn(failed) if failed is not None else self._step(_NO_REPLIES)

    def _step(self, replies: bytes) -> Turn:
        assert self._guest is not None
        return messages.decode_turn(self._guest.step(replies))

    def _stepped(self, turn: Turn | None, error: BaseException | None) -> None:
        self._busy = False
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)
        if error is not None or turn is None:
            self._finish(error or HostError("a step gave nothing"))
            return
        for note in turn.notes:
            self.gate.emit(Log(at=self.gate.elapsed(), level="warn", message=note))
        if self._stopped is not None:
            self._finish(self._stopped)
        elif turn.status is TurnStatus.WAITING:
            self._take(turn)
            self._resume()
        else:
            self._finish(turn)

    def _resume(self) -> None:
        if self._replies and not self._busy and not self._finished.done():
            replies, self._replies = self._replies, []
            self._submit(self._step, messages.join_replies(replies))

    def _finish(self, end: Turn | BaseException) -> None:
        if self._finished.done():
            return
        if isinstance(end, StopIteration):  # which a future refuses
            end = RuntimeError(f"an event callback raised {end!r}")
        if isinstance(end, BaseException):
            self._finished.set_exception(end)
        else:
            self._finished.set_result(end)

    def _take(self, turn: Turn) -> None:
        for call_id in turn.cancelled:
            task = self._calls.pop(call_id, None)
            if task is not None:
                task.cancel()
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)
        gone = set(turn.cancelled)  # what was called and cancelled in one turn never starts
        calls = [call for call in turn.calls if call.id not in gone]
        if len(self._calls) + len(calls) > self._limits.tasks:  # a task waits for one call at most
            self.stop(HostError("the guest made more calls than it may have tasks"))
            return
        for call in calls:
            self._calls[call.id] = self._loop.create_task(self._perform(call))

    async def _perform(self, call: messages.Call) -> None:
        try:
            reply = Reply(call.id, True, await self._awaited(call.op, call.payload))
        except asyncio.CancelledError:
            if call.id not in self._calls:
                raise
            self.stop(HostError(f"the host function '{call.op}' gave up"))  # nobody cancelled it: no reply would come
            return
        except Exception as error:
            try:
                reply = Reply(call.id, False, self.gate.refuse(error))
            except LlmspellError:
                return  # terminal: the run is being stopped
        if self._calls.pop(call.id, None) is not None:
            self._replies.append(self._encoded(reply))
            self._resume()

    def _encoded(self, reply: Reply) -> bytes:
        try:
            return messages.encode_reply(reply)
        except (TypeError, ValueError) as error:  # a value that is not data: an operation of ours is wrong
            self.stop(HostError(f"a host function gave something that cannot be passed on: {error}"))
            return messages.encode_reply(Reply(reply.id, True, None))

    async def _awaited(self, op: str, payload: Any) -> Any:
        operation = self._operations.get(op)
        if operation is None:
            raise ComponentNotFound(f"there is no host function '{op}'")
        if operation.awaited is None:
            assert operation.immediate is not None
            return operation.immediate(payload)
        return await operation.awaited(payload)

    # ---- called on the worker's thread ----

    def _write(self, stream: int, data: bytes) -> None:
        budget = self.gate.budget
        left = budget.remaining("output_bytes")
        allowed = data if left is None else data[:left]  # what the limit allows is not lost
        if allowed:
            budget.spend(output_bytes=len(allowed))
            text, at = allowed.decode("utf-8", "replace"), self.gate.elapsed()
            self.gate.emit(Output(at=at, stream="stderr" if stream == STDERR else "stdout", text=text, raw=allowed))
        if len(allowed) < len(data):
            budget.spend(output_bytes=len(data) - len(allowed))

    def _answer(self, request: bytes) -> bytes:
        op, payload = messages.decode_request(request)
        operation = self._operations.get(op)
        try:
            if operation is not None and operation.immediate is not None:
                value = operation.immediate(payload)
            else:
                value = self._wait_for(op, payload)
            return messages.encode_answer(True, value)
        except Exception as error:
            return messages.encode_answer(False, self.gate.refuse(error))

    def _wait_for(self, op: str, payload: Any) -> Any:
        """An awaited operation where Lua cannot be suspended: this thread waits for the event loop."""

        async def tracked() -> Any:
            task = asyncio.current_task()
            assert task is not None
            self._blocking.add(task)
            try:
                if self._stopped is not None:
                    raise self._stopped
                return await self._awaited(op, payload)
            finally:
                self._blocking.discard(task)

        future = asyncio.run_coroutine_threadsafe(tracked(), self._loop)
        try:
            return future.result()
        except BaseException:
            if self._stopped is not None:
                raise self._stopped from None
            raise

    # ---- ending ----

    def _time_out(self) -> None:
        granted = self._limits.wall_ms or 0
        self.stop(LimitError("wall_ms", granted, granted, message=f"the run took longer than its {granted:,} ms"))

    def _release(self) -> None:
        for task in self._blocking:
            task.cancel()
        if not self._busy and self._stopped is not None:
            self._finish(self._stopped)

    async def _settle(self) -> None:
        """Cancel what still runs beneath, and wait until the guest is idle: its memory is in use until then."""
        tasks = [*self._calls.values(), *self._leaving, *self._blocking]
        self._calls.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
        while self._busy:
            self._idle = self._loop.create_future()
            await asyncio.shield(self._idle)

    async def _locate(self, error: LlmspellError) -> None:
        """Where the script stood when it was stopped, for the report. A guest too broken to tell costs only that."""
        if self._guest is None:
            return
        try:
            report = messages.decode_report(await workers.call(self._guest.report))
        except LlmspellError:
            return
        if report:
            error.file, error.line = report[0].source, report[0].line
            parts = [report[0].traceback] if report[0].label == "main" else []
            parts += [f"\nin {task.label}:{task.traceback}" for task in report if task.label != "main" or not parts]
            error.traceback = "stack traceback:" + "".join(parts) if any(t.traceback for t in report) else ""

    def _error_of(self, failure: messages.Failure) -> LlmspellError:
        error: LlmspellError
        if failure.kind == "memory":
            granted = self._limits.memory_bytes
            hint = (
                "calls are nested without an end: does the recursion stop?" if _DEEP.search(failure.traceback) else ""
            )
            error = LimitError("memory_bytes", granted, granted, message="the script used up its memory", hint=hint)
        elif failure.kind == "syntax":
            error = ScriptSyntaxError(failure.message)
        elif failure.kind == "deadlock":
            error = DeadlockError(failure.message)
        else:
            error = self.gate.remember(failure)
        error.file, error.line = failure.source, failure.line
        where = _WHERE.match(failure.message)
        if not error.line and where and (failure.kind == "syntax" or where[1] == self._script.name[1:]):
            error.file, error.line = where[1], int(where[2])
        error.traceback = f"stack traceback:{failure.traceback}" if failure.traceback else ""
        if isinstance(error, ScriptError) and not error.hint:
            error.hint = self._hint(error)
        return error

    def _hint(self, error: ScriptError) -> str:
        from llmspell.host.hints import Place, hint  # only failing runs need its tables

        script, context = self._script, self._script.context
        ours = error.file == script.name[1:]
        names = {
            "Agent": [agent["name"] for agent in context["agents"]],
            "Tool": context["tools"],
            "Provider": context["providers"],
        }
        source = script.source.decode("utf-8", "replace") if ours else ""
        return hint(error.kind, error.message, Place(source, error.line, names))
