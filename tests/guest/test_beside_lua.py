"""Where the guest's own machinery meets what Lua promises: finalizers that run in the middle of it, the coroutines that
tasks are, and names in messages."""

from __future__ import annotations

from typing import Any

from tests.guest.guests import run_script

# Many finalizers are due, and the collector takes a step at every chance: they run wherever Lua allocates.
FINALIZERS = b"""
local function finalize(count, f)
  collectgarbage("incremental", 100, 10, 1)
  collectgarbage("stop")
  for _ = 1, count do setmetatable({}, { __gc = f }) end
  collectgarbage("restart")
end
"""


def test_a_finalizer_that_calls_the_host_leaves_the_reply_that_is_being_read_alone() -> None:
    def answers(op: str, _payload: Any) -> Any:
        return [f"item {i}" for i in range(1, 101)] if op == "state.keys" else "Z" * 5000

    turn = run_script(
        FINALIZERS
        + b"""
        local called = 0
        for round = 1, 5 do
          finalize(3000, function() called = called + 1; os.getenv("HOME") end)
          for _ = 1, 100 do
            local list = State.keys()
            for i = 1, 100 do assert(list[i] == "item " .. i) end
          end
        end
        return called > 1000
        """,
        answers=answers,
    )
    assert turn.failure is None
    assert turn.results == [True]


def test_reading_replies_pays_the_collector_what_it_allocates() -> None:
    turn = run_script(
        b"""
        collectgarbage()
        local before, most = collectgarbage("count"), 0
        for _ = 1, 2000 do
          os.getenv("HOME")
          most = math.max(most, collectgarbage("count"))
        end
        return most / before < 4
        """,
        answers=lambda _op, _payload: "Z" * 10_000,
    )
    assert turn.results == [True]


def test_no_function_of_the_guest_itself_is_given_to_a_script_that_looks_at_the_stack() -> None:
    turn = run_script(
        FINALIZERS
        + b"""
        local frames, given, elsewhere = 0, 0, 0
        local function look()
          local thread, is_main = coroutine.running()
          if not is_main then elsewhere = elsewhere + 1 end
          for level = 0, 10 do
            local frame = debug.getinfo(level, "Sf")
            if frame and frame.what == "C" then frames = frames + 1 end
            if frame and frame.what == "C" and frame.func then given = given + 1 end
            local other = debug.getinfo(thread, level, "Sf")
            if other and other.what == "C" and other.func then given = given + 1 end
          end
        end
        for round = 1, 5 do
          finalize(3000, look)
          for i = 1, 300 do
            local task = Task.spawn(function() error(("x"):rep(300)) end)
            pcall(task.await, task)
            pcall(JSON.stringify, { ("x"):rep(i) })
          end
        end
        return frames > 1000, given, elsewhere
        """
    )
    assert turn.results == [True, 0, 0]


def test_getinfo_still_gives_the_functions_that_are_the_scripts() -> None:
    turn = run_script(
        b"""
        local function f() return debug.getinfo(1, "f").func end
        return f() == f, debug.getinfo(print).func == print, debug.getinfo(f, "f").func == f
        """
    )
    assert turn.results == [True, True, True]


def test_the_coroutine_of_a_task_that_ended_is_dead_and_what_it_gave_stays() -> None:
    turn = run_script(
        b"""
        local co
        local task = Task.spawn(function() co = coroutine.running() return "first", "second" end)
        task:await()
        local resumed, message = coroutine.resume(co, "x")
        local status, closed = coroutine.status(co), coroutine.close(co)
        local first, second = task:await()
        return status, resumed, message, closed, first, second
        """
    )
    assert turn.results == ["dead", False, "cannot resume dead coroutine", True, "first", "second"]


def test_the_coroutine_of_a_task_that_failed_is_dead_and_its_error_stays() -> None:
    turn = run_script(
        b"""
        local co
        local task = Task.spawn(function() co = coroutine.running() error("broken", 0) end)
        pcall(task.await, task)
        local status, closed = coroutine.status(co), coroutine.close(co)
        return status, closed, pcall(task.await, task)
        """
    )
    assert turn.results == ["dead", True, False, "broken"]


def test_messages_name_library_functions_that_were_not_called_by_name() -> None:
    turn = run_script(
        b"""
        local function message(...) return select(2, pcall(...)) end
        return message(string.rep), message(string.gsub, "s", "s", setmetatable), message(io.write, {})
        """
    )
    assert turn.results == [
        "bad argument #1 to 'string.rep' (string expected, got no value)",
        "bad argument #1 to 'setmetatable' (table expected, got string)",
        "bad argument #1 to 'io.write' (string expected, got table)",
    ]


def test_an_error_whose_tostring_calls_the_host_is_reported_with_its_own_fields() -> None:
    turn = run_script(
        b"""
        error(setmetatable({ code = 7 }, { __tostring = function() return "code of " .. os.getenv("HOME") end }))
        """,
        answers=lambda _op, _payload: "home",
    )
    assert turn.failure is not None
    assert turn.failure.message == "code of home"
    assert turn.failure.value == {"code": 7}
