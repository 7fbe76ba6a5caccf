"""file_search: what it finds, what it leaves out, and what bounds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import DeniedError, ToolError
from llmspell.settings import FileRoot
from tests.tools.files import tool

POEM = "Roses are red,\r\nviolets are blue,\n\nsugar (sweet)\nand so are you"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "texts" / "deep").mkdir(parents=True)
    (tmp_path / "texts" / "poem.txt").write_text(POEM, newline="")
    (tmp_path / "texts" / "deep" / "list.md").write_text("red\nGRÜN\nred again\n")
    (tmp_path / "texts" / "binary").write_bytes(b"red\0")
    (tmp_path / "secret.txt").write_text("red")
    (tmp_path / "texts" / "link").symlink_to("poem.txt")
    (tmp_path / "texts" / "out").symlink_to("../secret.txt")
    return tmp_path


@pytest.fixture
def search(base: Path) -> Any:
    return tool("file_search", base, FileRoot(path="texts"))


def found(result: Any) -> list[tuple[str, int]]:
    return [(match["path"], match["line"]) for match in result["matches"]]


def test_a_text_is_found_in_every_text_file_that_is_granted(search: Any) -> None:
    assert search(pattern="red") == {
        "matches": [
            {"path": "deep/list.md", "line": 1, "text": "red"},
            {"path": "deep/list.md", "line": 3, "text": "red again"},
            {"path": "poem.txt", "line": 1, "text": "Roses are red,"},
        ],
        "files": 2,
        "skipped": 1,
        "truncated": False,
    }


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ({"pattern": "(sweet)"}, [4]),
        ({"pattern": "(sweet)", "regex": True}, [4]),
        ({"pattern": "^.*are", "regex": True}, [1, 2, 5]),
        ({"pattern": "^and|blue,$", "regex": True}, [2, 5]),
        ({"pattern": "^$", "regex": True}, [3]),
        ({"pattern": r"red.\s*viol", "regex": True}, []),
        ({"pattern": "x*", "regex": True}, [1, 2, 3, 4, 5]),
        ({"pattern": "ROSES", "ignore_case": True}, [1]),
        ({"pattern": "ROSES"}, []),
        ({"pattern": r"\bare\b", "regex": True, "max_matches": 2}, [1, 2]),
    ],
)
def test_a_pattern_stands_within_one_line(search: Any, arguments: dict[str, Any], lines: list[int]) -> None:
    assert found(search(path="poem.txt", **arguments)) == [("poem.txt", line) for line in lines]


def test_letters_are_unicode(search: Any) -> None:
    assert found(search(pattern="grün", ignore_case=True)) == [("deep/list.md", 2)]
    assert found(search(pattern="GR.N", regex=True)) == [("deep/list.md", 2)]


def test_the_lines_around_are_shown(search: Any) -> None:
    (match,) = search(pattern="blue", context=2)["matches"]
    assert match["before"] == ["Roses are red,"]
    assert match["after"] == ["", "sugar (sweet)"]
    first, last = search(pattern="(?i)roses|you$", regex=True, context=1)["matches"]
    assert (first["before"], first["after"]) == ([], ["violets are blue,"])
    assert (last["before"], last["after"]) == (["sugar (sweet)"], [])


def test_files_are_chosen_by_folder_and_by_pattern(search: Any) -> None:
    assert found(search(pattern="red", glob="*.txt")) == [("poem.txt", 1)]
    assert found(search(pattern="red", glob="**/*.md")) == [("deep/list.md", 1), ("deep/list.md", 3)]
    assert found(search(pattern="again", path="deep", glob="*.md")) == [("deep/list.md", 3)]
    assert found(search(pattern="Roses", path="link")) == [("link", 1)]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"pattern": "(", "regex": True}, ToolError, "the pattern cannot be searched for: missing \\)"),
        ({"pattern": "(?=a)", "regex": True}, ToolError, "invalid perl operator"),
        ({"pattern": r"(a)\1", "regex": True}, ToolError, "invalid escape sequence"),
        ({"pattern": "((a{1,100}){1,100}){1,100}", "regex": True}, ToolError, "cannot be searched for"),
        ({"pattern": ".{900}", "regex": True}, ToolError, "it repeats too much"),
        ({"pattern": "a" * 1001}, ToolError, "argument 'pattern'"),
        ({"pattern": ""}, ToolError, "argument 'pattern'"),
        ({"pattern": "a", "context": 21}, ToolError, "argument 'context'"),
        ({"pattern": "a", "path": "none"}, ToolError, "there is no 'none'"),
        ({"pattern": "a", "path": "poem.txt/x"}, ToolError, "there is no 'poem.txt/x'"),
        ({"pattern": "a", "path": "../secret.txt"}, DeniedError, "has '..' in it"),
        ({"pattern": "a", "path": "out"}, DeniedError, "leads out"),
        ({"pattern": "a", "glob": "../*"}, DeniedError, "has '..' in it"),
    ],
)
def test_what_cannot_be_searched_is_said(search: Any, arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        search(**arguments)


def test_a_search_ends_at_its_bounds_and_says_that_there_is_more(base: Path, search: Any) -> None:
    (base / "texts" / "many").write_text("word " * 50 + "\n" + "word\n" * 200_000)
    result = search(pattern="word", path="many", max_matches=1000)
    assert (len(result["matches"]), result["truncated"]) == (1000, True)
    assert result["matches"][-1]["line"] == 1000
    assert search(pattern="word", path="many")["truncated"]
    (base / "texts" / "wide").write_text(("x" * 100_000 + "y\n") * 70)
    result = search(pattern="y$", regex=True, path="wide", context=20, max_matches=1000)
    assert (0 < len(result["matches"]) < 70, result["truncated"]) == (True, True)
    assert {len(match["text"]) for match in result["matches"]} == {500}


@pytest.mark.parametrize(
    "pattern", [r"(a*)*b", r"(a|a)*(a|a)*b", r"(.*)(.*)(.*)(.*)[^a]x", r"^(([a-z])+.)+[A-Z]([a-z])+$"]
)
def test_no_pattern_takes_longer_than_its_text(base: Path, search: Any, pattern: str) -> None:
    (base / "texts" / "hostile").write_text("a" * 1_000_000)
    assert search(pattern=pattern, regex=True, path="hostile")["matches"] == []


def test_a_pattern_that_is_slow_is_given_up_after_some_seconds(base: Path, search: Any) -> None:
    import random

    letters = random.Random(1).choices("ab", k=4_000_000)
    (base / "texts" / "hostile").write_text("".join(letters))
    result = search(pattern="(a|b)*a(a|b){900}c", regex=True, path="hostile")
    assert (result["matches"], result["truncated"]) == ([], True)
