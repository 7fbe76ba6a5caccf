"""`llmspell run` when all goes well: what stdout and stderr get in each form of output, arguments, input, limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.helpers import called, llmspell, write

ROOT = Path(__file__).parents[2]


def test_a_script_prints_to_stdout_and_leaves_stderr_alone(tmp_path: Path) -> None:
    write(tmp_path, a_lua='print("hello", 1)')
    assert llmspell("run", "a.lua", cwd=tmp_path) == (0, "hello\t1\n", "")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ('return "Success"', "Success\n"),
        ('return "Success\\n"', "Success\n"),
        ('io.write("no newline") return "x"', "no newline\nx\n"),
        ("return 1.5", "1.5\n"),
        ("return false", "false\n"),
        ("return nil", ""),
        ("return", ""),
        ("return 1, 2", "1\n"),
        ('return { 1, "zwei", { drei = 3.0 } }', '[1, "zwei", {"drei": 3.0}]\n'),
        ("return 0/0", "null\n"),
    ],
)
def test_what_a_script_returns_is_the_last_line(
    script: str, expected: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, a_lua=script)
    assert called(capfd, "run", "a.lua", cwd=tmp_path) == (0, expected, "")


def test_output_is_passed_on_as_the_bytes_that_it_is(tmp_path: Path) -> None:
    write(tmp_path, a_lua='io.write("\\xff", "\\xe2") io.write("\\x82\\xac", "\\0\\27[1m\\n") return "\\xff"')
    assert llmspell("run", "a.lua", cwd=tmp_path).out == "\udcff€\0\x1b[1m\n\udcff\n"


def test_log_messages_go_to_stderr_from_info_on(tmp_path: Path) -> None:
    write(tmp_path, a_lua='Log.debug("d") Log.info("i", { n = 1, s = "x" }) Log.warn("w\\27[0m") Log.error("e")')
    shown = "info: i n=1 s=x\nwarn: w\\x1b[0m\nerror: e\n"
    result = llmspell("run", "a.lua", cwd=tmp_path)
    assert sorted(result.err.split()) == sorted(shown.split())
    assert llmspell("run", "a.lua", "--verbose", cwd=tmp_path).err.startswith("debug: d\n")
    assert llmspell("run", "a.lua", cwd=tmp_path, env={"LLMSPELL_LOG": "error"}).err == "error: e\n"
    assert "it is one of debug, info" in llmspell("run", "a.lua", cwd=tmp_path, env={"LLMSPELL_LOG": "all"}).err


def test_what_a_script_says_in_log_messages_and_errors_cannot_pass_for_a_line_of_ours(tmp_path: Path) -> None:
    write(tmp_path, a_lua='Log.info("a\\nerror: b", { c = "d\\r\\ne\\27]0;t\\7" }) error("f\\nhelp: g", 0)')
    lines = llmspell("run", "a.lua", cwd=tmp_path).err.splitlines()
    assert lines[:5] == ["info: a", "      error: b c=d\\r", "      e\\x1b]0;t\\x07", "error: f", "       help: g"]


def test_json_output_is_one_object_with_everything_in_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_lua='print("one") Log.info("log") io.write("two") '
        'Agent.create{ model = "mock" }:execute("hi") return { x = arg[1], y = "\\xff", z = 1/0 }',
    )
    result = llmspell("run", "a.lua", "--output", "json", "A", cwd=tmp_path)
    found = result.json
    assert (result.code, result.err) == (0, "info: log\n")
    assert list(found) == ["status", "result", "output", "usage", "error", "run"]
    assert found["status"] == "ok"
    assert found["result"] == {"x": "A", "y": "�", "z": None}
    assert found["output"] == "one\ntwo"
    assert found["error"] is None
    assert found["usage"]["provider_calls"] == 1
    assert found["usage"].keys() >= {"elapsed_ms", "fuel", "memory_bytes", "output_bytes", "input_tokens"}
    assert found["run"].keys() == {"id", "script", "manifest", "args", "duration_ms", "exit_code"}
    assert (found["run"]["script"], found["run"]["args"]) == ("a.lua", ["A"])


def test_events_come_one_a_line_and_the_last_is_done(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_lua='print("one") Log.debug("log", { a = 1 }) Run.progress(0.5, "half") '
        'Agent.create{ name = "ann", model = "mock" }:execute("hi") return 7',
    )
    result = llmspell("run", "a.lua", "--output", "events", cwd=tmp_path)
    output, log, progress, begun, ended, done = result.events
    assert (result.code, result.err) == (0, "")
    assert output | {"at": 0} == {"event": "output", "at": 0, "stream": "stdout", "text": "one\n"}
    assert log | {"at": 0} == {"event": "log", "at": 0, "level": "debug", "message": "log", "fields": {"a": 1}}
    assert (progress["event"], progress["fraction"], progress["message"]) == ("progress", 0.5, "half")
    assert (begun["event"], begun["op"], begun["label"]) == ("call_started", "model.turn", "ann (scripted/mock)")
    assert (ended["event"], ended["call"], ended["ok"]) == ("call_finished", begun["call"], True)
    assert (done["event"], done["ok"], done["result"], done["error"]) == ("done", True, 7, None)
    assert done["usage"]["provider_calls"] == 1
    assert done["run"]["script"] == "a.lua"


FAILS_ONCE = """
[run]
source = 'return Agent.create{ name = "ann" }:execute("hi").text'
[providers.scripted]
replies = [{ fault = "overloaded" }, { text = "at last" }]
[providers.scripted.prices]
input = 1
output = 2.5
"""


def test_attempts_and_costs_are_told_in_events_and_json(tmp_path: Path) -> None:
    write(tmp_path, m_toml=FAILS_ONCE)
    events = llmspell("run", "m.toml", "--output", "events", cwd=tmp_path).events
    assert [event["event"] for event in events] == [
        "call_started",
        "call_finished",
        "call_retried",
        "call_started",
        "call_finished",
        "done",
    ]
    again = events[2]
    assert (again["op"], again["label"], again["attempt"]) == ("model.turn", "ann (scripted/mock)", 1)
    assert 0.3 < again["delay"] <= 0.5
    assert "the server failed" in again["error"]
    usage = llmspell("run", "m.toml", "--output", "json", cwd=tmp_path).json["usage"]
    assert usage["cost_usd"] == (usage["input_tokens"] * 1 + usage["output_tokens"] * 2.5) / 1_000_000


def test_money_may_be_limited_on_the_command_line(tmp_path: Path) -> None:
    write(tmp_path, m_toml=FAILS_ONCE)
    result = llmspell("run", "m.toml", "--max-cost", "0.001", cwd=tmp_path)
    assert result.code == 3
    assert "the limit 'max_cost_usd' was reached: $0.001 granted, $0.0025" in result.err
    assert (
        "help: raise it with --max-cost, or with `max_cost_usd` under [runtime] in the manifest; a call" in result.err
    )


def test_stream_adds_the_words_of_models_to_the_events(tmp_path: Path) -> None:
    write(tmp_path, a_lua='return Agent.create{ name = "ann", model = "mock" }:execute("hi").text')
    *events, done = llmspell("run", "a.lua", "--output", "events", "--stream", cwd=tmp_path).events
    pieces = [event["text"] for event in events if event["event"] == "chunk"]
    assert len(pieces) > 1
    assert "".join(pieces) == done["result"]


def test_stream_adds_nothing_where_no_terminal_is(tmp_path: Path) -> None:
    write(tmp_path, a_lua='return Agent.create{ model = "mock" }:execute("hi").text')
    plain = llmspell("run", "a.lua", cwd=tmp_path)
    assert llmspell("run", "a.lua", "--stream", cwd=tmp_path) == plain


def test_arguments_reach_the_script_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, a_lua='print(#arg, arg[0]) for i, v in ipairs(arg) do print(i, v) end print(select("#", ...))')
    result = llmspell("run", "a.lua", "one", "--fuel", "1e9", "--", "--fuel", "", "-", "zwölf", cwd=tmp_path)
    assert result.out == "5\ta.lua\n1\tone\n2\t--fuel\n3\t\n4\t-\n5\tzwölf\n5\n"


def test_an_argument_that_is_not_text_reaches_the_script_as_its_bytes(tmp_path: Path) -> None:
    write(tmp_path, a_lua="return (arg[1]:byte(1))")
    assert llmspell("run", "a.lua", "\udcff", cwd=tmp_path).out == "255\n"


def test_a_script_can_come_from_stdin(tmp_path: Path) -> None:
    assert llmspell("run", "-", "x", cwd=tmp_path, stdin='print(arg[0], arg[1], io.read("a"))').out == "stdin\tx\t\n"
    assert "stdin:1" in llmspell("run", "-", cwd=tmp_path, stdin='error("boom")').err


def test_a_script_reads_stdin(tmp_path: Path) -> None:
    write(tmp_path, a_lua='print(io.read("l")) print(io.read("n")) return io.read("a")')
    assert llmspell("run", "a.lua", cwd=tmp_path, stdin=b"one\n2\n\xff").out == "one\n2\n\udcff\n"


def test_a_script_reads_stdin_as_a_file_line_by_line(tmp_path: Path) -> None:
    write(tmp_path, a_lua='local first = io.stdin:read() for line in io.stdin:lines("L") do io.write(first, line) end')
    assert llmspell("run", "a.lua", cwd=tmp_path, stdin=b"> \na\nb\n").out == "> a\n> b\n"


def test_other_tasks_go_on_while_a_script_waits_for_input(tmp_path: Path) -> None:
    write(tmp_path, a_lua='Task.spawn(function() print("meanwhile") end) print(io.read())')
    assert llmspell("run", "a.lua", cwd=tmp_path, stdin=b"line\n").out == "meanwhile\nline\n"


def test_a_first_line_for_the_shell_is_skipped_and_counted(tmp_path: Path) -> None:
    write(tmp_path, a_lua='#!/usr/bin/env -S llmspell run\nprint("hi")\nerror("x")')
    result = llmspell("run", "a.lua", cwd=tmp_path)
    assert (result.code, result.out) == (1, "hi\n")
    assert "a.lua:3" in result.err


def test_a_manifest_says_what_to_run_and_flags_override_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", a_lua="local l = Run.limits() return { l.fuel, l.memory_bytes, l.wall_ms, arg[1] }")
    write(
        tmp_path / "sub",
        m_toml='[run]\nscript = "a.lua"\nargs = ["M"]\n[runtime]\nfuel = 1e9\nmemory = "10MB"\ntimeout = "20s"\n',
    )
    path = Path("sub", "m.toml")
    assert llmspell("run", path, cwd=tmp_path).out == '[1000000000, 10485760, 20000, "M"]\n'
    flags = ("--fuel", "2e9", "--mem", "20M", "--timeout", "1m", "--", "F")
    assert llmspell("run", path, *flags, cwd=tmp_path).out == '[2000000000, 20971520, 60000, "F"]\n'


def test_the_form_of_output_can_stand_in_the_manifest(tmp_path: Path) -> None:
    write(tmp_path, m_toml='[run]\nsource = "error(1)"\noutput = "json"\n')
    result = llmspell("run", "m.toml", cwd=tmp_path)
    assert (result.code, result.err) == (1, "")
    assert result.json["error"]["file"] == "m.toml:source"
    assert result.json["run"]["manifest"] == "m.toml"
    assert llmspell("run", "m.toml", "--output", "text", cwd=tmp_path).out == ""


def test_hello_answers_without_key_and_network() -> None:
    result = llmspell("run", "configs/hello.toml", cwd=ROOT)
    assert (result.code, result.err) == (0, "")
    assert "Hello, world!" in result.out


def test_the_acceptance_script_of_the_first_document_runs_as_printed() -> None:
    result = llmspell("run", "configs/acceptance.toml", cwd=ROOT)
    lines = result.out.splitlines()
    assert (result.code, result.err, lines[-1]) == (0, "", "Success")
    assert lines[0].startswith("Response:\t")
    assert len([line for line in lines if line.startswith("Chunk:\t")]) > 1
