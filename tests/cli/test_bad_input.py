"""Bad input gets a clear error and the right exit code, in text and in JSON, and never a Python traceback."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.helpers import called, llmspell, write


class Case(NamedTuple):
    """Files, the words after `run`, and how it must end: exit code, kind and place of the error."""

    words: str
    code: int
    kind: str
    files: Mapping[str, str | bytes] = {}
    file: str | None = None
    line: int | None = None


DEEP = """\
local function third() error("boom") end
local function second() third() end
local function first() second() end
local co = coroutine.wrap(function() first() end)
local task = Task.spawn(function()
  co()
end)
task:await()
"""
ENDLESS = "local n = 0 while true do n = n + 1 end"
REFUSED_PORT = """\
[run]
source = '''
print("before")
print(Agent.create{ model = "m" }:execute("hi").text)
'''
[providers.local]
base_url = "http://127.0.0.1:1/v1"
max_retries = 0
"""

CASES = {
    "missing file": Case("nope.lua", 2, "usage"),
    "missing manifest": Case("nope.toml", 2, "manifest", file="nope.toml"),
    "folder": Case(".", 2, "usage"),
    "folder named like a manifest": Case("d.toml", 2, "manifest", {"d.toml/x": ""}, file="d.toml"),
    "no file": Case("", 2, "usage"),
    "manifest whose script is a folder": Case(
        "m.toml", 2, "manifest", {"m.toml": '[run]\nscript = "lib"\n', "lib/x": ""}, file="m.toml", line=2
    ),
    "label that is missing": Case("a.lua", 1, "syntax", {"a.lua": "\nfor i = 1, 3 do\n  goto x\nend\n"}, "a.lua", 5),
    "unknown option": Case("a.lua --fule 1e9", 2, "usage"),
    "a value that is none": Case("a.lua --fuel lots", 2, "usage"),
    "not UTF-8": Case("a.lua", 1, "script", {"a.lua": b"print(1)\n-- caf\xe9\n"}, "a.lua", 2),
    "bytecode": Case("a.lua", 1, "script", {"a.lua": b"\x1bLua\x54\0\x19\x93"}),
    "syntax error": Case("a.lua", 1, "syntax", {"a.lua": "local x = 1\n\tif x then y end\n"}, "a.lua", 2),
    "unfinished function": Case("a.lua", 1, "syntax", {"a.lua": "local function f()\n  f()\n\n"}, "a.lua", 4),
    "three calls deep in a coroutine in a task": Case("a.lua", 1, "runtime", {"a.lua": DEEP}, "a.lua", 1),
    "a name that is nil": Case("a.lua", 1, "runtime", {"a.lua": "local x = 1\nprnit(x)\n"}, "a.lua", 2),
    "an error that is a table": Case("a.lua", 1, "runtime", {"a.lua": "error({ code = 7 })"}, "a.lua", 1),
    "an error with terminal codes": Case("a.lua", 1, "runtime", {"a.lua": 'error("\\27[2J\\7x", 0)'}, "a.lua", 1),
    "fuel": Case("a.lua --fuel 1e7", 3, "limit", {"a.lua": ENDLESS}, "a.lua", 1),
    "fuel inside pcall": Case(
        "a.lua --fuel 1e7",
        3,
        "limit",
        {"a.lua": "while true do pcall(function() while true do end end) end"},
        "a.lua",
        1,
    ),
    "timeout": Case("a.lua --timeout 100ms", 3, "limit", {"a.lua": ENDLESS}, "a.lua", 1),
    "timeout while waiting": Case("a.lua --timeout 100ms", 3, "limit", {"a.lua": "\nTask.sleep(60)"}, "a.lua", 2),
    "string doubling": Case(
        "a.lua --mem 5M", 3, "limit", {"a.lua": 's = "x"\nwhile true do s = s .. s end'}, "a.lua", 2
    ),
    "table growth": Case(
        "a.lua --mem 5M", 3, "limit", {"a.lua": "local t = {}\nwhile true do t[#t + 1] = {} end"}, "a.lua", 2
    ),
    "deep recursion": Case(
        "a.lua --mem 5M", 3, "limit", {"a.lua": "local function f() return f() + 1 end f()"}, "a.lua", 1
    ),
    "refused connection": Case("m.toml", 4, "connect", {"m.toml": REFUSED_PORT}, "m.toml:source", 2),
    "module that is not granted": Case("a.lua", 5, "denied", {"a.lua": 'require("m")'}, "a.lua", 1),
    "error in a module": Case(
        "m.toml",
        1,
        "runtime",
        {
            "m.toml": '[run]\nscript = "a.lua"\nmodules = ["lib"]\n',
            "a.lua": 'require("m").f()',
            "lib/m.lua": 'return {\n  f = function() error("in the module") end,\n}\n',
        },
        "lib/m.lua",
        2,
    ),
    "long path": Case(
        "a" * 40 + "/" + "b" * 40 + ".lua", 1, "runtime", {"a" * 40 + "/" + "b" * 40 + ".lua": "x.y = 1"}, None, 1
    ),
    "unknown key": Case("m.toml", 2, "manifest", {"m.toml": '[run]\nsource = ""\nsauce = ""\n'}, "m.toml", 3),
    "limit of the wrong type": Case(
        "m.toml", 2, "manifest", {"m.toml": '[run]\nsource = ""\n[runtime]\nfuel = "12"\n'}, "m.toml", 4
    ),
    "many problems": Case(
        "m.toml",
        2,
        "manifest",
        {"m.toml": '[run]\nscipt = "a.lua"\n[runtime]\n\ttimeout = 5\n[agents.a]\nprovider = "b"\napi_key = "k"\n'},
        "m.toml",
        1,
    ),
    "not TOML": Case("m.toml", 2, "manifest", {"m.toml": "[run]\nscript = main.lua\n"}, "m.toml", 2),
    "manifest without a script": Case("m.toml", 2, "manifest", {"m.toml": "[runtime]\nfuel = 1\n"}, "m.toml"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_error_says_what_happened_where_and_what_to_do(
    name: str, tmp_path: Path, snapshot: SnapshotAssertion, capfd: pytest.CaptureFixture[str]
) -> None:
    case = CASES[name]
    result = called(capfd, "run", *prepared(case, tmp_path), cwd=tmp_path)
    assert result.code == case.code
    assert result.report == snapshot


@pytest.mark.parametrize(
    "name", ["not UTF-8", "syntax error", "fuel", "deep recursion", "refused connection", "not TOML"]
)
def test_a_process_of_its_own_ends_alike(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = prepared(CASES[name], tmp_path)
    process = llmspell("run", *words, cwd=tmp_path)
    assert (process.code, process.report) == (CASES[name].code, called(capfd, "run", *words, cwd=tmp_path).report)


@pytest.mark.parametrize("name", CASES)
def test_with_json_output_the_error_is_in_the_one_object(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    case = CASES[name]
    result = called(capfd, "run", *prepared(case, tmp_path), "--output", "json", cwd=tmp_path)
    found = result.json
    error = found["error"]
    assert (result.code, result.err) == (case.code, "")
    assert (found["status"], found["run"]["exit_code"]) == ("failed", case.code)
    assert error.keys() == {"kind", "message", "file", "line", "traceback", "hint", "details"}
    assert (error["kind"], error["line"]) == (case.kind, case.line)
    assert error["file"] == (case.file or (case.words if case.line else None))


def prepared(case: Case, folder: Path) -> list[str]:
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return case.words.split(" ")


def test_the_whole_lua_traceback_is_shown_across_coroutine_and_task(tmp_path: Path) -> None:
    write(tmp_path, a_lua=DEEP)
    lines = llmspell("run", "a.lua", cwd=tmp_path).err.splitlines()
    places = [line.split(": in ")[0].strip() for line in lines if line.startswith("\ta.lua")]
    assert places == ["a.lua:1", "a.lua:2", "a.lua:3", "a.lua:4", "a.lua:6", "a.lua:8"]


def test_what_was_printed_and_spent_before_an_error_is_not_lost(tmp_path: Path) -> None:
    write(tmp_path, a_lua='print("work") Agent.create{ model = "mock" }:execute("hi") error("late")')
    text = llmspell("run", "a.lua", cwd=tmp_path)
    assert text.out == "work\n"
    assert "1 provider call, 1 tokens in, " in text.err
    found = llmspell("run", "a.lua", "--output", "json", cwd=tmp_path).json
    assert (found["output"], found["usage"]["provider_calls"]) == ("work\n", 1)


def test_every_problem_of_a_manifest_is_in_the_json_object(tmp_path: Path) -> None:
    case = CASES["many problems"]
    found = llmspell("run", *prepared(case, tmp_path), "--output", "json", cwd=tmp_path).json
    problems = found["error"]["details"]["problems"]
    assert [(problem["path"], problem["line"]) for problem in problems] == [
        ("run", 1),
        ("run.scipt", 2),
        ("runtime.timeout", 4),
        ("agents.a.provider", 6),
        ("agents.a.api_key", 7),
    ]


def test_with_events_output_an_error_before_the_run_is_one_done_event(tmp_path: Path) -> None:
    result = llmspell("run", "nope.lua", "--output", "events", cwd=tmp_path)
    (done,) = result.events
    assert (result.code, result.err) == (2, "")
    assert (done["event"], done["ok"], done["error"]["kind"]) == ("done", False, "usage")


def test_with_events_output_the_error_of_a_run_is_in_the_done_event(tmp_path: Path) -> None:
    write(tmp_path, a_lua='print("one") error("two")')
    output, done = llmspell("run", "a.lua", "--output", "events", cwd=tmp_path).events
    assert output["text"] == "one\n"
    assert (done["ok"], done["error"]["message"], done["error"]["line"]) == (False, "a.lua:1: two", 1)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything is readable for root")
def test_a_file_that_may_not_be_read_is_a_usage_error(tmp_path: Path) -> None:
    write(tmp_path, a_lua="")
    (tmp_path / "a.lua").chmod(0)
    result = llmspell("run", "a.lua", cwd=tmp_path)
    assert (result.code, "Permission denied" in result.err) == (2, True)


def test_an_error_shows_a_readable_part_of_a_line_of_any_length(tmp_path: Path) -> None:
    write(tmp_path, a_lua="local s = '" + "x" * 200_000 + "' undefined_name() local t = '" + "y" * 200_000 + "'")
    result = llmspell("run", "a.lua", cwd=tmp_path)
    line, marker = (row.split(" | ", 1)[1] for row in result.err.splitlines()[2:4])
    assert len(line) <= 160
    assert line[marker.index("^") :].startswith("undefined_name()")
