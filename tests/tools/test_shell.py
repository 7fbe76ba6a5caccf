"""shell: only the listed commands run, nothing interprets them, and they end with the call."""

from __future__ import annotations

import asyncio
import os
import shlex
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import DeniedError, ToolError
from llmspell.settings import ToolSettings
from llmspell.tools.shell import fits, shell
from tests.tools.files import tool


def ran(folder: Path, *commands: str, settings: Any = (), **arguments: Any) -> Any:
    return tool("shell", folder, commands=commands, **dict(settings))(**arguments)


def test_a_granted_command_runs_in_the_manifests_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.txt").write_text("x")
    assert ran(tmp_path, "ls", command="ls") == {"exit_code": 0, "stdout": "a.txt\ninner\n", "stderr": ""}
    assert ran(tmp_path, "pwd", settings={"cwd": "inner"}, argv=["pwd"])["stdout"] == f"{tmp_path / 'inner'}\n"
    failed = ran(tmp_path, "ls *", command="ls none")
    assert failed["exit_code"] != 0
    assert "none" in failed["stderr"]


@pytest.mark.parametrize(
    ("pattern", "words", "granted"),
    [
        ("git status", "git status", True),
        ("git status", "git", False),
        ("git status", "git status --short", False),
        ("git log *", "git log main", True),
        ("git log *", "git log -p", False),
        ("git log *", "git log --output=/etc/passwd", False),
        ("git log *", "git log a b", False),
        ("git log * *", "git log a b", True),
        ("git *", "git status", True),
        ("git *", "/tmp/git status", False),
        ("echo '*'", "echo x", True),
    ],
)
def test_a_command_is_granted_word_by_word(pattern: str, words: str, granted: bool) -> None:
    assert fits(shlex.split(pattern), shlex.split(words)) is granted


@pytest.mark.parametrize(
    "command", ["ls; id", "ls && id", "ls|id", "ls `id`", "ls $(id)", "id", "LS", "./ls", "/bin/ls", "ls ''", "ls\nid"]
)
def test_what_is_not_listed_is_denied(tmp_path: Path, command: str) -> None:
    with pytest.raises(DeniedError, match="is not granted") as caught:
        ran(tmp_path, "ls", command=command)
    assert caught.value.hint == "`commands` under [tools.shell] grants: ls"


def test_nothing_is_interpreted(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    for word in ("$HOME", "`id`", "$(id)", "*", "~", "a;id", "{a,b}", "a\\b"):
        assert ran(tmp_path, "echo *", argv=["echo", word])["stdout"] == f"{word}\n"


def test_no_command_runs_unless_the_manifest_lists_one(tmp_path: Path) -> None:
    with pytest.raises(DeniedError) as caught:
        ran(tmp_path, command="ls")
    assert caught.value.hint == "`commands` under [tools.shell] grants: none"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give either"),
        ({"command": "ls", "argv": ["ls"]}, "give either"),
        ({"command": "ls 'x"}, "no whole words: No closing quotation"),
        ({"command": "  "}, "one at least"),
        ({"argv": ["ls\0"]}, "without NUL"),
        ({"argv": []}, "argv"),
        ({"argv": ["no-such-program"]}, "there is no program 'no-such-program'"),
    ],
)
def test_what_is_wrong_with_a_call_is_said(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolError, match=message):
        ran(tmp_path, "ls", "no-such-program", **arguments)


def test_a_command_sees_only_the_declared_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMSPELL_SECRET", "key")
    monkeypatch.setenv("LLMSPELL_OPEN", "yes")
    seen = ran(tmp_path, "env", settings={"env": ("LLMSPELL_OPEN",)}, command="env")["stdout"]
    assert {line.partition("=")[0] for line in seen.splitlines()} <= {"PATH", "HOME", "LANG", "LLMSPELL_OPEN"}
    assert "LLMSPELL_OPEN=yes" in seen


def test_input_reaches_stdin_and_without_it_stdin_is_empty(tmp_path: Path) -> None:
    assert ran(tmp_path, "cat", command="cat", input="hällo")["stdout"] == "hällo"
    assert ran(tmp_path, "cat", command="cat")["stdout"] == ""
    assert ran(tmp_path, "true", command="true", input="x" * 1_000_000)["exit_code"] == 0


def test_output_is_bounded_and_a_command_that_goes_on_is_killed(tmp_path: Path) -> None:
    answer = ran(tmp_path, "yes", settings={"max_output_bytes": 1000}, command="yes")
    assert (len(answer["stdout"]), answer["truncated"]) == (1000, True)


def test_a_command_that_takes_too_long_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    (tmp_path / "tree.sh").write_text("sleep 60 & sleep 60 & echo $$ > pid; wait\n")
    with pytest.raises(ToolError, match=r"took longer than 0\.5 seconds"):
        ran(tmp_path, "sh tree.sh", settings={"timeout_ms": 500}, command="sh tree.sh")
    group = int((tmp_path / "pid").read_text())
    assert _ended(group)


def test_a_cancelled_call_kills_its_command(tmp_path: Path) -> None:
    (tmp_path / "slow.sh").write_text("echo $$ > pid; exec sleep 60\n")
    made = shell(replace(ToolSettings(name="shell"), commands=("sh slow.sh",)), tmp_path)

    async def cancelled() -> None:
        call = asyncio.ensure_future(made.run({"command": "sh slow.sh"}))
        await asyncio.to_thread(_appears, tmp_path / "pid")
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)

    asyncio.run(cancelled())
    assert _ended(int((tmp_path / "pid").read_text()))


def _appears(path: Path) -> None:
    while not path.exists() or not path.read_text().strip():
        time.sleep(0.01)


def _ended(group: int) -> bool:
    """Whether no process of that group goes on; one that is killed takes a moment to be gone."""
    for _ in range(500):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return all(_is_zombie(path) for path in Path("/proc").glob("[0-9]*/stat") if _group(path) == group)


def _group(path: Path) -> int:
    try:
        return int(path.read_text().rpartition(")")[2].split()[2])
    except OSError:
        return 0


def _is_zombie(path: Path) -> bool:
    try:
        return path.read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
