"""What happens when a stream of ours is not simply there: closed readers, full disks, missing streams, and order."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.helpers import COMMAND, environment, llmspell, write

MANY = "for i = 1, 20000 do print(('x'):rep(100)) end return 5"


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `llmspell` is the command; the exit code is that of the line's first command."""
    definition = f'llmspell() {{ {" ".join(COMMAND)} "$@"; }}\n'
    return subprocess.run(
        ["bash", "-c", f'{definition}{command}\nexit "${{PIPESTATUS[0]}}"'],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("form", ["text", "json", "events"])
def test_a_reader_that_has_seen_enough_ends_the_run_quietly(form: str, tmp_path: Path) -> None:
    write(tmp_path, a_lua=MANY)
    done = shell(f"llmspell run a.lua --output {form} | head -c 10", tmp_path)
    assert (done.returncode, len(done.stdout), done.stderr) == (141, 10, "")


def test_a_reader_that_has_seen_enough_stops_what_costs(tmp_path: Path) -> None:
    write(tmp_path, a_lua="print('one') Task.sleep(0.2) print('two') Task.sleep(60)")
    done = shell("llmspell run a.lua | head -1", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (141, "one\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk to offer")
@pytest.mark.parametrize("words", ["run a.lua", "run a.lua --output json", "validate a.lua", "--help", "--version"])
def test_a_full_disk_is_an_error(words: str, tmp_path: Path) -> None:
    write(tmp_path, a_lua=MANY)
    done = shell(f"llmspell {words} > /dev/full", tmp_path)
    assert done.returncode == 1
    assert "error: stdout cannot be written: No space left on device" in done.stderr


def test_a_missing_stdout_is_an_error_once_something_is_written(tmp_path: Path) -> None:
    write(tmp_path, a_lua="print(1)", b_lua="local x = 1")
    done = shell("llmspell run a.lua >&-", tmp_path)
    assert done.returncode == 1
    assert "error: stdout cannot be written" in done.stderr
    assert shell("llmspell run b.lua >&-", tmp_path).returncode == 0


def test_a_missing_stderr_and_stdin_are_not(tmp_path: Path) -> None:
    write(tmp_path, a_lua='Log.info("x") print(io.read("l")) error("y")')
    done = shell("llmspell run a.lua 2>&- <&-", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "nil\n", "")
    assert shell("llmspell run - <&-", tmp_path).returncode == 2


def test_stdout_and_stderr_stay_in_order(tmp_path: Path) -> None:
    write(tmp_path, a_lua='for i = 1, 50 do print("out", i) Log.info("err " .. i) end error("end", 0)')
    lines = shell("llmspell run a.lua 2>&1", tmp_path).stdout.splitlines()
    assert lines[:100] == [line for i in range(1, 51) for line in (f"out\t{i}", f"info: err {i}")]
    assert lines[100] == "error: end"


def test_what_is_printed_is_there_at_once(tmp_path: Path) -> None:
    write(tmp_path, a_lua='io.write("partial") Task.sleep(60)')
    with subprocess.Popen(
        [*COMMAND, "run", "a.lua"], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(7) == b"partial"
        process.kill()


def test_a_fifo_can_be_the_script(tmp_path: Path) -> None:
    done = shell("llmspell run <(echo 'print(1 + 1)')", tmp_path)
    assert (done.returncode, done.stdout) == (0, "2\n")


def test_a_terminal_size_of_nothing_does_not_matter(tmp_path: Path) -> None:
    assert llmspell("--help", cwd=tmp_path, env={"COLUMNS": "1"}).code == 0
