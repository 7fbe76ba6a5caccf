"""Answers that must be data: read from what a model wrote, and what it is told when they do not fit. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from llmspell.providers import wirejson
from llmspell.schemas import Schema

_FENCED: Final = re.compile(r"\s*```[a-zA-Z]*[ \t]*\n(.*)\n\s*```\s*", re.DOTALL)
"""How models wrap an answer that they were asked to give bare."""

SHOWN: Final = 100
"""Characters of an answer that did not fit."""


class Answer(NamedTuple):
    """An answer as data, or what is wrong with it."""

    data: Any
    problems: Sequence[str] = ()


def read_answer(text: str, schema: Schema) -> Answer:
    """Raises InvalidArgument for an answer that is too large to be checked."""
    fenced = _FENCED.fullmatch(text)
    try:
        data = wirejson.plain(wirejson.load(fenced[1] if fenced else text))
    except ValueError as error:
        return Answer(None, [f"it is not JSON: {error}"])
    return Answer(data, schema.problems(data))


def shortened(text: str) -> str:
    """An answer for an error's hint: on one line, its beginning."""
    line = " ".join(text[:1_000].split())
    return line if len(line) <= SHOWN else line[:SHOWN] + " ..."


def complaint(problems: Sequence[str]) -> str:
    """The message with which the model is asked again."""
    listed = "\n".join(f"- {problem}" for problem in problems)
    return f"The answer does not fit the JSON Schema:\n{listed}\nGive the whole answer again, as JSON only."
