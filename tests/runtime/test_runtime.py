"""ScriptRuntime: what a run gives, its events in order, and that failures of the caller's own code come back to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import (
    InterruptedRun,
    LlmspellError,
    ScriptError,
    ScriptRuntimeError,
    ScriptSyntaxError,
    UsageError,
)
from llmspell.events import CallFinished, CallStarted, Chunk, Done, Event, Log, Output, Progress
from llmspell.manifest.load import parse_manifest
from llmspell.runtime import ScriptRuntime
from llmspell.script import checked_script, chunk_name, read_script
from llmspell.tools.base import Tool
from tests.runtime.running import ran, run, runtime

# ---- results ----


def test_a_result_is_plain_data_and_its_kinds_are_told_apart() -> None:
    output = asyncio.run(runtime().execute_script("return { a = { 1, 2 }, b = JSON.null }, 'second', nil"))
    assert output.result == {"a": [1, 2], "b": None}
    assert output.results == ({"a": [1, 2], "b": None}, "second", None)
    assert output.run_id.startswith("run-")
    with pytest.raises(TypeError, match="returned dict, not a string"):
        output.as_string()
    with pytest.raises(TypeError, match="returned dict, not a number"):
        output.as_number()


def test_as_string_and_as_number() -> None:
    assert run("return 'text'").report.output.as_string() == "text"
    assert run("return 1").report.output.as_number() == 1
    assert run("return 1.5").report.output.as_number() == 1.5
    with pytest.raises(TypeError, match="returned bool"):
        run("return true").report.output.as_number()
    with pytest.raises(TypeError, match="returned NoneType"):
        run("").report.output.as_string()


def test_a_script_may_be_text_or_bytes_of_any_kind() -> None:
    assert run("").report.output.results == ()
    assert run("return 'ä'").result == "ä"
    assert run("return #'\udcff'").result == 3  # a lone surrogate goes in as bytes

    async def as_bytes(source: bytes) -> Any:
        return (await runtime().report(source)).output.result

    assert asyncio.run(as_bytes(b"return '\xff'")) == b"\xff"
    assert asyncio.run(as_bytes(b"\xef\xbb\xbfreturn 1")) in (1, None)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("x =", ScriptSyntaxError),
        ("\x1bLua", ScriptSyntaxError),
        ("#!/usr/bin/lua", ScriptSyntaxError),
        ("error('x')", ScriptRuntimeError),
        ("return print", ScriptRuntimeError),
        ("return ('x'):rep(34e6)", ScriptError),
    ],
)
def test_a_failed_script_raises_its_error_and_a_report_holds_it(source: str, kind: type[LlmspellError]) -> None:
    manifest = '[runtime]\nmemory = "300MB"'
    error = run(source, manifest).report.error
    assert isinstance(error, kind)
    assert error.exit_code == 1
    with pytest.raises(kind) as caught:
        asyncio.run(runtime(manifest).execute_script(source))
    assert str(caught.value) == str(error).replace("test.lua", "script")


def test_what_was_written_and_spent_is_there_also_after_a_failure() -> None:
    ended = run("print('before') error('x')")
    assert ended.output == "before\n"
    assert ended.usage["output_bytes"] == 7
    assert ended.usage["fuel"] > 0
    assert ended.usage["memory_bytes"] > 0


def test_output_can_be_left_to_the_events() -> None:
    keeping = ScriptRuntime(keep_output=False)
    assert asyncio.run(keeping.execute_script("print('x') return 1")).output == ""


def test_arguments_may_hold_anything_that_the_system_passes() -> None:
    args = ["plain", "ä 😀", "", "\udcff\udcfe", "with\0zero"]
    ended = run("return ...", args=args)
    assert ended.report.output.results == ("plain", "ä 😀", "", b"\xff\xfe", "with\0zero")
    assert run("return #arg, #Run.args", args=["x"] * 1000).report.output.results == (1000, 1000)


def test_the_manifests_own_script_is_run(tmp_path: Path) -> None:
    (tmp_path / "main.lua").write_text("return 'from a file', ...")
    manifest = parse_manifest('[run]\nscript = "main.lua"\nargs = ["x"]', file="m.toml", base=tmp_path)
    assert ScriptRuntime(manifest).run().results == ("from a file", "x")
    inline = parse_manifest('[run]\nsource = "error(1)"', file="some/m.toml", base=tmp_path)
    with pytest.raises(ScriptRuntimeError) as caught:
        ScriptRuntime(inline).run()
    assert caught.value.file == "m.toml:source"
    with pytest.raises(UsageError, match="names no script"):
        ScriptRuntime(parse_manifest("", file="m.toml", base=tmp_path)).run()


def test_a_file_that_is_no_script_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        read_script(tmp_path / "none.lua")
    with pytest.raises(UsageError, match="is a folder"):
        read_script(tmp_path)
    with pytest.raises(ScriptError, match="not UTF-8") as caught:
        checked_script(b"x = 1\nreturn '\xff'", "s.lua")
    assert (caught.value.file, caught.value.line) == ("s.lua", 2)
    with pytest.raises(ScriptError, match="compiled Lua"):
        checked_script(b"\x1bLuaT", "s.luac")
    with pytest.raises(ScriptError, match="larger than 4 MB"):
        checked_script(bytes(4 * 1024 * 1024 + 1), "s.lua")
    assert checked_script(b"\xef\xbb\xbfreturn 1", "s.lua") == b"return 1"


def test_long_names_keep_their_end() -> None:
    assert chunk_name("short.lua") == "@short.lua"
    long = chunk_name("/very" * 50 + "/end.lua")
    assert long.startswith("@...")
    assert long.endswith("/end.lua")
    assert len(long) <= 60
    assert len(chunk_name("ä" * 100).encode()) <= 60


# ---- events ----


def test_events_come_in_order_and_done_is_the_last() -> None:
    async def slow(_: Mapping[str, Any]) -> str:
        await asyncio.sleep(0.01)
        return "x"

    source = """
      print("first")
      Tool.execute("slow")
      Run.progress(0.5, "half")
      Log.info("note")
      Task.spawn(Tool.execute, "slow")
      Task.sleep(0)
      print("last")
    """
    ended = run(source, tools=[Tool(name="slow", run=slow)])
    kinds = [type(event) for event in ended.events]
    assert kinds == [
        Output, CallStarted, CallFinished, Progress, Log, CallStarted, Output, CallFinished, Log, Done,
    ] or kinds == [
        Output, CallStarted, CallFinished, Progress, Log, CallStarted, Output, Log, CallFinished, Done,
    ]  # fmt: skip
    started, finished = ended.of(CallStarted), ended.of(CallFinished)
    assert [event.call for event in started] == [event.call for event in finished] == [1, 2]
    assert (finished[0].ok, finished[1].ok, finished[1].error) == (True, False, "cancelled")
    assert finished[0].duration_ms >= 10
    times = [event.at for event in ended.events]
    assert times == sorted(times)
    assert ended.of(Done) == [Done(at=times[-1], ok=True, usage=ended.usage)]


def test_a_cancelled_call_is_finished_before_the_run_is_done() -> None:
    async def stubborn(_: Mapping[str, Any]) -> str:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.02)
        return "x"

    source = 'local t = Task.spawn(Tool.execute, "stubborn") Task.sleep(0) t:cancel()'
    ended = run(source, tools=[Tool(name="stubborn", run=stubborn)])
    assert [type(event) for event in ended.events] == [CallStarted, CallFinished, Done]


def test_a_live_runtime_shows_the_models_text_as_it_comes() -> None:
    events: list[Event] = []
    live = ScriptRuntime(live=True)
    source = 'return Agent.create { name = "a", model = "mock" }:execute("hello").text'
    report = asyncio.run(live.report(source, on_event=events.append))
    chunks = [event for event in events if isinstance(event, Chunk)]
    assert "".join(chunk.text for chunk in chunks) == report.output.result
    assert len(chunks) > 3
    assert {chunk.stream for chunk in chunks} == {"a"}


def test_streaming_gives_events_while_the_script_runs() -> None:
    async def both() -> list[str]:
        trail: list[str] = []
        gate = asyncio.Event()

        async def wait(_: Mapping[str, Any]) -> str:
            await gate.wait()
            trail.append("let on")
            return ""

        source = "print('before') Tool.execute('wait') print('after')"
        async for event in runtime(tools=[Tool(name="wait", run=wait)]).execute_script_streaming(source):
            if isinstance(event, Output):
                trail.append(event.text.strip())
                gate.set()
        return trail

    assert asyncio.run(both()) == ["before", "let on", "after"]


def test_streaming_raises_the_scripts_error_after_its_events() -> None:
    async def both() -> list[Event]:
        events: list[Event] = []

        async def read() -> None:
            async for event in runtime().execute_script_streaming("print('x') error('at the end')"):
                events.append(event)

        with pytest.raises(ScriptRuntimeError, match="at the end"):
            await read()
        return events

    events = asyncio.run(both())
    assert [type(event) for event in events] == [Output, Done]


def test_leaving_the_stream_of_events_ends_the_run() -> None:
    async def leave() -> None:
        stream = runtime().execute_script_streaming("while true do print('x') Task.sleep(0) end")
        async for _ in stream:
            break
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(asyncio.wait_for(leave(), 10))


# ---- the caller's own code ----


class Strange(BaseException):
    """Nothing that anybody expects."""


@pytest.mark.parametrize("error", [ValueError("mine"), Strange("mine"), KeyboardInterrupt(), StopIteration("mine")])
@pytest.mark.parametrize(
    "source",
    [
        "print('on the worker') while true do end",
        "Tool.execute('t') while true do end",
        "Task.spawn(Task.sleep, 60) Task.sleep(0)",
        "Agent.create { model = 'mock' }:execute('x') while true do Task.sleep(0) end",
        "return 1",
    ],
)
def test_an_exception_of_the_event_callback_ends_the_run_and_is_raised(error: BaseException, source: str) -> None:
    """Wherever the event comes from: the guest's thread, the event loop, a note of the runtime's, the end."""

    def fail(_: Event) -> None:
        raise error

    async def nothing(_: Mapping[str, Any]) -> None:
        return None

    async def both() -> None:
        await runtime(tools=[Tool(name="t", run=nothing)]).report(source, on_event=fail)

    expected = RuntimeError if isinstance(error, StopIteration) else type(error)
    with pytest.raises(expected) as caught:
        asyncio.run(asyncio.wait_for(both(), 20))
    assert caught.value is error or caught.value.__cause__ is error


@pytest.mark.parametrize("where", ["the script", "an agent"])
def test_a_python_exception_of_a_tool_is_an_error_of_the_tool(where: str) -> None:
    async def fail(_: Mapping[str, Any]) -> None:
        raise ZeroDivisionError("in python")

    source = "local ok, e = pcall(Tool.execute, 't') return e.kind, e.message"
    if where == "an agent":
        source = "return 'tool', 'ZeroDivisionError: in python'"
    ended = run(source, tools=[Tool(name="t", run=fail)])
    assert ended.result == "tool"
    assert "ZeroDivisionError: in python" in ended.report.output.results[1]
    uncaught = run("Tool.execute('t')", tools=[Tool(name="t", run=fail)]).error
    assert uncaught.kind == "tool"
    assert isinstance(uncaught.__cause__, ZeroDivisionError)
    assert (uncaught.file, uncaught.line) == ("test.lua", 1)


def test_a_run_can_be_stopped_from_another_thread() -> None:
    async def stopped(source: str) -> LlmspellError | None:
        def later(stop: Any) -> None:
            threading.Timer(0.05, stop, [InterruptedRun("enough")]).start()

        report = await runtime().report(source, on_start=later)
        assert report.output.usage["elapsed_ms"] > 0
        return report.error

    for source in (
        "while true do end",
        "while true do pcall(error) end",
        "Task.sleep(60)",
        "table.sort({ 1, 2 }, function() Task.sleep(60) end)",
        "while true do Task.sleep(0) end",
    ):
        error = asyncio.run(stopped(source))
        assert isinstance(error, InterruptedRun), source
        assert error.message == "enough"
        assert error.line == 1


def test_a_run_that_is_stopped_before_it_starts_never_runs() -> None:
    async def stopped() -> tuple[LlmspellError | None, str]:
        report = await runtime().report("print('ran')", on_start=lambda stop: stop(InterruptedRun("at once")))
        return report.error, report.output.output

    error, output = asyncio.run(stopped())
    assert isinstance(error, InterruptedRun)
    assert output == ""


def test_more_tasks_may_be_granted_than_anybody_counts() -> None:
    assert run("return Task.spawn(function() return 1 end):await()", f"[runtime]\ntasks = {2**60}").result == 1


def test_runs_have_ids_and_secrets_of_their_own() -> None:
    async def both() -> list[str]:
        reports = await asyncio.gather(*(ran("return Run.id, Agent.list()") for _ in range(20)))
        return [report.result for report in reports]

    assert len(set(asyncio.run(both()))) == 20
