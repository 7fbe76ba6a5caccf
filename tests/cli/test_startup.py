"""What a process loads: imports are most of a short run's time, so each command has a list of what it does without.
The times themselves are measured in bench.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.helpers import environment, write

AGENTS = ("llmspell.agents", "llmspell.providers", "llmspell.tools", "llmspell.types")
WITHOUT = {
    "--version": ("httpx", "wasmtime", "asyncio", "cyclopts", "rich", "llmspell.manifest", "llmspell.runtime"),
    "run --help": ("httpx", "wasmtime", "msgpack", "llmspell.host"),
    "run hello.lua": ("httpx", "cyclopts", "rich", "cattrs", "tomllib", "tomli_w", "difflib", "tempfile", *AGENTS),
    "run hello.lua --fuel 1e9 --output json -- a": ("httpx", "cyclopts", "rich", "tomllib", *AGENTS),
    "run hello.lua --stream": ("httpx", "cyclopts", "rich", "llmspell.cli.live"),
    "run mock.lua": ("httpx", "cyclopts", "rich", "tomllib", "cattrs"),
    "run hello.toml": ("httpx", "cyclopts", "rich", "cattrs", "difflib", *AGENTS),
    "run web.toml": ("httpx", "httpcore", "cyclopts", "rich", "jq", "jinja2", "simpleeval", "llmspell.access.web"),
    "schema": ("httpx", "wasmtime", "msgpack"),
}


@pytest.mark.parametrize("words", WITHOUT)
def test_a_command_does_not_load_what_it_does_not_need(words: str, tmp_path: Path) -> None:
    write(
        tmp_path,
        hello_lua='print("hello")',
        hello_toml='[run]\nscript = "hello.lua"\n',
        web_toml="""
            run.source = "print(#Tool.list())"
            security.allowed_tools = ["http_request", "web_fetch", "web_search", "json_query", "text", "calculator"]
        """,
        mock_lua='print(Agent.create{ model = "mock" }:execute("hi").text)',
    )
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "llmspell", *words.split()],
        cwd=tmp_path,
        env={name: value for name, value in environment().items() if not name.startswith("COV")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    loaded = re.findall(r"^import time:[^|]*\|[^|]*\| +(\S+)$", done.stderr, re.MULTILINE)
    assert done.returncode == 0
    assert "llmspell" in loaded
    assert [name for name in loaded if f"{name}.".startswith(tuple(f"{heavy}." for heavy in WITHOUT[words]))] == []
