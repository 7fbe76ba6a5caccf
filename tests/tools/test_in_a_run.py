"""The file tools within a run: what scripts and models do with them, and that a run has no more than it was granted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from llmspell.manifest.load import parse_manifest
from llmspell.runtime import RunReport, ScriptRuntime

MANIFEST = """
[security]
allowed_tools = ["file_operations"]

[tools.file_operations]
roots = [{ path = "data" }, { path = "out", mode = "write" }, { path = "scratch", mode = "write", at = "/tmp" }]
max_write_size = "20KB"

[[providers.scripted.replies]]
match = "keep it"
tool_calls = [
  { name = "file_operations", arguments = { operation = "write", path = "/tmp/note.txt", content = "kept" } },
  { name = "file_operations", arguments = { operation = "write", path = "../note.txt", content = "kept" } },
]

[[providers.scripted.replies]]
text = "{input}"
"""


def run(base: Path, source: str, runtime: ScriptRuntime | None = None) -> RunReport:
    runtime = runtime or ScriptRuntime(parse_manifest(MANIFEST, file="m.toml", base=base), environ={})
    return asyncio.run(runtime.report(source))


def test_a_model_writes_where_it_may_and_is_told_where_it_may_not(tmp_path: Path) -> None:
    report = run(tmp_path, 'return Agent.create{ tools = { "file_operations" } }:execute("keep it").text')
    assert report.error is None
    assert report.output.result == "file_operations: the path '../note.txt' has '..' in it"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["note.txt"]
    assert (tmp_path / "scratch" / "note.txt").read_text() == "kept"


def test_bytes_of_a_script_are_written_as_they_are(tmp_path: Path) -> None:
    source = """
    local function files(arguments) return Tool.execute("file_operations", arguments) end
    files{ operation = "write", path = "bytes", content = "\\0\\255\\128" }
    return files{ operation = "read", path = "bytes", encoding = "base64" }
    """
    assert run(tmp_path, source).output.result == "AP+A"


def test_tasks_of_a_script_append_to_one_file_and_nothing_is_lost(tmp_path: Path) -> None:
    source = """
    local numbers = {}
    for n = 1, 4 do numbers[n] = n end
    Task.map(numbers, function(n)
      Tool.execute("file_operations", { operation = "append", path = "log", content = n .. "\\n" })
    end)
    """
    assert run(tmp_path, source).error is None
    assert sorted((tmp_path / "out" / "log").read_text().split()) == ["1", "2", "3", "4"]


def test_what_is_not_granted_ends_a_run_that_does_not_catch_it_with_what_would_grant_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("mine")
    error = run(tmp_path, 'Tool.execute("file_operations", { operation = "delete", path = "a.txt" })').error
    assert error is not None
    assert (error.exit_code, error.message) == (5, "file_operations: 'a.txt' is granted for reading only")
    assert error.hint == "grant 'data' with `mode = \"write\"` in `roots` under [tools.file_operations]"
    assert (tmp_path / "data" / "a.txt").read_text() == "mine"


def test_what_may_be_written_is_counted_by_run(tmp_path: Path) -> None:
    runtime = ScriptRuntime(parse_manifest(MANIFEST, file="m.toml", base=tmp_path), environ={})
    source = (
        'for n = 1, %d do Tool.execute("file_operations", { operation = "write", path = "f" .. n, content = "" }) end'
    )
    for _ in range(2):
        assert run(tmp_path, source % 5, runtime).error is None
    error = run(tmp_path, source % 6, runtime).error
    assert error is not None
    assert "this run may write 20,480 bytes" in error.message
    with pytest.raises(FileNotFoundError):
        (tmp_path / "out" / "f6").stat()
    assert json.dumps(error.details)
