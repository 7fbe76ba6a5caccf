"""What is done to a text without looking anything up: its case, its white space, its shape. Pure, in one table."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, Final

from llmspell.errors import ToolError
from llmspell.tools.base import Arguments

MAX_OUTPUT: Final = 16 * 1024 * 1024


def _words(text: str) -> list[str]:
    """helloWorld, hello_world and "hello world" are two words."""
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+", text)


def _camel(text: str) -> str:
    first, *rest = _words(text) or [""]
    return first.lower() + "".join(word.capitalize() for word in rest)


def _truncate(text: str, arguments: Arguments) -> str:
    length = int(arguments.get("length", 100))
    return text if len(text) <= length else text[: max(0, length - 3)] + "..." if length > 3 else text[:length]


def _indent(text: str, arguments: Arguments) -> str:
    spaces = int(arguments.get("spaces", 4))
    if len(text) + spaces * (text.count("\n") + 1) > MAX_OUTPUT:
        raise ToolError(f"text: the text would be longer than {MAX_OUTPUT >> 20} MB")
    return textwrap.indent(text, " " * spaces)


def _wrap(text: str, arguments: Arguments) -> str:
    width = int(arguments.get("width", 80))
    return "\n".join(textwrap.fill(line, width) for line in text.split("\n"))


def _plain(change: Callable[[str], str]) -> Callable[[str, Arguments], str]:
    return lambda text, _: change(text)


FORMS: Final[Mapping[str, Callable[[str, Arguments], Any]]] = {
    "upper": _plain(str.upper),
    "lower": _plain(str.lower),
    "reverse": _plain(lambda text: text[::-1]),
    "trim": _plain(str.strip),
    "snake_case": _plain(lambda text: "_".join(_words(text)).lower()),
    "camel_case": _plain(_camel),
    "pascal_case": _plain(lambda text: "".join(word.capitalize() for word in _words(text))),
    "normalize_space": _plain(lambda text: " ".join(text.split())),
    "dedent": _plain(textwrap.dedent),
    "indent": _indent,
    "truncate": _truncate,
    "wrap": _wrap,
    "count": lambda text, _: {
        "characters": len(text),
        "words": len(text.split()),
        "lines": len(text.splitlines()),
        "bytes": len(text.encode()),
    },
}
"""What each makes of the text and the call's arguments."""
SLOW_FORMS: Final = ("wrap", "dedent")
"""Those that textwrap makes: a megabyte of spaces takes it half a minute."""
