"""`main` as a function: it gives exit codes, and whatever goes wrong inside it is said in the user's terms."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from llmspell.cli.interrupts import Interrupts, Stopper
from llmspell.cli.main import main
from llmspell.cli.session import Session, internal
from llmspell.errors import InterruptedRun, LlmspellError
from tests.cli.helpers import environment, llmspell


def test_main_gives_the_exit_code_and_leaves_signals_as_they_were(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.lua").write_text("print(arg[1]) return 7")
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert main(["run", str(tmp_path / "a.lua"), "x"]) == 0
    assert main(["run", str(tmp_path / "b.lua")]) == 2
    assert main(["--version"]) == 0
    assert capfd.readouterr().out.startswith("x\n7\nllmspell ")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_main_works_in_a_thread_that_cannot_have_signals(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.lua").write_text("print('hi')")
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(main(["run", str(tmp_path / "a.lua")])))
    thread.start()
    thread.join()
    assert codes == [0]
    assert capfd.readouterr().out == "hi\n"


def test_what_nobody_expected_is_an_internal_error(capfd: pytest.CaptureFixture[str]) -> None:
    assert Session([]).end(internal(ZeroDivisionError("division by zero"))) == 70
    assert capfd.readouterr().err == (
        "internal error: ZeroDivisionError: division by zero\n"
        "help: this is a bug of llmspell; with LLMSPELL_DEBUG=1 it shows where\n"
    )


def test_an_end_is_said_once(capfd: pytest.CaptureFixture[str]) -> None:
    session = Session(["--output", "json"])
    assert session.end(InterruptedRun("one")) == 130
    assert session.end(InterruptedRun("two")) == 130
    assert capfd.readouterr().out.count("\n") == 1


def test_a_bug_is_shown_with_its_python_traceback_on_request() -> None:
    program = (
        "from llmspell.cli.session import Session, internal\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError as bug: Session([]).end(internal(bug))"
    )
    for debug in ("", "1"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment({"LLMSPELL_DEBUG": debug}),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert ("Traceback (most recent call last)" in done.stderr) == bool(debug)
        assert "internal error: ZeroDivisionError: division by zero" in done.stderr


def test_debugging_changes_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.lua").write_text("print(io.read('l'))")
    assert llmspell("run", "a.lua", cwd=tmp_path, stdin="x\n", env={"LLMSPELL_DEBUG": "1"}) == (0, "x\n", "")


def test_a_stopper_stops_also_what_starts_later() -> None:
    first, second = InterruptedRun("first"), InterruptedRun("second")
    stopped: list[LlmspellError] = []
    stop = Stopper()
    stop(first)
    stop(second)
    stop.attach(stopped.append)
    assert stopped == [first]


def test_a_stopper_forgets_a_run_that_has_ended() -> None:
    def ended(_: LlmspellError) -> None:
        raise RuntimeError("Event loop is closed")

    stop = Stopper()
    stop.attach(ended)
    stop(InterruptedRun("late"))


def test_an_interrupt_stops_and_a_second_gives_up() -> None:
    seen: list[tuple[str, LlmspellError]] = []
    with Interrupts(lambda error: seen.append(("stop", error)), lambda error: seen.append(("give up", error))) as it:
        signal.raise_signal(signal.SIGINT)
        it.reported()
        signal.raise_signal(signal.SIGTERM)
    assert [(what, error.message, error.exit_code) for what, error in seen] == [
        ("stop", "stopped by Ctrl-C", 130),
        ("give up", "stopped by Ctrl-C", 130),
    ]
