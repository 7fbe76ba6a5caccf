"""A process is killed while it writes: what stands under a file's name is whole."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmspell.access.replace import is_unfinished
from llmspell.settings import FileRoot
from tests.access.grants import files
from tests.access.writer import SIZE

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("wait", [0.0, 0.013, 0.037, 0.071, 0.113])
def test_a_process_that_is_killed_leaves_whole_files_only(tmp_path: Path, wait: float) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.access.writer", str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    time.sleep(wait)
    writer.kill()
    writer.communicate(timeout=30)
    left = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    whole = {name: data for name, data in left.items() if not is_unfinished(name)}
    assert [name for name in whole if name.startswith("moved")]
    for name, data in whole.items():
        assert len(set(data)) <= 1, name
        assert len(data) in ([SIZE * n for n in range(6)] if name == "appended.txt" else [SIZE]), name
    assert len(left) - len(whole) <= 1
    assert sorted(entry.path for entry in files(tmp_path, FileRoot(path=".")).list()) == sorted(whole)


def test_what_fails_in_the_middle_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    granted = files(tmp_path, FileRoot(path=".", mode="write"), max_file=100)
    granted.write("a.txt", b"old")
    with pytest.raises(Exception, match="larger than 100 bytes"):
        granted.append("a.txt", b"n" * 98)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.txt": b"old"}
