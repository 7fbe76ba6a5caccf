"""The documentation cannot drift: every code block of README.md and docs/*.md is checked by what it is.

    toml      a manifest: it must load
    lua       a script: it must run
    python    a program: it must run
    console   a terminal: each `$ llmspell ...` is run and what it prints must be what is shown; a line `...` stands
              for any lines, and `...` within a line for any text; other commands are not run
    sh        commands to copy: each `llmspell ...` must run
    other languages, of which text is one, are not checked; a block without a language is an error

All blocks of a document run in a folder of its own, which has a copy of configs/. A comment on the line before a block
says more: `<!-- fragment -->` this block stands for no whole thing and is not checked; `<!-- file: NAME -->` it is
saved under that name before the document's other blocks run; `<!-- exit: 3 -->` it must end with that exit code.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MARK = re.compile(r"<!--\s*(fragment|file|exit)(?::\s*(\S+))?\s*-->")
FENCE = re.compile(r"^( *)(`{3,}|~{3,})\s*(\S*)[^`]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced code block: where it stands, its language, its text without the fence's indentation, its marks."""

    document: str
    line: int
    language: str
    text: str
    marks: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.document}:{self.line} {self.language}"


def blocks_of(text: str, document: str) -> list[Block]:
    """The code blocks of a Markdown text, in order. Raises ValueError for a block that is never closed."""
    found: list[Block] = []
    marks: dict[str, str] = {}
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if fence := FENCE.match(line):
            indent, ticks, language = fence.groups()
            body: list[str] = []
            for _, inner in lines:
                if inner.strip().startswith(ticks) and not inner.strip().strip(ticks[0]):
                    break
                body.append(inner.removeprefix(indent))
            else:
                raise ValueError(f"{document}:{number}: this code block is never closed")
            whole = "".join(f"{row}\n" for row in body)
            found.append(Block(document=document, line=number, language=language, text=whole, marks=marks))
            marks = {}
        elif line.strip():
            marks = {mark: value or "" for mark, value in MARK.findall(line)}
    return found


def sessions_of(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output shown for it. A command goes on after a backslash."""
    sessions: list[tuple[str, str]] = []
    continued = False
    for line in text.splitlines():
        if continued or line.startswith("$ "):
            command, _ = sessions.pop() if continued else ("", "")
            part = line if continued else line[2:]
            continued = part.endswith("\\")
            sessions.append((command + (part[:-1] if continued else part), ""))
        elif sessions:
            command, output = sessions.pop()
            sessions.append((command, f"{output}{line}\n"))
    return sessions


def same_output(shown: str, real: str) -> bool:
    """Whether `real` is what is shown, where `...` stands for any text and a line `...` for any lines."""
    shown, real = (re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip("\n") for text in (shown, real))
    pattern = re.escape(shown)
    pattern = re.sub(r"(?m)(\A|^)\\\.\\\.\\\.$", "(?s:.*)", pattern.replace("\\\n", "\n"))
    return re.fullmatch(pattern.replace(r"\.\.\.", ".*"), real) is not None


def run(command: list[str], folder: Path, expected: int) -> str:
    """Run a command in `folder` and give what it printed on both streams, as a terminal shows it."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == expected, done.stdout
    return done.stdout


def check_toml(block: Block, folder: Path, _expected: int) -> None:
    from llmspell.manifest.load import parse_manifest

    parse_manifest(block.text, file=str(block), base=folder)


def check_lua(block: Block, folder: Path, expected: int) -> None:
    (folder / "block.lua").write_text(block.text, "utf-8")
    run(["llmspell", "run", "block.lua"], folder, expected)


def check_python(block: Block, folder: Path, expected: int) -> None:
    run([sys.executable, "-W", "error", "-c", block.text], folder, expected)


def check_console(block: Block, folder: Path, expected: int) -> None:
    for command, shown in sessions_of(block.text):
        if command.startswith("llmspell "):
            real = run(["bash", "-c", command], folder, expected)
            assert same_output(shown, real), f"{block}\n$ {command}\n{real}"


def check_sh(block: Block, folder: Path, expected: int) -> None:
    for command in block.text.replace("\\\n", " ").splitlines():
        if command.startswith("llmspell "):
            run(["bash", "-c", command], folder, expected)


CHECKS: Mapping[str, Callable[[Block, Path, int], None]] = {
    "toml": check_toml,
    "lua": check_lua,
    "python": check_python,
    "console": check_console,
    "sh": check_sh,
}

BLOCKS = [
    block
    for document in DOCUMENTS
    for block in blocks_of(document.read_text("utf-8"), document.relative_to(ROOT).as_posix())
]
CHECKED = [block for block in BLOCKS if block.language in CHECKS and "fragment" not in block.marks]


@pytest.mark.skipif(not (ROOT / "llmspell/cli/main.py").exists(), reason="llmspell.cli.main is missing")
@pytest.mark.parametrize("block", CHECKED, ids=str)
def test_a_block_of_the_documentation_is_true(block: Block, tmp_path: Path) -> None:
    if (ROOT / "configs").is_dir():
        shutil.copytree(ROOT / "configs", tmp_path / "configs")
    for other in BLOCKS:
        if other.document == block.document and "file" in other.marks:
            path = tmp_path / other.marks["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(other.text, "utf-8")
    CHECKS[block.language](block, tmp_path, int(block.marks.get("exit", 0)))


def test_every_block_names_its_language() -> None:
    assert [str(block) for block in BLOCKS if not block.language] == []


def test_links_between_documents_lead_somewhere() -> None:
    dead = []
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text("utf-8")):
            if "://" not in target and not (document.parent / target).exists():
                dead.append(f"{document.relative_to(ROOT)}: {target}")
    assert dead == []


def test_blocks_are_found_with_their_line_language_and_marks() -> None:
    text = (
        "# T\n\n<!-- exit: 3 --> <!-- file: a/b.lua -->\n\n```lua\nerror()\n```\n\n- item\n  ~~~~ text\n  ~~~\n  ~~~~\n"
    )
    assert blocks_of(text, "d.md") == [
        Block(document="d.md", line=5, language="lua", text="error()\n", marks={"exit": "3", "file": "a/b.lua"}),
        Block(document="d.md", line=10, language="text", text="~~~\n"),
    ]


def test_a_mark_holds_only_for_the_block_right_after_it() -> None:
    text = "<!-- fragment -->\nwords\n```toml\n```\n<!-- fragment -->\n```toml\n```\n```toml\n```\n"
    assert [dict(block.marks) for block in blocks_of(text, "d.md")] == [{}, {"fragment": ""}, {}]


def test_a_block_that_is_never_closed_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"d\.md:2: this code block is never closed"):
        blocks_of("\n```lua\nprint(1)\n", "d.md")


def test_a_console_block_is_commands_with_the_output_shown_for_each() -> None:
    text = "$ llmspell run a.lua \\\n    --stream\none\n\ntwo\n$ ls\n"
    assert sessions_of(text) == [("llmspell run a.lua     --stream", "one\n\ntwo\n"), ("ls", "")]


@pytest.mark.parametrize(
    ("shown", "real", "same"),
    [
        ("a\nb\n", "a  \nb\n", True),
        ("a\n", "a\nb\n", False),
        ("a.c\n", "abc\n", False),
        ("took ... ms\nend\n", "took 12.5 ms\nend\n", True),
        ("took ...\n", "took 1\n2\n", False),
        ("...\nend\n", "1\n2\nend\n", True),
        ("start\n...\n", "start\n1\n2\n", True),
        ("start\n...\nend\n", "start\nend", False),
        ("", "", True),
        ("", "x", False),
    ],
)
def test_dots_in_shown_output_stand_for_any_text(shown: str, real: str, same: bool) -> None:
    assert same_output(shown, real) is same


def test_the_page_of_the_manifest_is_what_the_schema_says() -> None:
    made = subprocess.run(
        [sys.executable, "-c", "import make_manifest; print(make_manifest.manifest_page(), end='')"],
        cwd=ROOT / "docs",
        capture_output=True,
        text=True,
        check=True,
    )
    assert (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8") == made.stdout
