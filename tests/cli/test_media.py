"""`llmspell media inspect`, and `llmspell run --attach`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.helpers import called, llmspell, write
from tests.media.made import PDF, SVG, animation, jpeg, wav


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"a.jpg": jpeg(), "b.gif": animation("GIF"), "c.svg": SVG, "d.wav": wav(), "e.pdf": PDF, "f.txt": b"hi"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "g.png").write_bytes(jpeg())
    return tmp_path


def test_what_we_see_is_a_table(folder: Path, snapshot: SnapshotAssertion) -> None:
    names = [f"{letter}.{ending}" for letter, ending in zip("cdef", ("svg", "wav", "pdf", "txt"), strict=True)]
    result = llmspell("media", "inspect", *names, cwd=folder)
    assert (result.code, result.err) == (0, "")
    assert result.out == snapshot


def test_what_a_run_would_refuse_is_in_the_table_and_the_exit_code(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = called(capfd, "media", "inspect", "a.jpg", "g.png", "nothing.png", cwd=folder)
    assert result.code == 1
    assert "64 x 48, rgb, 300 dpi" in result.out
    assert "'g.png' is a JPEG, and its name ends in .png, which is a PNG" in result.out
    assert "there is no file nothing.png to attach" in result.out
    assert result.err.startswith("error: 'g.png' is a JPEG")


def test_what_we_see_as_json(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = called(capfd, "media", "inspect", "b.gif", "g.png", "--output", "json", cwd=folder)
    said = json.loads(result.out)
    assert (result.code, said["status"], said["error"]["kind"]) == (1, "failed", "invalid_media")
    good, bad = said["result"]
    assert (good["file"], good["type"], good["mime"], good["metadata"]["frames"]) == ("b.gif", "image", "image/gif", 3)
    assert good["sent_size"] <= good["size"]
    assert (bad["file"], bad["error"]["kind"]) == ("g.png", "invalid_media")


def test_no_file_is_a_mistake(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = called(capfd, "media", "inspect", cwd=tmp_path)
    assert result.code == 2
    assert "llmspell media inspect FILE..." in result.err


def test_attached_files_are_the_scripts(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(folder, a_lua="for i, m in ipairs(Run.media) do print(i, m, m.filename) end")
    result = called(capfd, "run", "a.lua", "--attach", "f.txt", "--attach=e.pdf", cwd=folder)
    assert result.out == "1\tmedia text/plain, 2 bytes\tf.txt\n2\tmedia application/pdf, 72 bytes\te.pdf\n"


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [("nothing.jpg", 2, "there is no file nothing.jpg to attach"), ("g.png", 1, "'g.png' is a JPEG")],
)
def test_what_cannot_be_attached_ends_the_run_before_it_begins(
    name: str, code: int, message: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(folder, a_lua='print("began")')
    result = called(capfd, "run", "a.lua", "--attach", name, cwd=folder)
    assert (result.code, result.out) == (code, "")
    assert message in result.err
