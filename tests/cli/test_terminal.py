"""In a terminal: colours, the live line of --stream, and that nothing a model says is obeyed."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.cli.live import cells, first_cells, last_cells, one_line
from llmspell.cli.report import harmless
from tests.cli.helpers import Screen, in_terminal, write

ERASE = "\r\x1b[K"
SLOW = """\
[run]
source = '''
Run.progress(0.25, "reading")
local answer = Agent.create{ name = "ann" }:execute("hi").text
print("first")
io.write("half a line")
Agent.get("ann"):execute("again")
print(" and the rest")
local function ask(name) return function() Agent.create{ name = name }:execute("at once") end end
Task.all{ ask("bob"), ask("cat") }
return "end"
'''
[[providers.scripted.replies]]
text = "SAID"
delay_ms = 150
chunk_delay_ms = 130
chunk_words = 4
"""
SLOW = SLOW.replace("SAID", "日本\\u001b[31m\\u0007\\u009b2J\\u202e " * 6)
BRIEF = """\
[run]
source = '''print("first") Agent.create{ name = "ann" }:execute("hi") return "end"'''
[[providers.scripted.replies]]
text = "answer"
delay_ms = 300
"""
AGAIN = """
[[providers.scripted.replies]]
text = "answer"
"""
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Screen:
    """What a terminal of 70 columns gets of SLOW with --stream."""
    folder = write(tmp_path_factory.mktemp("live"), m_toml=SLOW)
    return in_terminal("run", "m.toml", "--stream", cwd=folder, columns=70)


def drawn(text: str) -> list[str]:
    """The live lines among what a terminal got: each was erased by what came next."""
    return [part for part in text.split(ERASE)[1:-1] if part]


def what_stays(text: str) -> str:
    """What stands on the screen in the end: a line that was drawn goes when it is erased."""
    shown = ""
    for part in text.split(ERASE):
        shown = shown[: shown.rfind("\n") + 1] + part
    return shown.replace("\r\n", "\n")


def test_the_live_line_shows_what_runs_and_leaves_no_trace(screen: Screen) -> None:
    lines = drawn(screen.text)
    assert screen.code == 0
    assert what_stays(screen.text) == "first\nhalf a line and the rest\nend\n"
    assert any("25% reading" in line and "ann (scripted/" in line for line in lines)
    assert any("and 1 more" in line for line in lines)
    assert any("日本" in line for line in lines)
    assert all(cells(line.split("\r\n")[-1]) < 70 for line in lines)


def test_the_live_line_says_that_a_call_will_be_made_again(tmp_path: Path) -> None:
    write(tmp_path, m_toml=BRIEF.replace('text = "answer"', 'fault = "overloaded"') + AGAIN)
    lines = drawn(in_terminal("run", "m.toml", "--stream", cwd=tmp_path, columns=200).text)
    assert any(
        re.search(r"ann \(scripted/mock\): again in 0\.\d s, for provider 'scripted': the server", x) for x in lines
    )


def test_no_control_character_of_a_model_reaches_the_terminal(screen: Screen) -> None:
    written = screen.text.replace(ERASE, "").replace("\r\n", "")
    assert "[31m" in written
    assert [char for char in written if unicodedata.category(char) in ("Cc", "Cf")] == []


def test_without_stream_nothing_is_drawn(tmp_path: Path) -> None:
    write(tmp_path, m_toml=BRIEF)
    assert in_terminal("run", "m.toml", cwd=tmp_path).text == "first\r\nend\r\n"


def test_nothing_is_drawn_on_a_terminal_that_cannot(tmp_path: Path) -> None:
    write(tmp_path, m_toml=BRIEF)
    assert ERASE not in in_terminal("run", "m.toml", "--stream", cwd=tmp_path, env={"TERM": "dumb"}).text


@pytest.mark.parametrize("form", ["text", "json", "events"])
def test_the_live_line_is_on_stderr_and_stdout_may_go_elsewhere(form: str, tmp_path: Path) -> None:
    write(tmp_path, m_toml=BRIEF)
    with (tmp_path / "out").open("wb") as out:
        code, text = in_terminal("run", "m.toml", "--stream", "--output", form, cwd=tmp_path, stdout=out.fileno())
    assert (code, what_stays(text)) == (0, "")
    assert any("ann (scripted/" in line for line in drawn(text))
    assert ERASE not in (tmp_path / "out").read_text()


def test_a_plain_frame_is_drawn_where_the_terminal_does_not_speak_utf8(tmp_path: Path) -> None:
    write(tmp_path, m_toml=BRIEF)
    _, text = in_terminal("run", "m.toml", "--stream", cwd=tmp_path, env={"LC_ALL": "C", "LANG": "C"})
    frames = {line[0] for line in drawn(text) if "ann" in line}
    assert frames
    assert frames <= set("|/-\\")


def test_ctrl_c_erases_the_live_line(tmp_path: Path) -> None:
    write(tmp_path, m_toml=BRIEF.replace("300", "60_000"))
    code, text = in_terminal("run", "m.toml", "--stream", cwd=tmp_path, type_after=("ann (", b"\x03"))
    assert code == 130
    assert "interrupted" in what_stays(text)
    assert "ann (" not in what_stays(text)


def test_errors_are_coloured_in_a_terminal_and_only_there(tmp_path: Path) -> None:
    write(tmp_path, a_lua='error("boom")')
    coloured = in_terminal("run", "a.lua", cwd=tmp_path).text
    plain = in_terminal("run", "a.lua", cwd=tmp_path, env={"NO_COLOR": "1"}).text
    assert "\x1b[1;31merror:\x1b[0m" in coloured
    assert ANSI.sub("", coloured) == plain
    assert "\x1b" not in plain
    assert "\x1b" not in in_terminal("run", "a.lua", cwd=tmp_path, env={"TERM": "dumb"}).text


def test_help_is_as_wide_as_the_terminal(tmp_path: Path) -> None:
    for columns in (60, 100):
        lines = ANSI.sub("", in_terminal("--help", cwd=tmp_path, columns=columns).text).splitlines()
        assert max(map(len, lines)) == columns


def test_a_source_line_of_an_error_fits_into_the_terminal(tmp_path: Path) -> None:
    write(tmp_path, a_lua=f"local {'x' * 50} = 1 local y = nil_value.field {'-- ' + 'z' * 60}\n")
    text = in_terminal("run", "a.lua", cwd=tmp_path, columns=60, env={"NO_COLOR": "1"}).text.replace("\r\n", "\n")
    _, _, source, marker, *_ = text.splitlines()
    assert len(source) <= 60
    assert source[marker.index("^") :].startswith("nil_value")


def test_an_error_begins_on_a_line_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, a_lua='io.write("half") error("boom")')
    assert in_terminal("run", "a.lua", cwd=tmp_path, env={"NO_COLOR": "1"}).text.startswith("half\r\nerror: boom")


@given(st.text())
def test_a_live_text_is_one_printable_line(text: str) -> None:
    assert one_line(text).isprintable()
    assert len(one_line(text)) == len(text)


@given(st.text(), st.integers(0, 40))
def test_text_is_cut_to_cells_from_either_end(text: str, most: int) -> None:
    first, last = first_cells(text, most), last_cells(text, most)
    assert text.startswith(first)
    assert text.endswith(last)
    assert cells(first) <= most
    assert cells(last) <= most


@given(st.text())
def test_a_harmless_text_has_no_control_characters_but_newline_and_tab(text: str) -> None:
    kept = harmless(text)
    assert all(char.isprintable() or char in "\n\t" for char in kept)
    assert kept == text or not text.isprintable()
