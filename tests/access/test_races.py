"""Another process exchanges folders, files and links while we read and write: nothing outside is read or changed."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmspell.access.files import Files
from llmspell.errors import DeniedError, ToolError
from llmspell.settings import FileRoot
from tests.access.grants import files, snapshot

ENEMY = Path(__file__).with_name("enemy.py")
READS, CHANGES, AT_MOST = 5_000, 300, 20_000

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the enemy exchanges names as only Linux does")


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """A granted folder that an enemy changes all the time, beside one that is not granted."""
    for folder in ("granted/flip/sub", "outside/sub"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("flip/secret.txt", "flip/sub/secret.txt", "leaf.txt", "kind"):
        (tmp_path / "granted" / name).write_text("inside")
    for name in ("secret.txt", "sub/secret.txt"):
        (tmp_path / "outside" / name).write_text("secret")
    enemy = subprocess.Popen(
        [sys.executable, str(ENEMY), str(tmp_path / "granted")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert enemy.stdout is not None
    assert enemy.stdout.readline() == "ready\n"
    yield tmp_path
    enemy.communicate("stop\n", timeout=30)
    assert enemy.returncode == 0


def both(attempt: Callable[[], object], at_least: int) -> Counter[str]:
    """Attempt it until it has been done and has been denied, and `at_least` times."""
    outcomes: Counter[str] = Counter()
    for count in range(AT_MOST):
        try:
            result = attempt()
        except (DeniedError, ToolError) as error:
            outcomes[type(error).__name__] += 1
        else:
            assert result != b"secret"
            outcomes["done"] += 1
        if count > at_least and outcomes["done"] and outcomes["DeniedError"]:
            break
    return outcomes


def granted(base: Path) -> Files:
    return files(base, FileRoot(path="granted", mode="write"), max_written=1 << 40)


@pytest.mark.parametrize("path", ["flip/secret.txt", "flip/sub/secret.txt", "leaf.txt"])
def test_nothing_outside_is_read(base: Path, path: str) -> None:
    ours = granted(base)
    outcomes = both(lambda: ours.read(path), READS)
    assert outcomes["done"]
    assert outcomes["DeniedError"]


def test_nothing_outside_is_written(base: Path) -> None:
    before = snapshot(base / "outside")
    ours = granted(base)

    for attempt in (
        lambda: ours.write("flip/secret.txt", b"inside"),
        lambda: ours.append("flip/sub/new.txt", b"more"),
        lambda: ours.mkdir("flip/made/deep"),
        lambda: ours.copy("flip/secret.txt", "flip/copied.txt", overwrite=True),
        lambda: ours.move("flip/secret.txt", "flip/secret.txt", overwrite=True),
        lambda: ours.delete("flip/sub", recursive=True),
    ):
        outcomes = both(attempt, CHANGES)
        assert outcomes["DeniedError"]
    assert snapshot(base / "outside") == before


def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(base: Path) -> None:
    ours = granted(base)
    for _ in range(READS):
        with contextlib.suppress(ToolError):
            assert ours.read("kind") == b"inside"
