"""Help pages and what is said of command lines that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from llmspell import __version__
from tests.cli.helpers import called, llmspell


@pytest.mark.parametrize(
    "words",
    [
        "--help",
        "run --help",
        "validate --help",
        "providers --help",
        "providers check --help",
        "init --help",
        "completion --help",
    ],
)
def test_help(words: str, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    result = llmspell(*words.split(), cwd=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert result.out == snapshot


@pytest.mark.parametrize("words", ["", "-h", "run x.lua --help", "run -h --fuel 3"])
def test_help_is_found_however_it_is_asked_for(words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = called(capfd, *words.split(), cwd=tmp_path)
    page = "run --help" if words.startswith("run") else "--help"
    assert result == called(capfd, *page.split(), cwd=tmp_path)


def test_the_version_is_one_line(tmp_path: Path) -> None:
    assert llmspell("--version", cwd=tmp_path) == (0, f"llmspell {__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        "rum a.lua",
        "--nope",
        "run",
        "run a.lua --fuel",
        "run a.lua --fule 3",
        "run --fuel 1 --fuel 2 a.lua",
        "run a.lua --mem 50",
        "validate",
        "validate a.toml b.toml",
        "providers a.toml b.toml",
        "providers a.lua",
        "providers",
        "providers check --outptu json",
        "init a b",
        "schema x",
        "completion tcsh",
        "a.lua",
    ],
)
def test_a_command_line_that_makes_no_sense(
    words: str, tmp_path: Path, snapshot: SnapshotAssertion, capfd: pytest.CaptureFixture[str]
) -> None:
    result = called(capfd, *words.split(), cwd=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert result.err == snapshot


def test_also_a_command_line_that_makes_no_sense_gives_one_json_object(tmp_path: Path) -> None:
    result = llmspell("run", "--output", "json", cwd=tmp_path)
    error = result.json["error"]
    assert (result.code, result.err, error["kind"]) == (2, "", "usage")
    assert error["hint"] == "name a manifest or a script, as in `llmspell run llmspell.toml`"
