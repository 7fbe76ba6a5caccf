"""file_reader: whole files, lines, bytes, and what it says of what is no text."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import DeniedError, ToolError
from llmspell.settings import FileRoot
from tests.manifest.examples import PROPERTY
from tests.tools.files import tool


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A granted folder `texts` beside a secret that is not granted."""
    (tmp_path / "texts" / "deep").mkdir(parents=True)
    (tmp_path / "texts" / "a.txt").write_text("one\ntwo\r\nthree\x0b\u2028still three\n\nfive")
    (tmp_path / "texts" / "deep" / "b.txt").write_text("grüß\n")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path


@pytest.fixture
def read(base: Path) -> Any:
    return tool("file_reader", base, FileRoot(path="texts"), max_file_bytes=10_000)


@pytest.mark.parametrize("path", ["deep/b.txt", "./deep//b.txt", "deep/./b.txt/"])
def test_a_file_beneath_the_root_is_read(read: Any, path: str) -> None:
    assert read(path=path) == "grüß\n"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ({"start_line": 2, "end_line": 2}, "two\r\n"),
        ({"start_line": 3, "end_line": 4}, "three\x0b\u2028still three\n\n"),
        ({"end_line": 1}, "one\n"),
        ({"start_line": 5}, "five"),
        ({"start_line": 5.0, "end_line": 99}, "five"),
        ({"start_line": 6}, ""),
        ({"start_line": 3, "end_line": 2}, ""),
    ],
)
def test_lines_are_counted_from_one_and_end_with_a_newline(read: Any, lines: dict[str, int], text: str) -> None:
    assert read(path="a.txt", **lines) == text


@PROPERTY
@given(text=st.text(alphabet="aé€😀\n", max_size=16), size=st.integers(min_value=1, max_value=9))
def test_pieces_that_follow_each_other_are_the_whole_text(
    tmp_path_factory: pytest.TempPathFactory, text: str, size: int
) -> None:
    base = tmp_path_factory.mktemp("pieces")
    (base / "a").write_text(text, newline="")
    read = tool("file_reader", base, FileRoot(path="."), max_file_bytes=9)
    assert "".join(read(path="a", offset=at, limit=size) for at in range(0, len(text.encode()) + 1, size)) == text


def test_bytes_come_as_base64(base: Path, read: Any) -> None:
    data = bytes(range(256))
    (base / "texts" / "binary").write_bytes(data)
    assert base64.b64decode(read(path="binary", encoding="base64")) == data
    assert base64.b64decode(read(path="binary", encoding="base64", offset=250, limit=100)) == data[250:]
    with pytest.raises(ToolError, match=r"'binary' is not UTF-8 text \(byte 128\)") as error:
        read(path="binary")
    assert "base64" in error.value.hint


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "tool 'file_reader': the argument 'path' is missing"),
        ({"path": 1}, "argument 'path': 1 is not of type"),
        ({"path": "a.txt", "limit": 0}, "argument 'limit': 0 is less than the minimum of 1"),
        ({"path": "a.txt", "limit": 1.5}, "argument 'limit'"),
        ({"path": "a.txt", "offset": -1}, "argument 'offset'"),
        ({"path": "a.txt", "encoding": "latin-1"}, "argument 'encoding'"),
        ({"path": "a.txt", "line": 1}, "'line' was unexpected"),
        ({"path": "a.txt", "start_line": 1, "offset": 1}, "give lines, or `offset` and `limit`"),
        ({"path": "a.txt", "end_line": 1, "encoding": "base64"}, "give lines, or `offset` and `limit`"),
        ({"path": b"\xff"}, "is not UTF-8 text"),
        ({"path": "none.txt"}, "there is no 'none.txt' in the granted folders"),
        ({"path": "deep"}, "'deep' is a folder, not a file"),
        ({"path": "pipe"}, "'pipe' is not a regular file"),
        ({"path": "huge"}, "'huge' is larger than 10,000 bytes"),
        ({"path": "huge", "limit": 10_001}, "`limit` is more than 10,000 bytes"),
    ],
)
def test_what_is_wrong_is_said(base: Path, read: Any, arguments: dict[str, Any], message: str) -> None:
    os.mkfifo(base / "texts" / "pipe")
    (base / "texts" / "huge").write_bytes(b"x" * 10_001)
    with pytest.raises(ToolError, match=message):
        read(**arguments)


def test_a_part_of_a_file_that_is_too_large_as_a_whole_is_read(base: Path, read: Any) -> None:
    (base / "texts" / "huge").write_bytes(b"x" * 20_000 + b"end")
    assert read(path="huge", offset=19_999) == "xend"


def test_what_is_not_granted_is_denied_and_the_key_is_named(base: Path, read: Any) -> None:
    with pytest.raises(DeniedError, match=r"the path '\.\./secret\.txt' has '\.\.' in it"):
        read(path="../secret.txt")
    with pytest.raises(DeniedError) as denied:
        tool("file_reader", base)(path="a.txt")
    assert denied.value.hint == 'grant one with `roots = [{ path = "data" }]` under [tools.file_reader]'
