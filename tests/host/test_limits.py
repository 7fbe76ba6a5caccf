"""Every limit holds, for everything beneath the run; nothing catches it; the report says what was granted and spent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from llmspell.errors import LimitError
from llmspell.events import CallFinished, CallStarted, Done
from llmspell.limits import COUNTED, Limits, as_dict
from llmspell.tools.base import Tool
from tests.runtime.running import Ran, ran, run

CATCHING = {
    "plainly": "%s",
    "in pcall": "while true do pcall(function() %s end) end",
    "in xpcall, whose handler goes on": "xpcall(function() %s end, function() while true do %s end end)",
    "in a coroutine": "while true do coroutine.resume(coroutine.create(function() %s end)) end",
    "in a task": "while true do pcall(Task.all, { function() %s end, function() %s end }) end",
    "in __close": "do local x <close> = setmetatable({}, { __close = function() %s end }) end",
    "in __gc": "setmetatable({}, { __gc = function() %s end }) collectgarbage() while true do pcall(error) end",
    "in a comparator": "while true do pcall(table.sort, { 1, 2, 3 }, function() %s return false end) end",
    "on the way out, in __close": """
        local x <close> = setmetatable({}, { __close = function() while true do %s end end })
        while true do %s end""",
}


def limited(body: str, manifest: str, how: str = "plainly", **given: Any) -> tuple[LimitError, Ran]:
    script = CATCHING[how]
    ended = run(script % ((body,) * script.count("%s")), f"[runtime]\n{manifest}", **given)
    error = ended.error
    assert isinstance(error, LimitError), f"{error!r}\n{error.traceback}"
    assert ended.of(Done) == [ended.events[-1]]
    assert not ended.of(Done)[0].ok
    return error, ended


async def add(arguments: Mapping[str, Any]) -> Any:
    await asyncio.sleep(0)
    return arguments.get("a", 0)


ADD = Tool(name="add", run=add)
AGENT = 'local agent = Agent.create { model = "mock" } '

PRICED = '[providers.scripted]\nkind = "scripted"\n[providers.scripted.prices]\ninput = 1\noutput = 1.0\n'

# Of each limit: what spends it, the manifest's line, what is granted.
SPENDING = {
    "fuel": ("for i = 1, 1e6 do end", "fuel = 20_000_000", 20_000_000),
    "wall_ms": ("for i = 1, 1e6 do end", 'timeout = "150ms"', 150),
    "provider_calls": (AGENT + 'agent:execute("hi")', "provider_calls = 5", 5),
    "tool_calls": ('Tool.execute("add", {})', "tool_calls = 5", 5),
    "input_tokens": (AGENT + 'agent:execute(("word "):rep(100))', "input_tokens = 1000", 1000),
    "output_tokens": (AGENT + 'agent:execute("hi")', "output_tokens = 2000", 2000),
    "output_bytes": ('print(("x"):rep(99))', "output_bytes = 1000", 1000),
    "tasks": ("for i = 1, 100 do Task.spawn(Task.sleep, 60) end", "tasks = 50", 50),
    "cost_usd": (AGENT + 'agent:execute("hi")', f"max_cost_usd = 0.002\n{PRICED}", 0.002),
    "streams": (AGENT + 'Kept = Kept or {} Kept[#Kept + 1] = agent:stream_execute("hi")', "streams = 3", 3),
}
BY_COUNT = sorted(set(SPENDING) - {"fuel", "wall_ms"})


def test_every_limit_but_memory_is_in_the_table_above() -> None:
    assert {*SPENDING, "memory_bytes"} == as_dict(Limits()).keys()


@pytest.mark.parametrize("how", sorted(CATCHING))
@pytest.mark.parametrize("name", sorted(SPENDING))
def test_a_limit_ends_the_run_and_nothing_catches_it(name: str, how: str) -> None:
    body, manifest, granted = SPENDING[name]
    again = f"while true do {body} end"
    if name == "tasks" and how in ("in __close", "in __gc", "on the way out, in __close"):
        pytest.skip("no task is spawned there")
    error, _ = limited(again, manifest, how, tools=[ADD])
    assert (error.limit, error.granted) == (name, granted)
    assert error.spent >= granted
    assert error.details == {"limit": name, "granted": error.granted, "spent": error.spent}
    assert error.exit_code == 3


@pytest.mark.parametrize("name", BY_COUNT)
def test_what_is_granted_can_be_used_up_to_the_last(name: str) -> None:
    body, manifest, granted = SPENDING[name]
    once = {"tasks": 49, "streams": 3, "provider_calls": 5, "tool_calls": 5, "output_bytes": 10}.get(name, 1)
    if name == "tasks":
        body = "Task.spawn(Task.sleep, 0)"
    source = f"for i = 1, {once} do {body} end Task.sleep(0.01) return 'well'"
    ended = run(source, f"[runtime]\n{manifest}", tools=[ADD])
    assert ended.result == "well"
    if name in COUNTED:
        assert 0 < ended.usage[name] <= granted


def test_zero_grants_none_at_all() -> None:
    for name in ("provider_calls", "tool_calls", "output_bytes", "streams"):
        error, ended = limited(SPENDING[name][0], f"{name} = 0", tools=[ADD])
        assert (error.limit, error.granted) == (name, 0)
        assert ended.output == ""


# ---- loops in every place ----

LOOPS = {
    "plain": "while true do\nend",
    "goto": "::top::\ngoto top",
    "repeat": "repeat\nuntil false",
    "numeric for": "for i = 1, math.huge do\nend",
    "recursion": "local function f()\nreturn f()\nend\nreturn f()",
    "in pcall": "while true do pcall(function()\nwhile true do end end) end",
    "in a coroutine": "coroutine.wrap(function()\nwhile true do end end)()",
    "in a task": "Task.spawn(function()\nwhile true do end end):await()",
    "in a metamethod": "local t = setmetatable({}, { __index = function()\nwhile true do end end }) return t.x",
    "string.rep": "while true do\nlocal s = ('x'):rep(1e6) end",
    "string.gsub": "while true do\nlocal s = ('x'):rep(1e5):gsub('x', 'y') end",
    "pattern backtracking": "return\n(('a'):rep(1e5)):find(('a*'):rep(50) .. 'b')",
    "string.format": "while true do\nlocal s = ('%99.99f'):format(1e300) end",
    "table.sort": "local t = {} for i = 1, 5e4 do t[i] = i % 7 end while true do\ntable.sort(t) end",
    "a comparator": "table.sort({ 3, 2, 1 }, function()\nwhile true do end end)",
    "table.concat": "local t = {} for i = 1, 1e5 do t[i] = 'x' end while true do\nlocal s = table.concat(t) end",
    "table.move": "while true do\ntable.move({}, 1, 1e7, 2) end",
    "table.unpack": "while true do\npcall(table.unpack, {}, 1, 1e5) end",
    "next": "local t = {} for i = 1, 1e5 do t[i] = i end while true do\nfor _ in next, t do end end",
    "load": "while true do\nload('return ' .. ('1+'):rep(1e4) .. '1') end",
    "the collector": "local t = {} for i = 1, 1e5 do t[i] = {} end while true do\ncollectgarbage() end",
    "utf8": "local s = ('é'):rep(1e5) while true do\nutf8.len(s) end",
    "an iterator": "for _ in function()\nreturn 1 end do end",
}
LINE_TWO = set(LOOPS) - {"goto", "recursion"}


@pytest.mark.parametrize("loop", sorted(LOOPS))
@pytest.mark.parametrize(("manifest", "limit"), [('timeout = "200ms"', "wall_ms"), ("fuel = 60_000_000", "fuel")])
def test_an_endless_loop_ends_and_the_report_names_its_line(loop: str, manifest: str, limit: str) -> None:
    error, ended = limited(LOOPS[loop], manifest)
    assert error.limit == limit
    assert error.file == "test.lua"
    assert "test.lua:" in error.traceback
    if loop in LINE_TWO:
        assert error.line in (1, 2)
        assert "test.lua:2" in error.traceback or "test.lua:1" in error.traceback
    assert ended.usage["elapsed_ms"] > 0
    assert 0 < ended.usage["fuel"] < 20_000_000_000


@pytest.mark.parametrize("loop", ["plain", "repeat", "in a coroutine", "in a task", "a comparator", "string.rep"])
def test_the_line_of_the_loop_itself_is_named(loop: str) -> None:
    source = LOOPS[loop].replace("\n", "\n\n\n")
    ended = run(source, "[runtime]\nfuel = 60_000_000")
    assert ended.error.line == (1 if loop == "plain" else 4)
    assert f"test.lua:{ended.error.line}:" in ended.error.traceback


def test_fuel_that_ends_in_a_deep_recursion_is_still_located() -> None:
    source = "local function f(n)\nif n == 0 then while true do end end\nreturn 1 + f(n - 1) end return f(100000)"
    ended = run(source, "[runtime]\nfuel = 200_000_000")
    assert (ended.error.limit, ended.error.line) == ("fuel", 2)
    assert "(skipping " in ended.error.traceback


def test_a_limit_names_the_tasks_that_were_open() -> None:
    source = "Task.spawn(function()\nTask.sleep(60) end)\nTask.sleep(0)\nwhile true do end"
    error = run(source, '[runtime]\ntimeout = "50ms"').error
    assert error.line == 4
    assert "test.lua:4: in main chunk" in error.traceback
    assert "in task 1:" in error.traceback
    assert "test.lua:2: in function" in error.traceback


def test_wall_time_passes_while_the_script_waits() -> None:
    for body in ("Task.sleep(60)", "Task.spawn(Task.sleep, 60):await()", "pcall(Task.sleep, 60)"):
        error, ended = limited(body, 'timeout = "30ms"')
        assert (error.limit, error.line) == ("wall_ms", 1)
        assert ended.usage["elapsed_ms"] >= 30


# ---- memory ----

BOMBS = {
    "string doubling": "local s = 'x' while true do s = s .. s end",
    "string.rep": "return ('x'):rep(1e9)",
    "string.rep with separator": "return ('x'):rep(1e5, ('y'):rep(1000))",
    "table growth": "local t = {} for i = 1, math.huge do t[i] = i end",
    "tables": "local t = {} while true do t[#t + 1] = {} end",
    "hash growth": "local t = {} for i = 1, math.huge do t['k' .. i] = i end",
    "closures": "local t = {} while true do t[#t + 1] = function() return t end end",
    "coroutines": "local t = {} while true do t[#t + 1] = coroutine.wrap(function() coroutine.yield() end) t[#t]() end",
    "tasks": "while true do Task.spawn(Task.sleep, 60) end",
    "table.concat": "local t = {} for i = 1, 1e5 do t[i] = ('x'):rep(1000) end return table.concat(t)",
    "gsub": "return (('x'):rep(1e5):gsub('x', ('y'):rep(1e4)))",
    "string.format": "local t = {} while true do t[#t + 1] = ('%99d'):format(1) end",
    "load": "return load('return {' .. ('1,'):rep(5e6) .. '}')",
    "metatables": "local t = {} while true do t = setmetatable({}, { __index = t, t }) end",
    "agents": "while true do Agent.create { model = 'mock' } end",
    "finalizers": "local t = {} while true do t[#t + 1] = setmetatable({}, { __gc = function() end }) end",
    "a message to the host": "local t = {} while true do t[#t + 1] = ('x'):rep(9e6) Log.debug(t[#t]) end",
}


@pytest.mark.parametrize("bomb", sorted(BOMBS))
def test_a_memory_bomb_ends_as_a_memory_limit(bomb: str) -> None:
    error, ended = limited(BOMBS[bomb], 'memory = "20MB"\ntimeout = "60s"\noutput_bytes = 1_000_000_000')
    assert (error.limit, error.granted) == ("memory_bytes", 20 << 20), f"{error}\n{error.traceback}"
    assert ended.usage["memory_bytes"] <= 20 << 20


@pytest.mark.parametrize("bomb", sorted(set(BOMBS) - {"tasks", "a message to the host"}))
def test_a_memory_bomb_can_be_caught_and_the_script_goes_on(bomb: str) -> None:
    source = f"""
      local ok, message = pcall(function() {BOMBS[bomb]} end)
      collectgarbage()
      print("after " .. tostring(message))
      return ok, #JSON.stringify {{ text = ("x"):rep(1000) }}
    """
    ended = run(source, '[runtime]\nmemory = "20MB"')
    if bomb == "agents":  # they stay, by name: nothing is left to go on with
        return
    assert ended.result is False
    assert "not enough memory" in ended.output or "resulting string too large" in ended.output
    assert ended.report.output.results[1] == 1011


@pytest.mark.parametrize("tail", ["1 + f(n + 1)", "(f(n + 1))", "f(n + 1), n", "pcall(f, n + 1)"])
def test_endless_recursion_is_an_error_that_can_be_caught(tail: str) -> None:
    source = f"""
      local depth = 0
      local function f(n) depth = n return {tail} end
      local ok, message = pcall(f, 1)
      return depth, tostring(message)
    """
    depth, message = run(source, '[runtime]\nmemory = "200MB"').report.output.results
    assert depth > 150
    assert "overflow" in message or message == "false" or message == "true" or "table" in message


def test_recursion_through_c_functions_is_an_error_that_can_be_caught() -> None:
    for call in (
        "(('x'):gsub('.', f))",
        "tostring(setmetatable({}, { __tostring = f }))",
        "table.sort({ 1, 2, 3 }, f)",
        "load(f)",
        "string.format('%s', setmetatable({}, { __tostring = f }))",
        "table.concat(setmetatable({}, { __len = function() return 1 end, __index = f }))",
        "coroutine.wrap(f)()",
        "pcall(f)",
        "xpcall(f, f)",
        "select(2, pcall(error, setmetatable({}, { __index = f }))).x",
        "setmetatable({}, { __eq = f }) == setmetatable({}, { __eq = f })",
        "Task.spawn(f):status()",
    ):
        source = f"local n = 0 local function f() n = n + 1 local x = {call} return 'x' end f() return n"
        ended = run(source, '[runtime]\nmemory = "200MB"\ntimeout = "20s"\nfuel = 2_000_000_000')
        if ended.report.error is None:
            assert ended.result >= 1
        else:
            assert ended.error.kind in ("runtime", "limit"), f"{call}: {ended.error!r}"
            assert "overflow" in str(ended.error) or ended.error.kind == "limit", f"{call}: {ended.error!r}"


def test_a_reply_of_100_mb_is_an_error_and_not_a_crash() -> None:
    async def huge(arguments: Mapping[str, Any]) -> Any:
        return "x" * int(arguments["size"])

    tool = Tool(name="huge", run=huge)
    caught = run("local ok, e = pcall(Tool.execute, 'huge', { size = 100e6 }) return e.kind, e.message", tools=[tool])
    assert caught.result == "tool"
    assert "at most 32 MB" in caught.report.output.results[1]
    error, _ = limited("return #Tool.execute('huge', { size = 30e6 })", 'memory = "20MB"', tools=[tool])
    assert error.limit == "memory_bytes"


# ---- reserving and settling ----


def test_fifty_parallel_calls_do_not_overshoot() -> None:
    async def both() -> None:
        for spend, limit, op in (
            (AGENT + 'local function call() agent:execute("hi") end ', "provider_calls", "model.turn"),
            ('local function call() Tool.execute("add", {}) end ', "tool_calls", "tool.execute"),
        ):
            source = spend + "local list = {} for i = 1, 50 do list[i] = call end Task.settle(list)"
            ended = await ran(source, f"[runtime]\n{limit} = 10", tools=[ADD])
            assert (ended.error.limit, ended.error.granted, ended.error.spent) == (limit, 10, 11)
            started = [event for event in ended.of(CallStarted) if event.op == op]
            assert len(started) == 10
            assert len(ended.of(CallFinished)) == 10
            assert ended.usage[limit] <= 10

    asyncio.run(both())


def test_a_failed_call_counts_as_made_and_its_tokens_do_not() -> None:
    manifest = """
      [providers.p]
      kind = "scripted"
      max_retries = 0
      [[providers.p.replies]]
      fault = "overloaded"
      [runtime]
      provider_calls = 3
    """
    source = (
        'local agent = Agent.create { provider = "p" } local n = 0 while true do pcall(agent.execute, agent, "x") end'
    )
    ended = run(source, manifest)
    assert (ended.error.limit, ended.error.spent) == ("provider_calls", 4)
    assert (ended.usage["provider_calls"], ended.usage["output_tokens"]) == (3, 0)


def test_what_fits_the_output_limit_is_written() -> None:
    ended = run("io.write('abc') io.write('defg')", "[runtime]\noutput_bytes = 5")
    assert ended.output == "abcde"
    assert (ended.error.granted, ended.error.spent, ended.usage["output_bytes"]) == (5, 7, 5)


def test_logs_and_progress_are_output_too() -> None:
    for body in ("Log.info('')", "Run.progress(0.5)", "Log.info('', { x = ('x'):rep(100) })", "io.write('x')"):
        ended = run(f"while true do {body} end", "[runtime]\noutput_bytes = 1000")
        assert ended.error.limit == "output_bytes"
        assert len(ended.events) <= 1001


def test_no_limit_means_none() -> None:
    keys = ["max_cost_usd" if name == "cost" else name for name in COUNTED]
    manifest = "[runtime]\n" + "".join(f'{name} = "unlimited"\n' for name in ("fuel", "timeout", *keys))
    ended = run(
        "print(('x'):rep(1000)) Tool.execute('add') local l = Run.limits() return l.fuel, l.wall_ms",
        manifest,
        tools=[ADD],
    )
    assert ended.result is None
    assert ended.usage["fuel"] > 0
