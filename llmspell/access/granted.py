"""The granted folders of one tool: where on disk a path is, and in which words it is not, or may not be touched."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, NamedTuple

from llmspell.access.beneath import beneath
from llmspell.access.roots import Candidate, Root, View, candidates, mounts_below, view
from llmspell.errors import DeniedError, LlmspellError, ToolError

Kind = Literal["file", "folder", "link", "other"]
Reason = Literal["arguments", "not_found", "exists", "wrong_type", "too_large", "too_much", "system"]
"""Why an operation failed, for a script to look at: `details.reason`."""

_WORDS: Final = {
    errno.EACCES: "the system does not permit it",
    errno.EPERM: "the system does not permit it",
    errno.ENOENT: "it is not there",
    errno.EEXIST: "it exists already",
    errno.ENOTDIR: "it is no folder, or beneath something that is none",
    errno.EISDIR: "it is a folder",
    errno.ENOTEMPTY: "the folder is not empty",
    errno.EINVAL: "the system refuses it",
    errno.EXDEV: "the other place is on another file system",
    errno.ELOOP: "it goes over too many symbolic links, or over links in a ring",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}


class Place(NamedTuple):
    """An entry that may be there or not: its name, the descriptor of the folder that it is in, and what was there when
    it was looked for (None for nothing). The name of a granted folder itself is "."."""

    folder: int
    name: str
    root: Root
    status: os.stat_result | None

    @property
    def kind(self) -> Kind | None:
        return None if self.status is None else kind_of(self.status.st_mode)


def kind_of(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"


class Granted:
    """Folders granted to `who`, which begins the messages, in `section` of the manifest. What fails is raised as
    `failure`, what is not granted as DeniedError. Where the folders are is settled here, before a script runs."""

    def __init__(self, roots: Sequence[Root], who: str, section: str, failure: type[LlmspellError] = ToolError) -> None:
        self.roots = tuple(replace(root, folder=Path(os.path.realpath(root.folder))) for root in roots)
        self._who = who
        self._section = section
        self._failure = failure

    def view(self, path: str) -> View:
        """The path, or DeniedError for one that could not stay in a folder."""
        try:
            return view(path)
        except DeniedError as error:
            raise self._denied(error.message, error.hint) from None

    @contextmanager
    def existing(self, path: View) -> Iterator[list[Place]]:
        """Where there is something of that path, links followed; the first place is what the path means; folders
        of the same path follow it. None where the path only leads to folders that are granted."""
        with self.translated(path), ExitStack() as stack:
            found: list[Place] = []
            for candidate in self._candidates(path):
                place = _open(stack, candidate)
                if place is not None and place.status is not None:
                    found.append(place)
                    if place.kind != "folder":
                        break
            if not found and not mounts_below(self.roots, path):
                raise self.not_found(path)
            yield found

    @contextmanager
    def to_write(self, path: View, *, follow: bool = True, as_folder: bool = False) -> Iterator[Place]:
        """The entry of that path in a folder granted for writing, or the free place for a new one. What exists in a
        folder granted for reading is never hidden by something new; a folder may lie over another one, `as_folder`."""
        with self.translated(path), ExitStack() as stack:
            free = None
            possible = self._candidates(path)
            for candidate in possible:
                place = _open(stack, candidate, follow=follow, make=candidate.root.writable)
                if place is None or (as_folder and place.kind == "folder" and not place.root.writable):
                    continue
                if place.status is not None:
                    if not place.root.writable:
                        raise self._read_only(path, place.root)
                    yield place
                    return
                if free is None and place.root.writable:
                    free = place
            if free is not None:
                yield free
            elif any(candidate.root.writable for candidate in possible):
                where = path.first(len(path.names) - 1).shown
                raise self.failed("not_found", f"there is no folder '{where}' to write into")
            else:
                raise self._read_only(path, possible[0].root) if possible else self._outside(path)

    def failed(self, reason: Reason, message: str, hint: str = "") -> LlmspellError:
        return self._failure(f"{self._who}: {message}", hint=hint, details={"tool": self._who, "reason": reason})

    def not_found(self, path: View) -> LlmspellError:
        missing = [f"'{root.path}'" for root in self.roots if not root.folder.is_dir()]
        hint = f"the manifest grants what is no folder: {', '.join(missing)}" if missing else ""
        return self.failed("not_found", f"there is no '{path.shown}' in the granted folders", hint)

    @contextmanager
    def translated(self, path: View) -> Iterator[None]:
        """What the system says against a path, as an error that names it."""
        try:
            yield
        except OSError as error:
            words = _WORDS.get(error.errno or 0) or (error.strerror or str(error)).lower()
            raise self.failed("system", f"'{path.shown}': {words}") from None
        except DeniedError as error:
            if error.details:  # it is ours already
                raise
            raise self._denied(f"'{path.shown}': {error.message}", error.hint) from None

    def _candidates(self, path: View) -> list[Candidate]:
        found = candidates(self.roots, path)
        if found or mounts_below(self.roots, path):
            return found
        raise self._outside(path)

    def _outside(self, path: View) -> DeniedError:
        if not self.roots:
            hint = f'grant one with `roots = [{{ path = "data" }}]` under [{self._section}]'
            return self._denied(f"no folder is granted, so '{path.shown}' is out of reach", hint)
        hint = f"`roots` under [{self._section}] grants {', '.join(map(str, self.roots))}"
        return self._denied(f"'{path.shown}' is in no granted folder", hint)

    def _read_only(self, path: View, root: Root) -> DeniedError:
        hint = f"grant '{root.path}' with `mode = \"write\"` in `roots` under [{self._section}]"
        return self._denied(f"'{path.shown}' is granted for reading only", hint)

    def _denied(self, message: str, hint: str) -> DeniedError:
        return DeniedError(f"{self._who}: {message}", hint=hint, details={"tool": self._who})


def _open(stack: ExitStack, candidate: Candidate, *, follow: bool = True, make: bool = False) -> Place | None:
    """The place, or None where the folder that it would be in is missing."""
    try:
        folder, name = stack.enter_context(beneath(candidate.root.folder, candidate.names, follow=follow, make=make))
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        status = None
    return Place(folder, name, candidate.root, status)
