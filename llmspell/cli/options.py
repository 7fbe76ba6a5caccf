"""What `llmspell run` takes: one table of options. The fast parser here and the cyclopts app (app.py) are both made
from it, and a value is read in one place, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, get_args

from llmspell.errors import UsageError
from llmspell.limits import dollars
from llmspell.manifest.model import LIMIT_RANGES, OutputFormat, Unlimited
from llmspell.manifest.units import (
    format_duration_ms,
    format_size,
    parse_count,
    parse_dollars,
    parse_duration_ms,
    parse_size,
)

FORMATS: Final[tuple[str, ...]] = get_args(OutputFormat)


class RunRequest(NamedTuple):
    """One `llmspell run`, read and checked. None is what was not said."""

    file: str
    args: tuple[str, ...] = ()
    fuel: int | Unlimited | None = None
    mem: int | None = None
    timeout: int | Unlimited | None = None
    max_cost: int | Unlimited | None = None
    stream: bool = False
    output: OutputFormat | None = None
    verbose: bool = False
    attach: tuple[str, ...] = ()
    yes: bool = False
    dry_run: bool = False
    record: str | None = None


class Option(NamedTuple):
    """One option: `--NAME VALUE`, or a flag where there is no `metavar`. `read` takes the word and raises ValueError
    with a sentence."""

    name: str
    help: str
    metavar: str = ""
    read: Callable[[str], Any] = str
    group: str = "Output"
    repeats: bool = False
    """It may be given several times; the request has a tuple of all."""

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def field(self) -> str:
        """Of RunRequest."""
        return self.name.replace("-", "_")


def _limit(
    field: str, parse: Callable[[str], int], show: Callable[[int], str], *, unlimited: bool = False
) -> Callable[[str], Any]:
    """A reader of one limit, which holds it to the same range as the manifest does."""
    low, high = LIMIT_RANGES[field]

    def read(word: str) -> int | str:
        if unlimited and word == "unlimited":
            return word
        value = parse(word)
        if not low <= value <= high:
            bound = f"at least {show(low)}" if value < low else f"at most {show(high)}"
            raise ValueError(f'"{word}" is out of range: it must be {bound}')
        return value

    return read


def _format(word: str) -> str:
    if word not in FORMATS:
        raise ValueError(f'"{word[:32]}" is not a form of output: write text, json or events')
    return word


OPTIONS: Final = (
    Option(
        name="fuel",
        metavar="COUNT",
        group="Limits",
        read=_limit("fuel", parse_count, "{:,}".format, unlimited=True),
        help='WebAssembly instructions; 1e10 is about a second of Lua. "unlimited" lifts the limit.',
    ),
    Option(
        name="mem",
        metavar="SIZE",
        group="Limits",
        read=_limit("memory_bytes", parse_size, format_size),
        help="Memory of the sandbox, such as 50M.",
    ),
    Option(
        name="timeout",
        metavar="TIME",
        group="Limits",
        read=_limit("wall_ms", parse_duration_ms, format_duration_ms, unlimited=True),
        help='Time from start to end, waiting included, such as 30s. "unlimited" lifts the limit.',
    ),
    Option(
        name="max-cost",
        metavar="USD",
        group="Limits",
        read=_limit("cost", parse_dollars, dollars, unlimited=True),
        help='What models may cost, in US dollars, such as 0.50. "unlimited" lifts the limit.',
    ),
    Option(
        name="attach",
        metavar="FILE",
        group="Input",
        repeats=True,
        help="A file that the script finds in Run.media; may be given several times.",
    ),
    Option(
        name="output",
        metavar="|".join(FORMATS),
        read=_format,
        help="What stdout gets: what the script prints and returns, one JSON object, or one JSON event a line.",
    ),
    Option(
        name="stream",
        help="Show on stderr, when it is a terminal, what runs right now, and what models are saying. "
        "Adds the model's words to --output events.",
    ),
    Option(
        name="record",
        metavar="FILE",
        help="Write each request to a model and what came of it to FILE, which a provider of kind replay plays.",
    ),
    Option(name="verbose", help="Show debug messages of the script too, as LLMSPELL_LOG=debug does."),
    Option(name="yes", group="Tools", help="Confirm every call of tools that ask before each call (`confirm = true`)."),
    Option(
        name="dry_run",
        group="Tools",
        help="Say on stderr what models would be asked and which tools called, and do none of it but what touches "
        "nothing.",
    ),
)
_BY_FLAG: Final = {option.flag: option for option in OPTIONS}


def request(file: str, args: Sequence[str], given: Mapping[str, Any]) -> RunRequest:
    """The request that the words ask for: `given` has a word for each option, by its field, a list of them for one that
    repeats, True for a flag. Raises UsageError for a value that cannot be read."""
    values: dict[str, Any] = {}
    for option in OPTIONS:
        word = given.get(option.field)
        if word is None or word is False:
            continue
        try:
            if option.repeats:
                values[option.field] = tuple(map(option.read, word))
            else:
                values[option.field] = word if word is True else option.read(word)
        except ValueError as error:
            raise UsageError(f"{option.flag}: {error}") from None
    return RunRequest(file=file, args=tuple(args), **values)


def parse(words: Sequence[str]) -> RunRequest | None:
    """The request of the words after `run`, when they are in plain form: FILE, arguments and known options, and after
    `--` anything. None hands over to cyclopts, which knows more forms and explains what is wrong. Raises UsageError.
    """
    given: dict[str, Any] = {}
    rest: list[str] = []
    queue = iter(words)
    for word in queue:
        if word == "--":
            rest.extend(queue)
        elif word == "-" or not word.startswith("-"):
            rest.append(word)
        else:
            flag, equals, value = word.partition("=")
            option = _BY_FLAG.get(flag)
            if option is None or (option.field in given and not option.repeats):
                return None
            if not option.metavar:
                if equals:
                    return None
                given[option.field] = True
            else:
                if not equals:
                    value = next(queue, "-")
                    if value.startswith("-"):
                        return None
                given[option.field] = [*given.get(option.field, ()), value] if option.repeats else value
    return request(rest[0], rest[1:], given) if rest else None


def wanted_format(words: Sequence[str]) -> str:
    """The form of output that a command line asks for, however wrong the rest of it is: errors take it too."""
    wanted, previous = "text", ""
    for word in words:
        if word == "--":
            break
        value = word if previous == "--output" else word.removeprefix("--output=") if "=" in word else ""
        if value in FORMATS:
            wanted = value
        previous = word
    return wanted
