"""The boot flag that opens string.dump, bytecode and the whole debug library for the suite is out of every reach: of
the script, of the message that loads it, and of the manifest."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from llmspell.errors import ManifestError
from llmspell.manifest.load import parse_manifest
from llmspell.runtime import ScriptRuntime
from tests.guest.guests import run_script

SEARCH = Path(__file__).with_name("closed.lua").read_bytes()


@pytest.fixture(scope="module")
def bytecode() -> str:
    """The bytecode of a function that returns 42, in hexadecimal."""
    (dumped,) = run_script(b"return string.dump(function() return 42 end)", whole=True).results
    assert dumped.startswith(b"\x1bLua")
    return str(dumped.hex())


def test_the_search_finds_what_the_flag_opens(bytecode: str) -> None:
    (found,) = run_script(SEARCH, whole=True, args=[bytecode]).results
    assert {
        "string.dump gives bytecode",
        "load runs bytecode from a string",
        "load runs bytecode from a reader of bytes in mode b",
        "debug.getregistry is there",
        "debug.sethook is there",
        "loadfile is there",
    } <= {line.removeprefix("_G.").removeprefix("require ") for line in found.splitlines()}


def test_a_script_finds_none_of_it(bytecode: str) -> None:
    report = asyncio.run(ScriptRuntime().report(SEARCH, name="closed.lua", args=[bytecode]))
    assert report.error is None
    assert report.output.result == ""


def test_the_message_that_loads_a_script_cannot_set_it(bytecode: str) -> None:
    assert run_script(SEARCH, args=[bytecode], whole=False).results == [""]
    assert run_script(SEARCH, args=[bytecode], boot={"whole": True}).results == [""]


@pytest.mark.parametrize(
    "section", ["run", "runtime", "providers", "providers.p", "agents.a", "security", "tools", "tools.t"]
)
def test_no_key_of_the_manifest_sets_it(section: str) -> None:
    text = f'[run]\nsource = "x = 1"\n{"" if section == "run" else f"[{section}]"}\nwhole = true\n'
    with pytest.raises(ManifestError, match="whole"):
        parse_manifest(text, file="m.toml", base=Path())


def test_a_binary_chunk_is_refused_and_the_message_says_so() -> None:
    source = r"return select(2, load('\27Lua')), select(2, load('\27Lua', 'x', 'b'))"
    report = asyncio.run(ScriptRuntime().report(source))
    assert report.error is None
    assert report.output.results == (
        "attempt to load a binary chunk (mode is 't')",
        "attempt to load a binary chunk (mode is '')",
    )
