"""The command line of `run`: what it means, what is refused, and that the fast parser and cyclopts agree on both."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.cli.app import understand
from llmspell.cli.options import OPTIONS, RunRequest, parse, wanted_format
from llmspell.cli.session import Session
from llmspell.errors import UsageError

SESSION = Session([])

READ = {
    "x.lua": RunRequest("x.lua"),
    "x.lua a b": RunRequest("x.lua", ("a", "b")),
    "x.lua -- a b": RunRequest("x.lua", ("a", "b")),
    "x.lua a -- --fuel b -- c": RunRequest("x.lua", ("a", "--fuel", "b", "--", "c")),
    "-- x.lua --stream": RunRequest("x.lua", ("--stream",)),
    "--stream x.lua": RunRequest("x.lua", stream=True),
    "x.lua --stream": RunRequest("x.lua", stream=True),
    "- a -": RunRequest("-", ("a", "-")),
    "x.lua --fuel 1e9 --mem 50M": RunRequest("x.lua", fuel=10**9, mem=50 * 1024 * 1024),
    "x.lua --fuel=1_000 a --timeout=1.5s b": RunRequest("x.lua", ("a", "b"), fuel=1000, timeout=1500),
    "x.lua --fuel unlimited --timeout unlimited": RunRequest("x.lua", fuel="unlimited", timeout="unlimited"),
    "x.lua --max-cost 0.50": RunRequest("x.lua", max_cost=500_000_000),
    "--max-cost=unlimited x.lua": RunRequest("x.lua", max_cost="unlimited"),
    "x.lua --max-cost 0": RunRequest("x.lua", max_cost=0),
    "--output json x.lua --verbose": RunRequest("x.lua", output="json", verbose=True),
    "--output=events x.lua": RunRequest("x.lua", output="events"),
}
HANDED_OVER = {
    "x.lua --stream=true": RunRequest("x.lua", stream=True),
    "x.lua --stream=false": RunRequest("x.lua"),
    "x.lua -5": RunRequest("x.lua", ("-5",)),
}
REFUSED = {
    "x.lua --fuel": "requires an argument",
    "x.lua --fuel --stream": "requires an argument",
    "x.lua --fuel 1 --fuel 2": "multiple times",
    "x.lua --fule 1": "Did you mean --fuel?",
    "x.lua --no-stream": "Unknown option",
    "x.lua -x": "Unknown option",
    "": "no file is named",
    "--stream": "no file is named",
    "x.lua --fuel many": '--fuel: "many" is not a count',
    "x.lua --fuel=": '--fuel: "" is not a count',
    "x.lua --fuel 0": '--fuel: "0" is out of range: it must be at least 1',
    "x.lua --fuel -3": '--fuel: "-3" is not a count',
    "x.lua --fuel 1e30": "the largest number there is here",
    "x.lua --mem 50": '--mem: "50" is not a size',
    "x.lua --mem 5K": "it must be at least 1MB",
    "x.lua --mem 5G": "it must be at most 4GB",
    "x.lua --mem unlimited": '--mem: "unlimited" is not a size',
    "x.lua --timeout 30": '--timeout: "30" is not a time',
    "x.lua --timeout 0s": "it must be at least 1ms",
    "x.lua --max-cost $1": '--max-cost: "$1" is not an amount of US dollars: write a number such as "0.50"',
    "x.lua --max-cost 2e6": "it must be at most $1,000,000.00",
    "x.lua --output xml": "write text, json or events",
}


def words_of(line: str) -> list[str]:
    return line.split(" ") if line else []


@pytest.mark.parametrize("line", READ)
def test_both_parsers_read_the_plain_forms_alike(line: str) -> None:
    assert parse(words_of(line)) == READ[line]
    assert understand(["run", *words_of(line)], SESSION) == READ[line]


@pytest.mark.parametrize("line", HANDED_OVER)
def test_the_fast_parser_hands_over_what_only_cyclopts_knows(line: str) -> None:
    assert parse(words_of(line)) is None
    assert understand(["run", *words_of(line)], SESSION) == HANDED_OVER[line]


def outcome(read: Callable[[list[str]], RunRequest | int | None], words: list[str]) -> RunRequest | int | str | None:
    """What a parser gives, or what it complains of."""
    try:
        return read(words)
    except UsageError as error:
        return error.message


def slowly(words: list[str]) -> RunRequest | int | None:
    return understand(["run", *words], SESSION)


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_wrong_is_said_the_same_way_by_both(line: str) -> None:
    complaint = outcome(slowly, words_of(line))
    assert isinstance(complaint, str)
    assert REFUSED[line] in complaint
    assert outcome(parse, words_of(line)) in (None, complaint)


WORDS = ["x.lua", "a", "", "-", "--", "-5", "-x", "1e9", "50M", "1s", "json", "--nope", "true"] + [
    word for option in OPTIONS for word in (option.flag, f"{option.flag}=1e9", f"{option.flag}=json")
]


@given(st.lists(st.sampled_from(WORDS), max_size=7))
def test_whatever_the_fast_parser_understands_cyclopts_understands_alike(words: list[str]) -> None:
    fast = outcome(parse, words)
    assert fast is None or outcome(slowly, words) == fast


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("run x.lua", "text"),
        ("run x.lua --output json", "json"),
        ("run --output=events --nope", "events"),
        ("run x.lua -- --output json", "text"),
        ("run x.lua --output xml", "text"),
        ("run x.lua --output", "text"),
        ("run x.lua --output json --output text", "text"),
        ("--output json", "json"),
        ("run json", "text"),
    ],
)
def test_the_form_of_output_is_known_also_from_a_wrong_command_line(line: str, expected: str) -> None:
    assert wanted_format(words_of(line)) == expected
