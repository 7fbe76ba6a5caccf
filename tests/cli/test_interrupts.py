"""Ctrl-C and SIGTERM end a run whatever it is doing, with the right exit code and a report of what was spent."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.helpers import in_terminal, started, write

BOUND = 5.0
"""Seconds: what takes hundredths of one, on a machine under load. bench measures it."""

BUSY = {
    "a loop": "print('go') while true do end",
    "a loop inside pcall": "print('go') while true do pcall(function() while true do end end) end",
    "a loop in a coroutine": "print('go') coroutine.wrap(function() while true do end end)()",
    "a loop in a task": "print('go') Task.spawn(function() while true do end end):await()",
    "long C functions": "print('go') while true do local s = ('a'):rep(1e6); s:gsub('a', 'b') end",
    "a pattern that takes for ever": "print('go') print((('a'):rep(40)):find(('a?'):rep(40) .. ('a'):rep(40) .. 'b'))",
    "a comparator": "print('go') while true do table.sort({ 3, 1, 2 }, function(a, b) return a < b end) end",
    "sleeping": "print('go') Task.sleep(60)",
    "sleeping in a comparator": "print('go') table.sort({ 2, 1 }, function(a, b) Task.sleep(60) return a < b end)",
    "reading": "print('go') io.read('l')",
}


def interrupted(process: subprocess.Popen[bytes], number: int) -> tuple[float, bytes, str]:
    """Send the signal once the script has begun: seconds until the end, and the rest of what was written."""
    assert process.stdout is not None
    process.stdout.read(3)  # "go\n"
    time.sleep(0.05)  # into the middle of what comes next
    sent = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return time.monotonic() - sent, out, err.decode()


@pytest.mark.parametrize("name", BUSY)
def test_ctrl_c_ends_a_run_that_is_busy_with(name: str, tmp_path: Path) -> None:
    write(tmp_path, a_lua=BUSY[name])
    with started("run", "a.lua", "--timeout", "1m", cwd=tmp_path, stdin=subprocess.PIPE) as process:
        took, out, err = interrupted(process, signal.SIGINT)
    first, *_, last = err.splitlines()
    assert (process.returncode, out, first) == (130, b"", "interrupted: stopped by Ctrl-C")
    assert last.startswith("spent: ")
    assert "Traceback" not in err
    assert took < BOUND


def test_sigterm_ends_a_run_alike(tmp_path: Path) -> None:
    write(tmp_path, a_lua=BUSY["a loop"])
    with started("run", "a.lua", cwd=tmp_path) as process:
        took, _, err = interrupted(process, signal.SIGTERM)
    assert (process.returncode, err.splitlines()[0]) == (143, "interrupted: stopped by SIGTERM")
    assert took < BOUND


@pytest.fixture
def silent_server() -> Iterator[int]:
    """The port of a server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.mark.parametrize("call", ['execute("hi")', 'stream_execute("hi"):text()'])
def test_ctrl_c_ends_a_run_that_waits_for_a_provider(call: str, silent_server: int, tmp_path: Path) -> None:
    write(
        tmp_path,
        m_toml=f"""\
[run]
source = '''print("go") Agent.create{{ model = "m" }}:{call}'''
[providers.local]
base_url = "http://127.0.0.1:{silent_server}/v1"
""",
    )
    with started("run", "m.toml", cwd=tmp_path) as process:
        process_stdout = process.stdout
        assert process_stdout is not None
        took, _, err = interrupted(process, signal.SIGINT)
    assert (process.returncode, err.splitlines()[0]) == (130, "interrupted: stopped by Ctrl-C")
    assert took < BOUND


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_json_output_has_what_was_done_until_then(number: int, code: int, tmp_path: Path) -> None:
    write(tmp_path, a_lua='Agent.create{ model = "mock" }:execute("hi") print("done") Log.info("go") Task.sleep(60)')
    with started("run", "a.lua", "--output", "json", cwd=tmp_path) as process:
        assert process.stderr is not None
        process.stderr.read(len("info: go\n"))
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    found = json.loads(out)
    assert (process.returncode, err, out.count(b"\n")) == (code, b"", 1)
    assert (found["status"], found["error"]["kind"], found["run"]["exit_code"]) == ("failed", "interrupted", code)
    assert (found["error"]["file"], found["error"]["line"]) == ("a.lua", 1)
    assert (found["output"], found["usage"]["provider_calls"]) == ("done\n", 1)


def test_events_output_ends_with_done(tmp_path: Path) -> None:
    write(tmp_path, a_lua="print('go') Task.sleep(60)")
    with started("run", "a.lua", "--output", "events", cwd=tmp_path) as process:
        _, out, err = interrupted(process, signal.SIGINT)
    done = json.loads(out.splitlines()[-1])
    assert (process.returncode, err) == (130, "")
    assert (done["event"], done["ok"], done["error"]["kind"]) == ("done", False, "interrupted")


def test_a_script_that_is_still_being_typed_is_given_up(tmp_path: Path) -> None:
    with started("run", "-", cwd=tmp_path, stdin=subprocess.PIPE) as process:
        time.sleep(0.5)  # nothing tells that it reads
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert "Traceback" not in err.decode()


def test_a_reader_that_takes_nothing_does_not_hold_the_run(tmp_path: Path) -> None:
    write(tmp_path, a_lua="print('go') while true do print(('x'):rep(1000)) end")
    with started("run", "a.lua", cwd=tmp_path) as process:
        assert process.stdout is not None
        process.stdout.read(3)
        time.sleep(0.3)  # until the pipe is full
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=BOUND) == 130
        assert process.stderr is not None
        assert "interrupted: stopped by Ctrl-C" in process.stderr.read().decode()


def test_a_second_ctrl_c_ends_the_process_at_once(tmp_path: Path) -> None:
    write(tmp_path, a_lua="print('go') while true do print(('x'):rep(1000)) end")
    with started("run", "a.lua", "--output", "events", cwd=tmp_path) as process:
        assert process.stdout is not None
        process.stdout.read(3)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=BOUND) == 130


def test_the_key_itself_works_in_a_terminal(tmp_path: Path) -> None:
    write(tmp_path, a_lua="print('go') while true do end")
    screen = in_terminal("run", "a.lua", cwd=tmp_path, type_after=("go", b"\x03"))
    assert screen.code == 130
    assert "stopped by Ctrl-C" in screen.text


def test_a_background_job_that_ignores_ctrl_c_goes_on(tmp_path: Path) -> None:
    write(tmp_path, a_lua="print('go') Task.sleep(0.5) print('end')")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for `command &`; it is inherited
    try:
        with started("run", "a.lua", cwd=tmp_path) as process:
            signal.signal(signal.SIGINT, before)
            _, out, err = interrupted(process, signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (process.returncode, out, err) == (0, b"end\n", "")
