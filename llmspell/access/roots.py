"""Granted folders, and which of them a path of the script's means. Pure: nothing here looks at a disk.

A folder appears in the script's view at its `at`; without one its content stands at the top, where several such
folders lie over each other. The longest `at` that a path begins with decides. A path is a name in the view and nothing
else: `..` is not resolved but refused, and an absolute path means something only where a folder is granted `at` one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from llmspell.errors import DeniedError
from llmspell.settings import FileRoot

MAX_PATH: Final = 4096
"""Bytes of a path, as Linux has it."""
MAX_COMPONENTS: Final = 64
"""Deeper than source trees go."""
MAX_NAME: Final = 255
"""Bytes of one name, as most file systems have it."""

_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class View:
    """A path in the script's view: its names without empty ones and `.`."""

    absolute: bool
    names: tuple[str, ...]

    def __str__(self) -> str:
        return "/" * self.absolute + "/".join(self.names)

    @property
    def shown(self) -> str:
        """As messages have it."""
        return shown(str(self))

    def child(self, name: str) -> View:
        return View(self.absolute, (*self.names, name))

    def first(self, count: int) -> View:
        """The path of its first `count` names."""
        return View(self.absolute, self.names[:count])

    def begins_with(self, other: View) -> bool:
        return self.absolute == other.absolute and self.names[: len(other.names)] == other.names


@dataclass(frozen=True, slots=True)
class Root:
    """A granted folder on disk, what the manifest calls it, and the place where it appears."""

    folder: Path
    path: str
    at: View
    writable: bool

    def __str__(self) -> str:
        place = f" at '{self.at}'" if str(self.at) else ""
        return f"'{self.path}'{place} ({'write' if self.writable else 'read'})"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A folder that may hold what a path means, and the names from there on."""

    root: Root
    names: tuple[str, ...]


def problem_of(path: str) -> str:
    """Why a path could not stay in a folder, or why no file has it; "" for a good one."""
    names = path.split("/")
    if ".." in names:
        return "has '..' in it"
    if not is_nameable(path):
        return "has characters that no file name has here: control characters, or such as are not Unicode"
    if len(path.encode()) > MAX_PATH or sum(name not in ("", ".") for name in names) > MAX_COMPONENTS:
        return f"is too long: {MAX_PATH:,} bytes and {MAX_COMPONENTS} names at most"
    if any(len(name.encode()) > MAX_NAME for name in names):
        return f"has a name that is too long: {MAX_NAME} bytes at most"
    return ""


def is_nameable(text: str) -> bool:
    """No control characters, which would reach a terminal, and nothing that has no UTF-8."""
    return not any(char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff" for char in text)


def shown(path: str) -> str:
    """A path for a message: not too long, and nothing in it that a terminal would not print."""
    cut = path if len(path) <= _SHOWN else f"{path[:_SHOWN]}..."
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in cut)


def view(path: str) -> View:
    """Raises DeniedError for a path that could not stay in a folder, or that no file can have."""
    if problem := problem_of(path):
        raise DeniedError(f"the path '{shown(path)}' {problem}", hint="give a path beneath a granted folder")
    return View(path.startswith("/"), tuple(name for name in path.split("/") if name not in ("", ".")))


def roots(settings: Iterable[FileRoot], base: Path) -> tuple[Root, ...]:
    """The folders of a manifest whose folder is `base`."""
    return tuple(Root(base / item.path, item.path, view(item.at or ""), item.mode == "write") for item in settings)


def candidates(granted: Sequence[Root], path: View) -> list[Candidate]:
    """The folders that the path may mean, in the manifest's order."""
    fitting = [root for root in granted if path.begins_with(root.at)]
    depth = max((len(root.at.names) for root in fitting), default=0)
    return [Candidate(root, path.names[depth:]) for root in fitting if len(root.at.names) == depth]


def mounts_below(granted: Iterable[Root], path: View) -> list[str]:
    """The names beneath a path that are there only because a folder appears at or below them."""
    depth = len(path.names)
    below = (root.at.names for root in granted if root.at.begins_with(path))
    return list(dict.fromkeys(names[depth] for names in below if len(names) > depth))
