"""file_operations: each operation with its own arguments. What may be touched is tested in tests/access."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import DeniedError, ToolError
from llmspell.settings import FileRoot, ToolSettings
from llmspell.tools.builtin import built_in
from llmspell.tools.file_operations import OPERATIONS
from tests.tools.files import tool


@pytest.fixture
def do(tmp_path: Path) -> Any:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("one\ntwo\n")
    os.utime(tmp_path / "data" / "a.txt", (1_000_000_000, 1_000_000_000.5))
    roots = FileRoot(path="data"), FileRoot(path="out", mode="write"), FileRoot(path="s", mode="write", at="/tmp")
    call = tool("file_operations", tmp_path, *roots)
    return lambda operation, **arguments: call(operation=operation, **arguments)


A = {"name": "a.txt", "path": "a.txt", "type": "file", "size": 8, "modified": 1_000_000_000.5}


def test_each_operation_gives_what_a_script_can_go_on_with(do: Any) -> None:
    assert do("mkdir", path="/tmp/x/y") == {"path": "/tmp/x/y"}
    assert do("write", path="/tmp/x/y/z.txt", content="grüß") == {"path": "/tmp/x/y/z.txt", "size": 6}
    assert do("append", path="/tmp/x/y/z.txt", content="!") == {"path": "/tmp/x/y/z.txt", "size": 7}
    assert do("read", path="/tmp/x/y/z.txt") == "grüß!"
    assert do("read", path="a.txt", start_line=2) == "two\n"
    assert do("copy", path="a.txt", to="b.txt") == {"path": "b.txt", "size": 8}
    assert do("move", path="/tmp/x/y", to="/tmp/y") == {"path": "/tmp/y"}
    assert do("stat", path="a.txt") == A
    assert [(entry["path"], entry["type"]) for entry in do("list", path="/tmp/y")] == [("/tmp/y/z.txt", "file")]
    assert do("list")[0] == do("glob", pattern="*")[0] == A
    assert [entry["path"] for entry in do("glob", pattern="/tmp/**/*.txt")] == ["/tmp/y/z.txt"]
    assert [entry["path"] for entry in do("glob", path="/tmp", pattern="y/?.txt")] == ["/tmp/y/z.txt"]
    assert (do("exists", path="b.txt"), do("exists", path="c.txt")) == (True, False)
    assert do("delete", path="/tmp/y", recursive=True) == {"path": "/tmp/y"}
    assert (do("exists", path="/tmp/y"), do("glob", pattern="none/*")) == (False, [])


def test_bytes_are_written_as_base64_or_as_a_script_has_them(do: Any, tmp_path: Path) -> None:
    assert do("write", path="a", content="AP8=\n", encoding="base64")["size"] == 2
    assert do("append", path="a", content=b"\xfe")["size"] == 3
    assert (tmp_path / "out" / "a").read_bytes() == b"\x00\xff\xfe"
    with pytest.raises(ToolError, match="`content` is not base64"):
        do("write", path="a", content="*", encoding="base64")


@pytest.mark.parametrize(
    ("operation", "arguments", "message"),
    [
        ("erase", {}, "argument 'operation': \"erase\" is not one of"),
        ("read", {}, "the argument 'path' is missing"),
        ("write", {"path": "a"}, "the argument 'content' is missing"),
        ("copy", {"path": "a.txt"}, "the argument 'to' is missing"),
        ("glob", {}, "the argument 'pattern' is missing"),
        ("delete", {"path": "a", "overwrite": True}, "'overwrite' was unexpected"),
        ("list", {"recursive": True}, "'recursive' was unexpected"),
        ("delete", {"path": "a", "recursive": "yes"}, "argument 'recursive'"),
        ("write", {"path": "a", "content": 1}, "argument 'content'"),
        ("write", {"path": "a", "content": "x", "to": "b"}, "'to' was unexpected"),
        ("write", {"path": "none/a", "content": "x"}, "there is no folder 'none' to write into"),
    ],
)
def test_wrong_arguments_are_said_and_nothing_is_done(
    do: Any, tmp_path: Path, operation: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ToolError, match=message):
        do(operation, **arguments)
    assert list(tmp_path.glob("out/*")) == []


def test_a_folder_granted_for_reading_is_not_written(do: Any) -> None:
    with pytest.raises(DeniedError) as error:
        do("write", path="a.txt", content="")
    assert error.value.hint == "grant 'data' with `mode = \"write\"` in `roots` under [tools.file_operations]"


def test_a_model_is_told_each_operation_with_its_arguments(tmp_path: Path) -> None:
    made = built_in("file_operations", ToolSettings(name="file_operations"), tmp_path, {})
    assert "\nwrite(path, content, encoding?, overwrite?): " in made.description
    assert all(f"\n{name}(" in made.description for name in OPERATIONS)
    named = {name for operation in OPERATIONS.values() for name in (*operation.required, *operation.optional)}
    assert set(made.parameters["properties"]) == {"operation", *named}
