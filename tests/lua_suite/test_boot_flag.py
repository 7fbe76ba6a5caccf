"""The boot flag that opens string.dump, bytecode and the whole debug library for the suite is out of every reach: of
the script, of the message that loads it, and of the manifest."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from llmspell.abi import codec, messages
from llmspell.errors import ManifestError
from llmspell.host.guest import Guest
from llmspell.manifest.load import parse_manifest
from llmspell.runtime import ScriptRuntime
from tests.lua_suite.suite import HERE, script

CLOSED = (HERE / "closed.lua").read_bytes()


def results_in_guest(source: bytes, boot: dict[str, Any], **load: Any) -> list[Any]:
    guest = Guest(memory_bytes=64 << 20, fuel=10**10, write=lambda *_: None, answer=_nothing)
    guest.boot(codec.pack({"max_tasks": 1000, **boot}))
    failed = guest.load(script(source, **load))
    turn = messages.decode_turn(failed or guest.step(messages.join_replies([])))
    while turn.calls:  # whatever is asked for is refused
        refusals = [messages.encode_reply(messages.Reply(call.id, False, "refused")) for call in turn.calls]
        turn = messages.decode_turn(guest.step(messages.join_replies(refusals)))
    guest.close()
    assert turn.failure is None
    return list(turn.results)


def _nothing(_request: bytes) -> bytes:
    return messages.encode_answer(True, None)


@pytest.fixture(scope="module")
def bytecode() -> str:
    """The bytecode of a function that returns 42, in hexadecimal."""
    (dumped,) = results_in_guest(b"return string.dump(function() return 42 end)", {"whole": True})
    assert dumped.startswith(b"\x1bLua")
    return str(dumped.hex())


def test_the_search_finds_what_the_flag_opens(bytecode: str) -> None:
    (found,) = results_in_guest(CLOSED, {"whole": True}, args=[bytecode])
    assert {
        "string.dump gives bytecode",
        "load runs bytecode from a string",
        "load runs bytecode from a reader of bytes in mode b",
        "debug.getregistry is there",
        "debug.sethook is there",
        "loadfile is there",
    } <= {line.removeprefix("_G.").removeprefix("require ") for line in found.splitlines()}


def test_a_script_finds_none_of_it(bytecode: str) -> None:
    report = asyncio.run(ScriptRuntime().report(CLOSED, name="closed.lua", args=[bytecode]))
    assert report.error is None
    assert report.output.result == ""


def test_the_message_that_loads_a_script_cannot_set_it(bytecode: str) -> None:
    (found,) = results_in_guest(CLOSED, {}, args=[bytecode], whole=True)
    assert found == ""


@pytest.mark.parametrize(
    "section", ["run", "runtime", "providers", "providers.p", "agents.a", "security", "tools", "tools.t", "media"]
)
def test_no_key_of_the_manifest_sets_it(section: str) -> None:
    text = f'[run]\nsource = "x = 1"\n{"" if section == "run" else f"[{section}]"}\nwhole = true\n'
    with pytest.raises(ManifestError):
        parse_manifest(text, file="m.toml", base=Path())


def test_a_binary_chunk_is_refused_by_name() -> None:
    source = r"return load('\27Lua'), select(2, load('\27Lua')), select(2, load('\27Lua', 'x', 'b'))"
    report = asyncio.run(ScriptRuntime().report(source))
    assert report.error is None
    assert report.output.results == (
        None,
        "attempt to load a binary chunk (mode is 't')",
        "attempt to load a binary chunk (mode is '')",
    )
