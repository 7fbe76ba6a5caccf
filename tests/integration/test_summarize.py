"""configs/summarize.toml against aimock, as a user runs it: a manifest of their own, a key, and a text."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.aimock import Aimock
from tests.integration.conftest import API_KEY

pytestmark = pytest.mark.integration

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture
def manifest(server: Aimock, tmp_path: Path) -> Path:
    """summarize.toml with a provider filled in, in a folder of its own."""
    server.add({"userMessage": "Summarise this part"}, {"content": "It is about a tower."})
    server.add({"userMessage": "Write one summary"}, {"content": "A tower was built, lit, and left to turn alone."})
    for name in ("summarize.toml", "summarize.lua"):
        shutil.copy(CONFIGS / name, tmp_path)
    shutil.copytree(CONFIGS / "texts", tmp_path / "texts")
    text = tmp_path / "texts" / "lighthouse.txt"
    text.write_text(text.read_text().replace("weather", "wind"))  # the server's own fixtures answer to that word
    path = tmp_path / "summarize.toml"
    provider = (
        f'\n[providers.server]\nbase_url = "{server.base_url}"\nmodel = "test-model"\napi_key_env = "SERVER_KEY"\n'
    )
    path.write_text(path.read_text() + provider)
    return path


def run(*arguments: str, key: str = API_KEY, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "llmspell", "run", *arguments],
        env={**os.environ, "SERVER_KEY": key},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_text_is_summarised_in_parts_and_the_answer_is_the_servers(manifest: Path, server: Aimock) -> None:
    done = run(str(manifest))
    assert done.stdout == "A tower was built, lit, and left to turn alone.\n"
    assert done.returncode == 0
    asked = [request["body"]["messages"][-1]["content"] for request in server.requests()]
    parts = [text for text in asked if text.startswith("Summarise this part")]
    assert [text[:40] for text in asked[:-1]] == [text[:40] for text in parts]
    assert len(parts) >= 4
    assert asked[-1].count("It is about a tower.") == len(parts)


def test_the_last_answer_is_streamed_and_the_others_are_not(manifest: Path, server: Aimock) -> None:
    assert run(str(manifest)).returncode == 0
    streamed = [bool(request["body"].get("stream")) for request in server.requests()]
    assert streamed == [False] * (len(streamed) - 1) + [True]


def test_any_text_can_come_on_standard_input(manifest: Path, server: Aimock) -> None:
    done = run(str(manifest), "--", "-", stdin="One short paragraph.\n")
    assert done.stdout == "A tower was built, lit, and left to turn alone.\n"
    assert len(server.requests()) == 2


def test_a_wrong_key_ends_with_exit_code_4_and_does_not_show_the_key(manifest: Path) -> None:
    done = run(str(manifest), key="sk-wrong-9876543210")
    assert done.returncode == 4
    assert "sk-wrong-9876543210" not in done.stdout + done.stderr
    assert "Traceback (most recent call last)" not in done.stderr


def test_a_file_outside_of_the_granted_folder_is_denied_with_exit_code_5(manifest: Path) -> None:
    done = run(str(manifest), "--", "../summarize.toml")
    assert done.returncode == 5
    assert "../summarize.toml" in done.stderr
