"""`llmspell init`: what it writes runs, and what is there stays."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.helpers import called, llmspell

FILES = [".llmspell/llmspell.lua", ".luarc.json", "llmspell.toml", "main.lua"]
ANSWER = "How many letters has the word lighthouse?\nIt has 10 letters.\n2 model calls\n"


def test_a_new_project_runs_at_once(tmp_path: Path) -> None:
    made = llmspell("init", "demo", cwd=tmp_path)
    assert (made.code, made.err) == (0, "")
    written = "".join(f"wrote      demo/{name}\n" for name in FILES)
    assert made.out == f"{written}run it with: llmspell run demo/llmspell.toml\n"
    assert llmspell("validate", "demo/llmspell.toml", cwd=tmp_path).code == 0
    assert llmspell("run", "demo/llmspell.toml", cwd=tmp_path) == (0, ANSWER, "")


def test_without_a_folder_it_is_the_current_one(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = called(capfd, "init", cwd=tmp_path)
    assert made.out.endswith("run it with: llmspell run llmspell.toml\n")
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()) == FILES


def test_a_name_with_spaces_is_quoted_in_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = called(capfd, "init", "my demo", cwd=tmp_path)
    assert made.out.endswith("run it with: llmspell run 'my demo/llmspell.toml'\n")


def test_what_is_there_is_kept_and_only_the_annotations_are_refreshed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    called(capfd, "init", cwd=tmp_path)
    fresh = (tmp_path / FILES[0]).read_bytes()
    for name in FILES:
        (tmp_path / name).write_text("mine")
    (tmp_path / "main.lua").unlink()
    again = called(capfd, "init", cwd=tmp_path)
    assert again.code == 0
    assert [line.split() for line in again.out.splitlines()[:4]] == [
        ["refreshed", FILES[0]],
        ["kept", FILES[1]],
        ["kept", FILES[2]],
        ["wrote", FILES[3]],
    ]
    assert (tmp_path / FILES[0]).read_bytes() == fresh
    assert [(tmp_path / name).read_text() for name in FILES[1:3]] == ["mine", "mine"]


def test_links_are_not_followed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "precious").write_text("mine")
    project = tmp_path / "project"
    (project / ".llmspell").mkdir(parents=True)
    (project / FILES[0]).symlink_to(tmp_path / "precious")
    (project / "main.lua").symlink_to(tmp_path / "dangling")
    made = called(capfd, "init", "project", cwd=tmp_path)
    assert (made.code, "kept       project/main.lua" in made.out) == (0, True)
    assert (tmp_path / "precious").read_text() == "mine"
    assert not (tmp_path / "dangling").exists()


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("file", "file/.llmspell/llmspell.lua cannot be written: Not a directory"),
        ("file/inside", "Not a directory"),
        ("taken", "taken/.llmspell/llmspell.lua cannot be written: Is a directory"),
        ("x" * 300, "File name too long"),
        pytest.param(
            "locked",
            "cannot be written: Permission denied",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere"),
        ),
    ],
)
def test_a_folder_that_cannot_be_written_is_a_mistake_of_the_caller(
    folder: str, why: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "locked").mkdir(mode=0o555)
    (tmp_path / "taken" / FILES[0]).mkdir(parents=True)
    result = called(capfd, "init", folder, cwd=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert why in result.err
    assert "help: name a folder in which you may create files" in result.err


def test_the_language_server_is_told_where_the_annotations_are(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    called(capfd, "init", cwd=tmp_path)
    settings = json.loads((tmp_path / ".luarc.json").read_text())
    assert settings["runtime.version"] == "Lua 5.4"
    (library,) = settings["workspace.library"]
    assert (tmp_path / library / "llmspell.lua").read_text("utf-8").startswith("---@meta")
