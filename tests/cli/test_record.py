"""`llmspell run --record`, and testing a script with what it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.helpers import called, llmspell, write

SCRIPT = """
local agent = Agent.create { prompt = "Be brief." }
print(agent:execute("Hello").text)
for chunk in agent:stream_execute(arg[1] or "Name a river") do
  if chunk.content.type == "text" then io.write("[", chunk.content.text, "]") end
end
"""
PROVIDER = """
[[providers.assistant.replies]]
match = "river"
text = "The Rhine"
[[providers.assistant.replies]]
text = "Hi"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(
        tmp_path,
        main_lua=SCRIPT,
        real_toml=f'[run]\nscript = "main.lua"\n[providers.assistant]\nkind = "scripted"\n{PROVIDER}',
        test_toml='[run]\nscript = "main.lua"\n[providers.assistant]\nkind = "replay"\nfile = "run.jsonl"\n',
    )


def test_a_recorded_run_is_played_as_it_was(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recorded = llmspell("run", "real.toml", "--record", "run.jsonl", cwd=folder)
    assert recorded == (0, "Hi\n[The ][Rhine]", "")
    assert llmspell("run", "test.toml", cwd=folder) == recorded
    # a stream or a whole answer, as the one who asks wants it: --stream makes streams of all
    events = called(capfd, "run", "test.toml", "--output", "events", "--stream", cwd=folder)
    assert [event["text"] for event in events.events if event["event"] == "chunk"] == ["Hi", "The ", "Rhine"]


def test_a_request_that_was_not_recorded_ends_the_run(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    called(capfd, "run", "real.toml", "--record", "run.jsonl", cwd=folder)
    write(folder, main_lua=SCRIPT.replace("for chunk", "pcall(agent.execute, agent, 'Hullo') for chunk"))
    result = called(capfd, "run", "test.toml", cwd=folder)
    assert result.code == 2
    assert (
        "error: provider 'assistant': no recorded request is the same as this one. Nearest is run.jsonl:3: "
        'messages[1].text was "Hello" and is "Hullo"\n' in result.err
    )
    assert "help: where the script has changed, record again with --record" in result.err
    error = called(capfd, "run", "test.toml", "--output", "json", cwd=folder).json["error"]
    assert (error["kind"], error["line"]) == ("journal", 4)


def test_no_fallback_model_answers_what_was_not_recorded(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    called(capfd, "run", "real.toml", "--record", "run.jsonl", cwd=folder)
    write(folder, main_lua='Agent.create { model = "other", fallback = { "scripted/mock" } }:execute("Hello")')
    result = called(capfd, "run", "test.toml", cwd=folder)
    assert (result.code, 'model was "mock" and is "other"' in result.err) == (2, True)


def test_a_recording_can_be_recorded_but_not_over_itself(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    called(capfd, "run", "real.toml", "--record", "run.jsonl", cwd=folder)
    first = (folder / "run.jsonl").read_text()
    assert called(capfd, "run", "test.toml", "--record", "./run.jsonl", cwd=folder) == (
        2,
        "",
        "error: run.jsonl is what a provider of this manifest plays\nhelp: record to another file\n",
    )
    assert called(capfd, "run", "test.toml", "--record", "again.jsonl", cwd=folder).code == 0
    again = (folder / "again.jsonl").read_text().replace('"kind": "replay"', '"kind": "scripted"')
    assert (again, (folder / "run.jsonl").read_text()) == (first, first)


def test_a_file_that_is_no_recording_is_not_written_over(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = called(capfd, "run", "real.toml", "--record", "main.lua", cwd=folder)
    assert (result.code, (folder / "main.lua").read_text()) == (2, SCRIPT)
    assert result.err == (
        "error: main.lua is there already and is not a recording\nhelp: name another file, or remove that one\n"
    )


def test_a_run_that_does_not_begin_leaves_the_recording_as_it_was(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    called(capfd, "run", "real.toml", "--record", "run.jsonl", cwd=folder)
    before = (folder / "run.jsonl").read_text()
    assert called(capfd, "run", "mian.lua", "--record", "run.jsonl", cwd=folder).code == 2
    assert (folder / "run.jsonl").read_text() == before


def test_the_recording_must_be_there_when_a_manifest_names_it(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = called(capfd, "validate", "test.toml", cwd=folder)
    assert result.code == 2
    assert "there is no file run.jsonl" in result.err
    assert "record it: llmspell run FILE --record FILE" in result.err


def test_a_script_without_a_manifest_is_recorded_too(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert called(capfd, "run", "main.lua", "--record", "run.jsonl", cwd=folder).code == 0
    calls = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()[2:]]
    assert [(call["provider"], "deltas" in call) for call in calls] == [("scripted", False), ("scripted", True)]
