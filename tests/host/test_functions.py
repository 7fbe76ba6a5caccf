"""The host functions that need something from outside: input, variables, module folders, events, the clock."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import ComponentNotFound, DeniedError, InvalidArgument
from llmspell.events import Log, Output, Progress
from llmspell.tools.base import Tool
from tests.runtime.running import run

# ---- io.read ----

READING = {
    "io.read()": ["first", "second"],
    "io.read('l')": ["first", "second"],
    "io.read('*l')": ["first", "second"],
    "io.read('L')": ["first\n", "second\n"],
    "io.read(3)": ["fir", "st\n"],
    "io.read('a')": ["first\nsecond\n\n12.5\nlast", ""],
    "io.read(0)": ["", ""],
}


@pytest.mark.parametrize("call", sorted(READING))
def test_io_read_takes_each_form(call: str) -> None:
    stdin = io.BytesIO(b"first\nsecond\n\n12.5\nlast")
    ended = run(f"return {call}, {call}", stdin=stdin)
    assert list(ended.report.output.results) == READING[call]


def test_io_read_takes_several_forms_and_stops_at_the_first_that_fails() -> None:
    ended = run("return io.read('l', 2, 'n', 'L', 'l', 'a')", stdin=io.BytesIO(b"line\nab 42 \nend"))
    assert ended.report.output.results == ("line", "ab", 42, "end", None)


@pytest.mark.parametrize(
    ("text", "expected"), [(b"12\n", 12), (b" -1.5e3 \n", -1500.0), (b"0x10\n", 16), (b"word\n", None), (b"", None)]
)
def test_io_read_reads_numerals(text: bytes, expected: float | None) -> None:
    assert run("return io.read('n')", stdin=io.BytesIO(text)).result == expected


@pytest.mark.parametrize("form", ["'l'", "'L'", "'n'", "1", "0"])
def test_at_the_end_of_the_input_io_read_gives_nil(form: str) -> None:
    for stdin in (io.BytesIO(b""), None, io.BufferedReader(io.BytesIO(b""))):
        assert run(f"return io.read({form}) == nil", stdin=stdin).result is True


def test_zero_bytes_can_be_read_while_there_are_more() -> None:
    stdin = io.BufferedReader(io.BytesIO(b"ab"))
    script = "return io.read(0), io.read(1), io.read(0), io.read(1), io.read(0)"
    assert run(script, stdin=stdin).report.output.results == ("", "a", "", "b", None)


def test_io_read_gives_bytes_as_they_are() -> None:
    assert run("return #io.read('a'), io.read('a')", stdin=io.BytesIO(b"\xff\x00\r\n")).result == 4
    assert run("return io.read()", stdin=io.BytesIO(b"\xffab\n")).result == b"\xffab"


def test_io_lines_reads_to_the_end() -> None:
    script = "local t = {} for line in io.lines() do t[#t + 1] = line end return table.concat(t, '|')"
    assert run(script, stdin=io.BytesIO(b"a\n\nb")).result == "a||b"


@pytest.mark.parametrize("form", ["'x'", "'lines'", "1.5", "true", "{}", "-1", "1e9", "2^53 | 0"])
def test_io_read_refuses_other_forms(form: str) -> None:
    ended = run(f"local ok, e = pcall(io.read, {form}) return ok, tostring(e)", stdin=io.BytesIO(b"x"))
    assert ended.result is False
    assert "io.read" in ended.report.output.results[1]


def test_io_read_is_bounded() -> None:
    ended = run("return io.read('a')", stdin=io.BytesIO(bytes(17 << 20)))
    assert ended.error.kind == "argument"
    assert "more than 16 MB" in ended.error.message
    assert run("return io.read('l')", stdin=io.BytesIO(bytes(17 << 20))).error.kind == "argument"


def test_tasks_go_on_while_one_reads_from_a_pipe_that_says_nothing() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stdin, os.fdopen(writer, "wb", buffering=0) as pipe:
        ended = run("Task.spawn(io.read) Task.sleep(0.01) return 'not stuck'", stdin=stdin)
        assert ended.result == "not stuck"
        assert run("io.read()", '[runtime]\ntimeout = "20ms"', stdin=stdin).error.limit == "wall_ms"
        pipe.write(b"for those who still wait\n" * 2)  # their threads are left behind in a read: let them go


# ---- os ----


def test_getenv_gives_the_declared_variables_and_no_others() -> None:
    manifest = '[security]\nenv = ["SHOWN", "UNSET", "RAW"]'
    environ = {"SHOWN": "value", "HIDDEN": "secret", "RAW": os.fsdecode(b"\xff\xfe"), "PATH": "/bin"}
    script = "return os.getenv('SHOWN'), os.getenv('HIDDEN'), os.getenv('UNSET'), os.getenv('RAW'), os.getenv('PATH')"
    ended = run(script, manifest, environ=environ)
    assert ended.report.output.results == ("value", None, None, b"\xff\xfe", None)


def test_os_time_is_now_and_os_clock_goes_on() -> None:
    before = int(time.time())
    now, first, second = run("return os.time(), os.clock(), os.clock()").report.output.results
    assert before <= now <= time.time()
    assert 0 <= first <= second


def test_os_date_agrees_with_strftime_for_every_conversion() -> None:
    directives = "aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%"
    for letter in directives:
        shown = run(f"return os.date('!%{letter}', 1700000000)").result
        assert shown == time.strftime(f"%{letter}", time.gmtime(1700000000))


# ---- modules ----


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder lib/ with modules, and things beside it that no module name may reach."""
    files = {
        "lib/plain.lua": "local name, path = ... return { name = name, path = path }",
        "lib/deep/er/one.lua": "return 'deeper'",
        "lib/pack/init.lua": "return 'the pack'",
        "lib/pack/part-2.lua": "return 'a part'",
        "lib/nothing.lua": "Ran = (Ran or 0) + 1",
        "lib/none.lua": "package.loaded.none = 'set by itself'",
        "lib/false_.lua": "return false",
        "lib/broken.lua": "return }",
        "lib/fails.lua": "error('while loading')",
        "lib/cycle_a.lua": "return require('cycle_b')",
        "lib/cycle_b.lua": "return require('cycle_a')",
        "lib/waits.lua": "Ran = (Ran or 0) + 1 Task.sleep(0.01) return { Ran }",
        "lib/ring_a.lua": "Task.sleep(0.01) local b = require('ring_b') return b",
        "lib/ring_b.lua": "Task.sleep(0.01) local a = require('ring_a') return a",
        "lib/later.lua": "Ran = (Ran or 0) + 1 Task.sleep(0.01) assert(Ran > 1) return Ran",
        "lib/bytecode.lua": "\x1bLua",
        "lib/folder.lua/x": "",
        "secret.lua": "return 'secret'",
        "other/second.lua": "return 'second root'",
        "other/plain.lua": "return 'hidden by the first root'",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "lib" / "link.lua").symlink_to(tmp_path / "secret.lua")
    (tmp_path / "lib" / "up").symlink_to(tmp_path)
    (tmp_path / "lib" / "inside.lua").symlink_to("plain.lua")
    (tmp_path / "lib" / "absolute.lua").symlink_to(tmp_path / "lib" / "plain.lua")
    (tmp_path / "lib" / "ring.lua").symlink_to("ring.lua")
    (tmp_path / "lib" / "latin.lua").write_bytes(b"return '\xe4'")
    (tmp_path / "lib" / "huge.lua").write_bytes(b" " * (1024 * 1024 + 1))
    os.mkfifo(tmp_path / "lib" / "pipe.lua")
    return tmp_path


MODULES = '[run]\nsource = ""\nmodules = ["lib", "other"]'


def test_require_finds_modules_beneath_the_roots(library: Path) -> None:
    script = """
      local plain = require("plain")
      assert(plain == require("plain") and plain.name == "plain" and plain.path == "lib/plain.lua", plain.path)
      assert(require("deep.er.one") == "deeper" and require("pack") == "the pack")
      assert(require("pack.part-2") == "a part" and require("inside").name == "inside")
      assert(require("second") == "second root")
      assert(require("nothing") == true and require("nothing") == true and Ran == 1)
      assert(require("none") == "set by itself" and require("false_") == false)
      assert(package.loaded.plain == plain)
      package.loaded.plain = nil
      assert(require("plain") ~= plain)
      return "ok"
    """
    assert run(script, MODULES, base=library).result == "ok"


@pytest.mark.parametrize(
    "name",
    ["link", "absolute", "up.secret", "..secret", "..", ".", "", "a..b", "lib/../secret", "../secret", "/etc/passwd",
     "a/b", "a\\b", "plain\0", "plain.lua", "secret", "folder", "pipe", "a b", "~root", "\xff", "a." * 3000 + "a"],
)  # fmt: skip
def test_no_name_leads_out_of_the_roots(library: Path, name: str) -> None:
    literal = '"' + "".join(f"\\x{byte:02x}" for byte in name.encode("latin-1")) + '"'
    error = run(f"require({literal})", MODULES, base=library).error
    assert type(error) in (ComponentNotFound, DeniedError, InvalidArgument), error


def test_a_link_that_is_moved_into_the_folders_place_is_not_followed(tmp_path: Path) -> None:
    """As a script could do it that may write into the folder above."""
    for folder, text in (("lib", "return 'good'"), ("away", "return 'bad'")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.lua").write_text(text)

    async def swap(_: Mapping[str, Any]) -> None:
        (tmp_path / "lib").rename(tmp_path / "old")
        (tmp_path / "lib").symlink_to("away")

    source = "Tool.execute('swap') return (pcall(require, 'm'))"
    manifest = '[run]\nsource = ""\nmodules = ["lib"]'
    assert run(source, manifest, base=tmp_path, tools=[Tool(name="swap", run=swap)]).result is False


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ring", "cannot be read"),
        ("huge", "larger than 1 MB"),
        ("a" * 300, "cannot be read"),
        ("x" * 100_000, "cannot be read"),
    ],
)
def test_a_module_that_cannot_be_read_is_an_error_of_the_script(library: Path, name: str, message: str) -> None:
    error = run(f"require('{name}')", MODULES, base=library).error
    assert isinstance(error, InvalidArgument)
    assert message in error.message
    assert len(error.message) < 300


def test_errors_of_modules_name_the_module(library: Path) -> None:
    error = run("require('broken')", MODULES, base=library).error
    assert error.message.startswith("lib/broken.lua:1: unexpected symbol near '}'")
    error = run("\nrequire('fails')", MODULES, base=library).error
    assert (error.message, error.file, error.line) == ("lib/fails.lua:1: while loading", "lib/fails.lua", 1)
    assert "test.lua:2: in main chunk" in error.traceback
    error = run("require('bytecode')", MODULES, base=library).error
    assert error.message == "lib/bytecode.lua: attempt to load a binary chunk (mode is 't')"
    assert run("return require('latin')", MODULES, base=library).result == "\ufffd"


def test_modules_that_require_each_other_in_a_ring_are_an_error(library: Path) -> None:
    error = run("require('cycle_a')", MODULES, base=library).error
    assert "module 'cycle_a' requires itself" in error.message


def test_a_module_that_waits_while_it_loads_is_run_once_for_all(library: Path) -> None:
    script = """
      local function load() return require("waits") end
      local all = Task.all { load, load, load }
      return all[1] == all[2] and all[2] == all[3] and Ran
    """
    assert run(script, MODULES, base=library).result == 1


def test_modules_that_two_tasks_require_from_each_other_are_a_deadlock(library: Path) -> None:
    script = "Task.all { function() require('ring_a') end, function() require('ring_b') end }"
    error = run(script, MODULES, base=library).error
    assert error.kind == "deadlock"
    assert "lib/ring_b.lua:1: in" in error.traceback


def test_who_waits_for_a_module_that_fails_loads_it_again(library: Path) -> None:
    script = """
      local function load() return require("later") end
      local values = {}
      for _, outcome in ipairs(Task.settle { load, load, load }) do values[#values + 1] = outcome.value end
      return values
    """
    assert run(script, MODULES, base=library).result == [2, 2]


def test_without_roots_nothing_can_be_required() -> None:
    error = run("require('anything')").error
    assert isinstance(error, DeniedError)
    assert "modules" in error.hint
    assert error.exit_code == 5


def test_a_module_that_is_nowhere_names_where_was_looked(library: Path) -> None:
    error = run("require('nowhere')", MODULES, base=library).error
    assert error.message == "require: module 'nowhere' not found"
    assert "lib" in error.hint
    assert "other" in error.hint


# ---- events ----


def test_log_and_progress_are_events() -> None:
    script = """
      Log.info("hello", { a = 1, b = { 2, "x" } })
      Log.warn("\\xff")
      Log.error(("x"):rep(200000))
      Run.progress(0.25, "a quarter")
      Run.progress(nil, "unknown")
      for _, odd in ipairs { 7, -1, 0/0, math.huge } do Run.progress(odd) end
    """
    ended = run(script)
    assert ended.report.error is None
    hello, warned, long = ended.of(Log)
    assert (hello.level, hello.message, hello.fields) == ("info", "hello", {"a": 1, "b": [2, "x"]})
    assert (warned.level, warned.message) == ("warn", "\ufffd")
    assert len(long.message) == 100_000
    progress = [(event.fraction, event.message) for event in ended.of(Progress)]
    assert progress == [(0.25, "a quarter"), (None, "unknown"), *[(None, "")] * 4]


def test_output_events_keep_the_bytes() -> None:
    ended = run("io.write('\\xc3') io.write('\\xa4') print('ä') warn('w')")
    outputs = [(event.stream, event.text, event.raw) for event in ended.of(Output)]
    assert outputs == [
        ("stdout", "\ufffd", b"\xc3"),
        ("stdout", "\ufffd", b"\xa4"),
        ("stdout", "ä\n", "ä\n".encode()),
        ("stderr", "Lua warning: w\n", b"Lua warning: w\n"),
    ]
    assert ended.output == "\ufffd\ufffdä\n"


def test_each_run_has_its_own_chance() -> None:
    drawn = {run("return math.random(0)").result for _ in range(5)}
    assert len(drawn) == 5


def test_json_takes_what_pythons_json_takes() -> None:
    text = json.dumps({"a": [1, 2.5, None, True, "ä\u2028😀"], "": {}})
    ended = run("return JSON.stringify(JSON.parse(...), { sort_keys = true })", args=[text])
    assert json.loads(ended.result) == json.loads(text)


def test_json_text_with_millions_of_values_is_refused_before_it_is_parsed() -> None:
    """A few bytes of text are a hundred in Python: the sandbox's limit would bound nothing."""
    for text in ("('[],'):rep(1e6)", "('{},'):rep(1e6)", "('1,'):rep(1e6)"):
        error = run(f"JSON.parse('[' .. {text} .. '0]')").error
        assert error.kind == "argument"
        assert "more than 1,000,000 values" in error.message
    ended = run("""return #JSON.parse('["' .. (',[{'):rep(1e6) .. '\\\\"' .. '"]')[1]""")
    assert ended.result == 3_000_001
