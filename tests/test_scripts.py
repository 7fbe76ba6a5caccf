"""Lua behaviour, tested in Lua: every file of tests/scripts is run and must end as its header says.

The header is the comment lines at the top. What is not one of these is prose:

    -- expect: ok                        it ends without an error (also what every other line but `error` implies)
    -- expect: output TEXT               a line of stdout; all of them, in order, are all of stdout
    -- expect: result JSON               what it returns (the first value)
    -- expect: error KIND[:LINE] TEXT    it fails with this kind, at this line of the script; TEXT is in the message
    -- expect: hint TEXT                 what is said to do about the error has TEXT in it
    -- expect: traceback TEXT            is in the traceback, after those named before
    -- expect: log LEVEL TEXT            there is such a log event
    -- manifest: TOML                    a line of the manifest
    -- args: A B                         the script's arguments
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import NamedTuple

import pytest

from llmspell.events import Event, Log
from llmspell.manifest.load import parse_manifest
from llmspell.runtime import RunReport, ScriptRuntime

FOLDER = Path(__file__).parent / "scripts"
SCRIPTS = sorted(FOLDER.glob("*.lua"))


class Header(NamedTuple):
    """What a script's first lines say: pairs of a word and the text behind it, in order."""

    expected: list[tuple[str, str]]
    manifest: str
    args: list[str]

    def all(self, word: str) -> list[str]:
        return [text for name, text in self.expected if name == word]


def read_header(source: str) -> Header:
    expected, manifest, args = [], [], []
    for line in source.splitlines():
        if not line.startswith("--"):
            break
        key, colon, text = line[2:].strip().partition(": ")
        if colon and key == "expect":
            word, _, rest = text.partition(" ")
            assert word in ("ok", "output", "result", "error", "hint", "traceback", "log"), line
            expected.append((word, rest))
        elif colon and key == "manifest":
            manifest.append(text)
        elif colon and key == "args":
            args = text.split()
    assert expected, "the script does not say what to expect"
    return Header(expected, "\n".join(manifest), args)


def run(path: Path, header: Header) -> tuple[RunReport, list[Event]]:
    events: list[Event] = []
    runtime = ScriptRuntime(parse_manifest(header.manifest, file=path.name, base=path.parent), environ={})
    source = path.read_text("utf-8")
    report = asyncio.run(runtime.report(source, name=path.name, args=header.args, on_event=events.append))
    return report, events


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_the_script_ends_as_its_header_says(path: Path) -> None:
    header = read_header(path.read_text("utf-8"))
    report, events = run(path, header)
    check_error(header, report)
    if header.all("output"):
        assert report.output.output.splitlines() == header.all("output")
    for text in header.all("result"):
        assert report.output.result == json.loads(text)
    logged = [f"{event.level} {event.message}" for event in events if isinstance(event, Log)]
    for text in header.all("log"):
        assert any(line.startswith(text.split()[0]) and text.split(" ", 1)[1] in line for line in logged), logged
    if not header.all("log"):
        assert logged == []


def check_error(header: Header, report: RunReport) -> None:
    wanted = header.all("error")
    if not wanted:
        shown = report.error and f"{report.error}\n{report.error.traceback}"
        assert report.error is None, shown
        return
    assert report.error is not None
    where, _, text = wanted[0].partition(" ")
    kind, _, line = where.partition(":")
    assert report.error.kind == kind, report.error
    assert text in report.error.message
    if line:
        assert report.error.line == int(line)
    for text in header.all("hint"):
        assert text in report.error.hint, report.error.hint
    at = 0
    for text in header.all("traceback"):
        found = report.error.traceback.find(text, at)
        assert found >= 0, f"{text!r} is not in what follows {at} of {report.error.traceback}"
        at = found + len(text)
