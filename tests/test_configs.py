"""Every example in configs/ runs as it stands, with nothing configured and no network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from llmspell.manifest.load import load_manifest

CONFIGS = Path(__file__).parents[1] / "configs"
MANIFESTS = sorted(CONFIGS.glob("*.toml"))


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_the_example_runs_as_it_stands(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "llmspell", "run", str(path)], input="", capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    assert done.stdout


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_the_example_says_what_it_is_for(path: Path) -> None:
    assert path.read_text().startswith("# ")
    assert load_manifest(path).script_path() is not None


def test_summarize_reads_the_text_asks_once_a_part_and_once_for_the_whole() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "llmspell", "run", str(CONFIGS / "summarize.toml"), "--", "lighthouse.txt"],
        input="",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.startswith('You said: "Write one summary of the whole from these:\n\nPart 1: You said: ')
    assert "7003 characters in 4 parts" in done.stderr
