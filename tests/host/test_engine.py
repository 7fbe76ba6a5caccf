"""The compiled module's cache: made once, and never loaded when somebody else could have written it.

Each case is a process of its own, since a process compiles once. What tells whether a file was loaded is another
module, an empty one, that is put in its place: the process that loads it cannot run a script.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime

from llmspell.host import engine
from llmspell.host.image import image_hash, image_path

RUN = """
import asyncio
from llmspell.runtime import ScriptRuntime
print(asyncio.run(ScriptRuntime().execute_script("return 6 * 7")).result)
"""
TOGETHER = """
import asyncio
from llmspell.runtime import ScriptRuntime
async def main():
    runtime = ScriptRuntime()
    for _ in range(2):
        outputs = await asyncio.gather(*(runtime.execute_script("return 1") for _ in range(8)))
        print(sum(output.result for output in outputs))
asyncio.run(main())
"""
NAME = f"lua-{image_hash(image_path())[:24]}-{engine._SETTINGS}.cwasm"


def process(program: str, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def works(cache: Path) -> bool:
    """Can a process with this cache folder run a script?"""
    done = process(RUN, cache)
    assert done.stdout == "42\n" or "lua.wasm does not export" in done.stderr, done.stderr
    return done.returncode == 0


@pytest.fixture(scope="module")
def other_module() -> bytes:
    return bytes(wasmtime.Module(engine.compiled().engine, "(module)").serialize())


@pytest.fixture
def planted(tmp_path: Path, other_module: bytes) -> Path:
    """The file of a cache folder tmp_path, with the other module in it: the process that loads it fails."""
    file = tmp_path / "llmspell" / NAME
    file.parent.mkdir(mode=0o700)
    file.write_bytes(other_module)
    file.chmod(0o600)
    return file


def replaced(file: Path, other_module: bytes) -> bool:
    return file.read_bytes() != other_module and file.stat().st_mode & 0o077 == 0


def test_the_first_run_makes_it_for_this_user_alone(tmp_path: Path) -> None:
    cache = tmp_path / "deep" / "cache"
    assert works(cache)
    (file,) = (cache / "llmspell").iterdir()
    assert file.name == NAME
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0
    made = file.stat()
    assert works(cache)
    assert file.stat() == made or file.stat().st_mtime_ns == made.st_mtime_ns


def test_what_is_there_and_ours_is_loaded(planted: Path) -> None:
    assert not works(planted.parent.parent)


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_can_write_is_not_loaded_and_replaced(planted: Path, mode: int, other_module: bytes) -> None:
    planted.chmod(mode)
    assert works(planted.parent.parent)
    assert replaced(planted, other_module)


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_folder_that_others_can_write_is_not_used(planted: Path, mode: int, other_module: bytes) -> None:
    planted.parent.chmod(mode)
    assert works(planted.parent.parent)
    assert planted.read_bytes() == other_module


def test_a_symlink_is_not_followed(tmp_path: Path, planted: Path, other_module: bytes) -> None:
    elsewhere = planted.rename(tmp_path / "elsewhere")
    planted.symlink_to(elsewhere)
    assert works(tmp_path)
    assert replaced(planted, other_module)
    assert not planted.is_symlink()
    assert elsewhere.read_bytes() == other_module


def test_a_folder_that_is_a_symlink_is_not_used(tmp_path: Path, planted: Path) -> None:
    planted.parent.rename(tmp_path / "moved")
    planted.parent.symlink_to(tmp_path / "moved")
    assert works(tmp_path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_file_or_folder_of_somebody_else_is_not_used(tmp_path: Path, planted: Path, other_module: bytes) -> None:
    os.chown(planted, 12345, 12345)
    assert works(tmp_path)
    assert replaced(planted, other_module)
    planted.write_bytes(other_module)
    os.chown(planted.parent, 12345, 12345)
    assert works(tmp_path)
    assert planted.read_bytes() == other_module


@pytest.mark.parametrize("damage", ["empty", "cut", "garbage"])
def test_a_damaged_file_is_made_again(planted: Path, other_module: bytes, damage: str) -> None:
    bad = {"empty": b"", "cut": other_module[: len(other_module) // 2], "garbage": os.urandom(1000)}[damage]
    planted.write_bytes(bad)
    assert works(planted.parent.parent)
    assert planted.stat().st_size > 100_000


def test_a_folder_or_a_pipe_under_the_name_is_no_problem(planted: Path) -> None:
    planted.unlink()
    planted.mkdir()
    assert works(planted.parent.parent)
    planted.rmdir()
    os.mkfifo(planted, 0o600)
    assert works(planted.parent.parent)


def test_without_a_usable_place_for_it_nothing_is_kept(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert works(blocked)
    assert list(tmp_path.iterdir()) == [blocked]


def test_runs_that_begin_at_once_in_a_new_process_share_one_engine(tmp_path: Path) -> None:
    done = process(TOGETHER, tmp_path)
    assert (done.stdout, done.stderr) == ("8\n8\n", "")
