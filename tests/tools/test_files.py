"""file_reader: what it reads, and everything that must not lead out of the folder it is granted."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from llmspell.errors import DeniedError, ToolError
from llmspell.settings import FileRoot, ToolSettings
from llmspell.tools.files import MAX_BYTES, file_reader


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A granted folder `texts` beside a secret that is not granted."""
    (tmp_path / "texts" / "deep").mkdir(parents=True)
    (tmp_path / "texts" / "a.txt").write_text("hello\n")
    (tmp_path / "texts" / "deep" / "b.txt").write_text("grüß\n")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path


def read(base: Path, path: str, *roots: str) -> object:
    settings = ToolSettings(name="file_reader", roots=tuple(FileRoot(path=root) for root in roots or ("texts",)))
    return asyncio.run(_read(base, settings, path))


async def _read(base: Path, settings: ToolSettings, path: str) -> object:
    return await file_reader(settings, base).run({"path": path})


@pytest.mark.parametrize(
    ("path", "text"), [("a.txt", "hello\n"), ("deep/b.txt", "grüß\n"), ("./deep//b.txt", "grüß\n")]
)
def test_a_file_beneath_the_root_is_read(base: Path, path: str, text: str) -> None:
    assert read(base, path) == text


def test_the_roots_are_tried_in_order(base: Path) -> None:
    assert read(base, "b.txt", "texts", "texts/deep") == "grüß\n"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "deep/../../secret.txt",
        "deep/..",
        "..",
        "/etc/passwd",
        "//etc/passwd",
        "a.txt\0.lua",
        "",
        "d/" * 100 + "x",
    ],
)
def test_a_path_that_does_not_stay_beneath_is_denied(base: Path, path: str) -> None:
    with pytest.raises(DeniedError):
        read(base, path)


def test_no_link_is_followed_at_the_end_or_on_the_way(base: Path) -> None:
    (base / "texts" / "link.txt").symlink_to(base / "secret.txt")
    (base / "texts" / "up").symlink_to(base)
    for path in ("link.txt", "up/secret.txt"):
        with pytest.raises(DeniedError, match="symbolic link"):
            read(base, path)


def test_only_regular_files_are_read(base: Path) -> None:
    os.mkfifo(base / "texts" / "pipe")
    with pytest.raises(ToolError, match="not a regular file"):
        read(base, "pipe")
    with pytest.raises(ToolError):
        read(base, "deep")


def test_what_is_missing_not_text_or_too_large_is_said(base: Path) -> None:
    (base / "texts" / "binary").write_bytes(b"\xff\xfe\x00")
    with (base / "texts" / "huge").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    for path, message in (("none.txt", "no file 'none.txt'"), ("binary", "not UTF-8"), ("huge", "larger than 8 MB")):
        with pytest.raises(ToolError, match=message):
            read(base, path)


def test_without_a_granted_folder_every_call_is_denied_and_the_key_is_named(base: Path) -> None:
    with pytest.raises(DeniedError) as denied:
        asyncio.run(_read(base, ToolSettings(name="file_reader"), "a.txt"))
    assert "[tools.file_reader]" in denied.value.hint
