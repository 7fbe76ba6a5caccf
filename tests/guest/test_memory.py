"""The guest's memory: to a script, running out of it is an error like any other; what was freed can be used again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest

from llmspell.abi import messages
from llmspell.errors import LimitError, LlmspellError, ScriptRuntimeError
from llmspell.host.guest import Guest
from llmspell.manifest.model import Manifest, RuntimeSection
from llmspell.runtime import ScriptRuntime
from tests.guest.guests import boot_message, load_message

MB: Final = 1 << 20
FULL: Final = "not enough memory"

BOMBS: Final = {
    "a string that doubles": "local s = 'x' while true do s = s .. s end",
    "a long string at once": "return #string.rep('x', 1e9)",
    "a string from many pieces": (
        "local t = {} for i = 1, 10000 do t[i] = 'y' end return #table.concat(t, ('z'):rep(1e6))"
    ),
    "a string that gsub doubles": "local s = 'ab' while true do s = s:gsub('%w', '%0%0') end",
    "tables in a table": "local t = {} while true do t[#t + 1] = {} end",
    "a long array": "local t = {} for i = 1, 1e8 do t[i] = i end",
    "many keys": "local t = {} for i = 1, 1e8 do t['key' .. i] = true end",
    "many short strings": "local t = {} while true do t[#t + 1] = 's' .. #t end",
    "many closures": "local t = {} while true do local n = #t t[n + 1] = function() return n end end",
    "many coroutines": (
        "local t = {} while true do t[#t + 1] = coroutine.wrap(function() coroutine.yield() end) t[#t]() end"
    ),
    "finalizers that fail": (
        "local t, m = {}, {__gc = function() error('in __gc') end} while true do t[#t + 1] = setmetatable({}, m) end"
    ),
    "recursion without end": (
        "local function f(n) local t = {n, n, n, n, n, n, n, n} return f(n + 1) + #t end return f(1)"
    ),
    "a message too large": "local t = {} for i = 1, 200 do t[i] = ('m'):rep(MESSAGE) end return #JSON.stringify(t)",
}
SIZES: Final = (5 * MB, 50 * MB)

RAISED: Final = {
    "too many results": ("return table.unpack({}, 1, 1e7)", "too many results to unpack"),
    "coroutines inside coroutines": (
        "local function f() return coroutine.wrap(f)() end return f()",
        "C stack overflow",
    ),
}
"""What another limit of the interpreter stops first."""


def bomb(name: str, memory: int) -> str:
    return BOMBS[name].replace("MESSAGE", str(memory // 300))


def report(source: str, memory: int) -> tuple[Any, LlmspellError | None]:
    """The script's result and its error, in a run with no other limit changed."""
    manifest = Manifest(file="", base=Path(), runtime=RuntimeSection(memory_bytes=memory))
    ran = asyncio.run(ScriptRuntime(manifest, environ={}).report(source, name="bomb.lua"))
    return ran.output.result, ran.error


def run(source: str, memory: int, *, fuel: int = 40 * 10**9) -> tuple[Any, int]:
    """What the script returns, and the memory that it took, in bytes. It must not fail."""
    guest = Guest(memory_bytes=memory, fuel=fuel, write=lambda _stream, _data: None, answer=lambda _request: b"")
    guest.boot(boot_message(whole=False))
    failed = guest.load(load_message(source.encode()))
    turn = messages.decode_turn(failed or guest.step(messages.join_replies([])))
    assert turn.failure is None
    size = guest.memory_size
    guest.close()
    return turn.results[0], size


@pytest.mark.parametrize("memory", SIZES, ids=lambda size: f"{size // MB}MB")
@pytest.mark.parametrize("name", BOMBS)
def test_a_script_that_fills_its_memory_ends_at_the_limit(name: str, memory: int) -> None:
    _result, error = report(bomb(name, memory), memory)
    assert isinstance(error, LimitError)
    assert error.limit == "memory_bytes"


@pytest.mark.parametrize("name", BOMBS)
def test_a_script_can_catch_it_and_go_on(name: str) -> None:
    memory = 5 * MB
    source = f"""
        local ok, message = pcall(function() {bomb(name, memory)} end)
        collectgarbage() collectgarbage()
        local list = {{}}
        for i = 1, 10000 do list[i] = {{ tostring(i) }} end
        local made = coroutine.wrap(function() coroutine.yield(#("after "):rep(10000)) end)()
        return {{ ok, message, #list, made }}
    """
    result, error = report(source, memory)
    assert error is None
    assert result == [False, FULL, 10000, 60000]


@pytest.mark.parametrize("name", RAISED)
def test_what_the_interpreter_refuses_is_an_error_of_the_script(name: str) -> None:
    source, message = RAISED[name]
    _result, error = report(source, 50 * MB)
    assert isinstance(error, ScriptRuntimeError)
    assert message in error.message


def test_nearly_all_of_the_memory_is_there_again_for_every_other_kind_of_object() -> None:
    source = """
        local kinds = {
          function(last) return { last } end,
          function(last) return { next = last, other = 1 } end,
          function(last) return function() return last end end,
          function(last) return { last, ("%040d"):format(math.random(1 << 40)) } end,
          function(last) return { last, ("x"):rep(300) } end,
          function(last) return { last, ("x"):rep(5000) } end,
          function(last) local t = table.pack(table.unpack({}, 1, 100)) t[1] = last return t end,
          function(last) return { last, coroutine.create(print) } end,
        }
        local function fill(make)
          local count = 0
          pcall(function()
            local last
            while true do last = make(last) count = count + 1 end
          end)
          collectgarbage() collectgarbage()
          return count
        end
        local seen = { fill(kinds[tonumber((...))]) }
        for i = 1, #kinds do fill(kinds[i]) end
        for i = #kinds, 1, -1 do seen[i + 1] = fill(kinds[i]) end
        return seen
    """
    counts, _size = run(source.replace("tonumber((...))", "1"), 5 * MB)
    assert counts[1] >= 0.95 * counts[0]
    for kind in range(1, 9):
        alone, _size = run(source.replace("tonumber((...))", str(kind)).replace("#kinds do", "0 do"), 5 * MB)
        assert counts[kind] >= 0.95 * alone[0]


def test_a_hundred_times_the_limit_can_be_allocated_in_all() -> None:
    source = """
        local total, kept, piece = 0, {}, ("0123456789abcdef"):rep(16)
        for i = 1, 4000 do
          local small, large = piece:rep(i % 20), piece:rep(i % 1000)
          kept[i % 40] = { small, { i, i + 1 }, key = large:sub(1, i % 300) }
          total = total + #small + #large
        end
        return total
    """
    total, size = run(source, 4 * MB)
    assert total > 100 * 4 * MB
    assert size <= 4 * MB


def test_garbage_makes_room_before_a_script_is_refused_memory() -> None:
    source = "local s = ('x'):rep(3000000) s = nil s = ('y'):rep(3300000) s = nil return #('z'):rep(3200000)"
    assert run(source, 10 * MB)[0] == 3200000  # rep takes twice that for a moment


def test_garbage_makes_room_for_messages_too() -> None:
    source = """
        local kept, sent = ("k"):rep(4000000), 0
        for i = 1, 12 do sent = sent + #JSON.stringify({ ("g"):rep(2500000 + i) }) end
        return { #kept, sent }
    """
    for memory in (16, 18, 20, 24):
        result, error = report(source, memory * MB)
        assert error is None
        assert result == [4000000, sum(2500000 + i + 4 for i in range(1, 13))]


def test_a_table_that_grows_needs_no_second_one_of_its_size() -> None:
    source = "local t = {} for i = 1, 2 ^ 20 do t[i] = i end return #t"
    length, size = run(source, 20 * MB)
    assert length == 2**20
    assert size < 18 * MB


def test_many_strings_at_the_limit_are_refused_without_a_collection_for_each() -> None:
    source = "local t = {} local ok, why = pcall(function() while true do t[#t + 1] = 's' .. #t end end) return why"
    assert run(source, 24 * MB, fuel=8 * 10**9)[0] == FULL


def test_blocks_of_all_sizes_keep_their_content_while_memory_runs_out_again_and_again() -> None:
    source = """
        local seed, slots, refused = 7, {}, 0
        local function random(n)
          seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
          return (seed >> 8) % n + 1
        end
        local function make()
          local mark, size = string.char(random(250)), random(10) == 1 and random(200000) or random(600)
          local kind = random(4)
          if kind == 1 then
            local list = {}
            for i = 1, size // 16 do list[i] = size + i end
            return function() for i = 1, size // 16 do assert(list[i] == size + i) end end
          elseif kind == 2 then
            local map = {}
            for i = 1, size // 40 do map[mark .. i] = i end
            return function() for i = 1, size // 40 do assert(map[mark .. i] == i) end end
          elseif kind == 3 then
            local twice = coroutine.wrap(function(...) while true do coroutine.yield(size, select("#", ...)) end end)
            twice(1, 2, 3)
            return function() local n, count = twice() assert(n == size and count == 3) end
          end
          local text = mark:rep(size)
          return function() assert(#text == size and text == mark:rep(size)) end
        end
        for _ = 1, 6000 do
          local place = random(400)
          if slots[place] then
            local ok, why = pcall(slots[place])
            assert(ok or why == "not enough memory", why)
          end
          local ok, made = pcall(make)
          if ok then
            slots[place] = made
          else
            assert(made == "not enough memory", made)
            refused = refused + 1
            for _ = 1, 150 do slots[random(400)] = nil end
          end
        end
        return refused
    """
    refused, size = run(source, 3 * MB)
    assert refused > 10
    assert size <= 3 * MB
