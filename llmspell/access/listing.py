"""What is in granted folders: listings, walks, patterns, and what is known of one entry. Blocking.

Every listing and every walk is bounded. Links are shown and not followed, but for those in the path that was asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from llmspell.access.beneath import FOLDER
from llmspell.access.globs import Glob, is_wild
from llmspell.access.granted import Granted, Kind, Place, kind_of
from llmspell.access.replace import is_unfinished
from llmspell.access.roots import MAX_COMPONENTS, View, is_nameable, mounts_below
from llmspell.errors import LlmspellError

MAX_LISTED: Final = 10_000
"""Entries of one listing, and of one answer: some megabytes of names."""
MAX_WALKED: Final = 100_000
"""Entries that one walk looks at: a large source tree; it takes about a second."""


class Entry(NamedTuple):
    """What is known of a file or folder: its path in the script's view, its bytes (0 for what is no file), and when it
    was changed, in seconds since 1970 (0 for a folder that only leads to granted ones)."""

    path: str
    type: Kind
    size: int
    modified: float


class Listing:
    """What may be seen in the granted folders."""

    def __init__(self, granted: Granted) -> None:
        self.granted = granted

    def list(self, path: str = "") -> Sequence[Entry]:
        """What is in a folder, by name. Names that a script could not give back are left out."""
        return tuple(self._listed(self.granted.view(path)).values())

    def walk(self, path: str = "", within: Glob | None = None) -> Iterator[Entry]:
        """Everything beneath a folder whose path from there `within` fits. Folders within that cannot be looked into
        are left out."""
        top = self.granted.view(path)
        looked, left = 0, [(top, Entry(path, "folder", 0, 0.0))]
        while left:
            seen, entry = left.pop()
            names = seen.names[len(top.names) :]
            if names and (within is None or within.fits(names)):
                yield entry
            if entry.type != "folder" or (within is not None and not within.may_fit_below(names)):
                continue
            try:
                inner = self._listed(seen, MAX_WALKED)
            except LlmspellError as error:
                if not names or error.details.get("reason") == "too_much":
                    raise
                continue
            if (looked := looked + len(inner)) > MAX_WALKED:
                raise self.too_many(top, MAX_WALKED)
            if len(seen.names) < MAX_COMPONENTS:
                left.extend((seen.child(name), inner[name]) for name in reversed(inner))

    def glob(self, pattern: str, path: str = "") -> Sequence[Entry]:
        """Files and folders whose path fits: `*`, `?` and `[abc]` within a name, `**` for any folders."""
        whole = self.granted.view(f"{path}/{pattern}" if path and not pattern.startswith("/") else pattern)
        plain = next((at for at, part in enumerate(whole.names) if is_wild(part)), len(whole.names) - 1)
        above = whole.first(max(plain, 0))
        found: list[Entry] = []
        if not self.exists(str(above)) or self.stat(str(above)).type != "folder":
            return ()
        for entry in self.walk(str(above), Glob(whole.names[len(above.names) :])):
            if len(found) == MAX_LISTED:
                raise self.too_many(whole, MAX_LISTED)
            found.append(entry)
        return found

    def stat(self, path: str) -> Entry:
        """What is known of a file or folder."""
        seen = self.granted.view(path)
        with self.granted.existing(seen) as places:
            return _entry(str(seen), places[0].status) if places else Entry(str(seen), "folder", 0, 0.0)

    def exists(self, path: str) -> bool:
        """Is there anything of that path? DeniedError where nothing is granted."""
        try:
            self.stat(path)
        except LlmspellError as error:
            if error.details.get("reason") != "not_found":
                raise
            return False
        return True

    def _listed(self, path: View, most: int = MAX_LISTED) -> dict[str, Entry]:
        """By name, in order."""
        mounts = mounts_below(self.granted.roots, path)
        found = {name: Entry(str(path.child(name)), "folder", 0, 0.0) for name in mounts}
        with self.granted.existing(path) as places:
            if places and places[0].kind != "folder":
                raise self.granted.failed("wrong_type", f"'{path.shown}' is not a folder")
            for place in places:
                if place.kind == "folder":
                    self._list_into(found, place, path, most)
        return dict(sorted(found.items()))

    def _list_into(self, found: dict[str, Entry], place: Place, path: View, most: int) -> None:
        folder = os.open(place.name, FOLDER, dir_fd=place.folder)
        try:
            with os.scandir(folder) as items:
                for item in items:
                    name = item.name
                    if name in found or is_unfinished(name) or not is_nameable(name):
                        continue
                    if len(found) == most:
                        raise self.too_many(path, most)
                    try:
                        found[name] = _entry(str(path.child(name)), item.stat(follow_symlinks=False))
                    except FileNotFoundError:  # it has gone since
                        continue
        finally:
            os.close(folder)

    def too_many(self, path: View, most: int) -> LlmspellError:
        """The error that says so."""
        return self.granted.failed("too_much", f"'{path.shown}' has more than {most:,} entries", "look at a part of it")


def _entry(path: str, status: os.stat_result | None) -> Entry:
    assert status is not None
    kind = kind_of(status.st_mode)
    return Entry(path, kind, status.st_size if kind == "file" else 0, status.st_mtime)
