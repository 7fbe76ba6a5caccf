"""The driver with operations of its own: what a bug of ours in one of them does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from llmspell.errors import ComponentNotFound, HostError, InvalidArgument, LlmspellError
from llmspell.events import Event, Log
from llmspell.host.dispatch import Gate, Operation, require
from llmspell.host.driver import Driver, Outcome, Script
from llmspell.limits import Budget, Limits

CONTEXT = {"run_id": "run", "script": "s", "args": [], "tools": [], "providers": [], "agents": []}


def drive(source: str, operations: Mapping[str, Operation]) -> tuple[Outcome, list[Event]]:
    """Run a script whose host functions are only these."""
    events: list[Event] = []

    async def both() -> Outcome:
        script = Script(source=source.encode(), name="=test", context=CONTEXT)
        limits = Limits()
        driver = Driver(script, limits, lambda fault: Gate(Budget(limits), events.append, fault))
        return await asyncio.wait_for(driver.run(operations), 20)

    return asyncio.run(both()), events


def immediate(value: Any) -> Operation:
    def act(_: Any) -> Any:
        if isinstance(value, BaseException):
            raise value
        return value

    return Operation(immediate=act)


def awaited(value: Any) -> Operation:
    async def act(_: Any) -> Any:
        await asyncio.sleep(0)
        if isinstance(value, BaseException):
            raise value
        return value

    return Operation(awaited=act)


PLACES = {
    "immediate": ("JSON.parse('1')", "json.parse", immediate),
    "awaited": ("Task.sleep(0)", "task.sleep", awaited),
    "awaited in a task": ("Task.spawn(Task.sleep, 0):await()", "task.sleep", awaited),
    "awaited in a comparator": ("table.sort({ 1, 2 }, function() Task.sleep(0) end)", "task.sleep", awaited),
    "immediate where awaited": ("Task.sleep(0)", "task.sleep", immediate),
}


@pytest.mark.parametrize("place", sorted(PLACES))
@pytest.mark.parametrize("bug", [ValueError("a bug"), asyncio.CancelledError(), StopAsyncIteration(), RecursionError()])
def test_a_bug_in_an_operation_ends_the_run_as_ours(place: str, bug: BaseException) -> None:
    call, name, make = PLACES[place]
    if isinstance(bug, asyncio.CancelledError) and make is immediate:
        return  # only what is awaited can be cancelled
    outcome, _ = drive(f"while true do pcall(function() {call} end) end", {name: make(bug)})
    assert isinstance(outcome.error, HostError)
    assert outcome.error.exit_code == 70
    assert outcome.error.traceback


@pytest.mark.parametrize("place", sorted(PLACES))
@pytest.mark.parametrize("value", [object(), {1, 2}, [lambda: 1]])
def test_a_value_that_is_no_data_ends_the_run_as_ours(place: str, value: Any) -> None:
    call, name, make = PLACES[place]
    outcome, _ = drive(f"while true do pcall(function() {call} end) end", {name: make(value)})
    assert isinstance(outcome.error, HostError)


@pytest.mark.parametrize("place", sorted(PLACES))
def test_an_error_of_ours_reaches_the_script(place: str) -> None:
    call, name, make = PLACES[place]
    error = InvalidArgument("not so", hint="but so", details={"n": 1})
    source = f"local ok, e = pcall(function() {call} end) return e.kind, e.message, e.hint, e.details.n"
    outcome, _ = drive(source, {name: make(error)})
    assert outcome.results == ["argument", "not so", "but so", 1]
    outcome, _ = drive(call, {name: make(error)})
    assert outcome.error is error
    assert (error.file, error.line) == ("test", 1)


def test_an_operation_that_does_not_exist_is_an_error_of_the_script() -> None:
    for place in PLACES.values():
        outcome, _ = drive(place[0], {})
        assert isinstance(outcome.error, ComponentNotFound)


def test_notes_of_the_guest_are_warnings() -> None:
    outcome, events = drive("Task.spawn(Task.sleep, 60) Task.sleep(0)", {"task.sleep": awaited(None)})
    assert outcome.error is None
    assert [event.level for event in events if isinstance(event, Log)] in (["warn"], [])


def test_an_error_that_came_back_changed_is_the_scripts() -> None:
    """What the script raises under the name of a host's error that it never got is told as its own."""
    operations = {"json.parse": immediate(InvalidArgument("real"))}
    source = "local ok, e = pcall(JSON.parse, '1') e.message = 'forged' e.kind = 'auth' error(e)"
    error = drive(source, operations)[0].error
    assert type(error) is not InvalidArgument
    assert error is not None
    assert error.exit_code == 1
    assert (error.message, error.details["kind"]) == ("forged", "auth")


def test_of_many_errors_the_one_that_ended_the_run_is_found() -> None:
    raised = [InvalidArgument(f"number {i}") for i in range(50)]
    left = iter(raised)

    def act(_: Any) -> Any:
        raise next(left)

    source = """
      local errors = {}
      for i = 1, 50 do local _, e = pcall(JSON.parse, '1') errors[i] = e end
      error(errors[30])
    """
    assert drive(source, {"json.parse": Operation(immediate=act)})[0].error is raised[29]


def test_payloads_are_checked_field_by_field() -> None:
    assert require({"a": "x", "b": 1}, "op", a=str, b=(int, float)) == {"a": "x", "b": 1}
    for payload, kinds in (
        (None, {}),
        ([], {}),
        ({}, {"a": str}),
        ({"a": 1}, {"a": str}),
        ({"a": True}, {"a": int}),
        ({"a": None}, {"a": str}),
    ):
        with pytest.raises(LlmspellError, match="op: "):
            require(payload, "op", **kinds)
