"""What is wrong in one manifest: collects every problem with its place, and keeps secrets out of what is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from llmspell.errors import ManifestError, Problem
from llmspell.manifest.positions import Path, Positions, Span

MAX_PROBLEMS = 100
"""Nobody reads more; a megabyte of unknown keys would take minutes to find suggestions for."""
USE_API_KEY_ENV = (
    'keep the key in an environment variable and name that one in the provider, as in api_key_env = "OPENAI_API_KEY"'
)
_SHOWN = 40
_COMPARED = 200  # names that a suggestion is chosen from: comparing takes time
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_SECRET_NAME = re.compile(r"(?:^|[_-])(?:api[_-]?)?(?:key|token|secret|password|passwd|authorization|credentials?)$")
_AUTH_HEADER = re.compile(r"(?:^|-)(?:api-?)?(?:key|token|secret|authorization|auth|cookie)$")
_SECRET_LINE = re.compile(
    r"""(?i)((?:key|key_env|key_file|key_keyring|token|secret|password|passwd|authorization)["']?[ \t]*[=:])(.*)"""
)
_USER_INFO = re.compile(r"""(?<=://)[^/\s"']+(?=@)""")


class TooManyProblems(Exception):
    """The report is full."""


class Report:
    """The problems of one manifest text."""

    def __init__(self, file: str, source: str, positions: Positions, homes: Mapping[str, str]) -> None:
        """`homes` says of keys that only one section has, which one: for those who put one elsewhere."""
        self.file = file
        self.homes = homes
        self.problems: list[Problem] = []
        self._source = source
        self._positions = positions
        self._secrets: list[Span] = []
        self._full = False

    def add(self, path: Path, message: str, hint: str = "", *, on_key: bool = False, secret: bool = False) -> None:
        """One problem, at the value of `path` or at its key. A secret's value is blanked wherever it would be shown."""
        if len(self.problems) == MAX_PROBLEMS:
            self._full = True
            raise TooManyProblems
        line = column = 0
        if place := self._positions.find(path):
            line, column = self._positions.line_column((place.key if on_key else place.value).start)
        if secret:
            self._secrets += [p.value for key, p in self._positions.places.items() if key[: len(path)] == path]
        self.problems.append(Problem(message, path_text(path), line, column, hint))

    def error(self) -> ManifestError:
        problems = sorted(self.problems, key=lambda problem: (problem.line, problem.column))
        if self._full:
            problems.append(Problem(f"only the first {MAX_PROBLEMS} problems are shown"))
        text = self._source
        for start, end in self._secrets:
            text = text[:start] + re.sub(r"[^\n]", "*", text[start:end]) + text[end:]
        return ManifestError(self.file, problems, source=text)


class At:
    """A place in the document, from which to go deeper or to say what is wrong there."""

    __slots__ = ("path", "report")

    def __init__(self, report: Report, path: Path = ()) -> None:
        self.report = report
        self.path = path

    def child(self, part: str | int) -> At:
        return At(self.report, (*self.path, part))

    @property
    def label(self) -> str:
        """The last key, with the indexes behind it: what a message calls this place."""
        first = len(self.path) - 1
        while first > 0 and isinstance(self.path[first], int):
            first -= 1
        return f"`{path_text(self.path[first:])}`"

    def refuse(self, message: str, hint: str = "", *, on_key: bool = False, secret: bool = False) -> None:
        self.report.add(self.path, message, hint, on_key=on_key, secret=secret)

    def wrong(self, expected: str, value: Any, hint: str = "", *, secret: bool = False) -> None:
        """`label` must be `expected`, and was not."""
        found = type_name(value) if secret else describe(value)
        self.refuse(f"{self.label} must be {expected}, found {found}", hint, secret=secret)


def path_text(path: Path) -> str:
    """providers.local.replies[0].text; keys that are not bare are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if len(part) <= _SHOWN and _BARE.match(part) else shown(part))
    return text


def shown(value: bool | int | float | str) -> str:
    """A scalar as TOML writes it, on one line, cut when long."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value if len(value) <= _SHOWN else value[: _SHOWN - 3] + "...", ensure_ascii=False)
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def describe(value: Any) -> str:
    """A value of a TOML document in words: its type, and the value itself when it is short to say."""
    name = type_name(value)
    return f"the {name.split()[1]} {shown(value)}" if isinstance(value, (bool, int, float, str)) else name


def type_name(value: Any) -> str:
    names = {bool: "a boolean", int: "an integer", float: "a float", str: "a string", list: "an array", dict: "a table"}
    return names.get(type(value), "a date or time")


def nearest(name: str, known: list[str]) -> str:
    """The known name that was probably meant, or ""."""
    if len(name) > 64:
        return ""
    import difflib

    plain = {other.lower().replace("-", "_"): other for other in known[:_COMPARED]}
    close = difflib.get_close_matches(name.lower().replace("-", "_"), list(plain), n=1)
    return plain[close[0]] if close else ""


def is_secret_name(name: str) -> bool:
    """Whether a key of this name would hold a credential: api_key, token, password, ..."""
    return bool(_SECRET_NAME.search(name.lower()))


def is_auth_header(name: str) -> bool:
    return bool(_AUTH_HEADER.search(name.lower()))


def without_secrets(text: str) -> str:
    """A text that is not TOML, for showing: what follows a key with a secret's name is blanked to the line's end."""
    text = _SECRET_LINE.sub(lambda match: match[1] + "*" * len(match[2]), text)
    return _USER_INFO.sub(lambda match: "*" * len(match[0]), text)
