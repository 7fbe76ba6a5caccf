"""Files beneath granted folders: reading, writing, and what else is done with them. Blocking; call it on a thread.

Only regular files and folders are touched. A file is written whole or not at all (`replace.py`). Everything is bounded:
the size of a file, what one run writes, what is deleted at once.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Final

from llmspell.access.granted import Granted, Place, kind_of
from llmspell.access.listing import MAX_WALKED, Listing
from llmspell.access.replace import replace
from llmspell.access.roots import MAX_COMPONENTS, View, mounts_below
from llmspell.errors import LlmspellError

BLOCK: Final = 4096
"""Bytes that whatever is made counts at least, as on most disks: so empty files are bounded too."""

_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_PIECE: Final = 1 << 20


class Files(Listing):
    """What may be done in the granted folders, in one run. `max_file` are the bytes of one file, `max_written` those
    that the run writes in all. Changes are made one at a time, so that two appends at once both arrive."""

    def __init__(self, granted: Granted, *, max_file: int, max_written: int) -> None:
        super().__init__(granted)
        self.max_file = max_file
        self._max_written = max_written
        self._written = 0
        self._changing = threading.Lock()

    # ---- reading ----

    @contextmanager
    def open(self, path: str) -> Iterator[int]:
        """The descriptor of a regular file, for reading, closed afterwards; its size is not bounded here."""
        seen = self.granted.view(path)
        with self.granted.existing(seen) as places, self._opened(places, seen) as file:
            yield file

    def read(self, path: str, *, offset: int = 0, limit: int | None = None) -> bytes:
        """The content of a file; with `limit` that many bytes of it at most, from `offset` on, and the file itself may
        be of any size."""
        seen = self.granted.view(path)
        with self.open(path) as file:
            size = os.fstat(file).st_size - offset  # not told for what the system makes up, such as /proc
            if limit is None and size > self.max_file:
                raise self._too_large(seen)
            wanted = self.max_file + 1 if limit is None else limit
            with open(file, "rb", closefd=False) as opened:
                if offset and opened.seekable():
                    opened.seek(offset)
                data = opened.read(wanted)
        if limit is None and len(data) > self.max_file:
            raise self._too_large(seen)
        return data

    # ---- changing ----

    def write(self, path: str, data: bytes, *, overwrite: bool = True) -> int:
        """Write a whole file. Gives its bytes."""
        return self._store(path, [data], overwrite=overwrite)

    def append(self, path: str, data: bytes) -> int:
        """Put data behind what is in a file, or make it. Gives the bytes that it has then."""
        return self._store(path, [data], append=True)

    def copy(self, source: str, target: str, *, overwrite: bool = False) -> int:
        """Copy one file. Gives its bytes."""
        with self.open(source) as file:
            return self._store(target, _pieces(file), overwrite=overwrite)

    def move(self, source: str, target: str, *, overwrite: bool = False) -> None:
        """Move or rename one file, link or folder; onto another only a file onto a file, with `overwrite`."""
        old_path, new_path = self.granted.view(source), self.granted.view(target)
        with (
            self._changing,
            self.granted.to_write(old_path, follow=False) as old,
            self.granted.to_write(new_path, follow=False) as new,
        ):
            self._check_whole(old, old_path)
            if new.status is not None and not (overwrite and old.kind == new.kind == "file"):
                raise self.granted.failed("exists", f"'{new_path.shown}' exists already")
            try:
                os.replace(old.name, new.name, src_dir_fd=old.folder, dst_dir_fd=new.folder)
            except OSError as error:
                if error.errno != errno.EXDEV or old.kind != "file" or old.status is None:
                    raise
                with self._opened([old], old_path) as file:
                    pieces = self._bounded(self._charged(_pieces(file)), new_path)
                    replace(new.folder, new.name, pieces, old.status.st_mode)
                os.unlink(old.name, dir_fd=old.folder)

    def delete(self, path: str, *, recursive: bool = False) -> None:
        """Delete a file, a link, or an empty folder; with `recursive` a folder and everything in it."""
        seen = self.granted.view(path)
        with self._changing, self.granted.to_write(seen, follow=False) as place:
            self._check_whole(place, seen)
            if place.kind != "folder":
                os.unlink(place.name, dir_fd=place.folder)
            elif recursive:
                self._check_size(place, seen)
                shutil.rmtree(place.name, dir_fd=place.folder)
            else:
                os.rmdir(place.name, dir_fd=place.folder)

    def mkdir(self, path: str) -> None:
        """Make a folder, and those above it that are missing. One that exists is left as it is."""
        whole = self.granted.view(path)
        with self._changing:
            for part in (whole.first(end) for end in range(1, len(whole.names) + 1)):
                if part != whole and mounts_below(self.granted.roots, part):
                    continue
                with self.granted.to_write(part, as_folder=True) as place:
                    if place.status is None:
                        self._spend(BLOCK)
                        os.mkdir(place.name, dir_fd=place.folder)
                    elif place.kind != "folder":
                        raise self.granted.failed("exists", f"'{part.shown}' exists already and is no folder")

    # ---- the parts ----

    def _store(self, path: str, data: Iterable[bytes], *, overwrite: bool = True, append: bool = False) -> int:
        seen = self.granted.view(path)
        with self._changing, self.granted.to_write(seen) as place:
            if place.status is None:
                return replace(place.folder, place.name, self._bounded(self._charged(data), seen))
            if place.kind != "file":
                raise self.granted.failed("wrong_type", f"'{seen.shown}' is not a regular file")
            if not (overwrite or append):
                raise self.granted.failed("exists", f"'{seen.shown}' exists already")
            if not place.status.st_mode & 0o222:
                raise self.granted.failed("system", f"'{seen.shown}' is marked as read-only")
            with self._opened([place], seen) as file:
                before = _pieces(file) if append else ()
                pieces = self._bounded(chain(before, self._charged(data)), seen)
                return replace(place.folder, place.name, pieces, place.status.st_mode)

    def _bounded(self, pieces: Iterable[bytes], path: View) -> Iterator[bytes]:
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > self.max_file:
                raise self._too_large(path)
            yield piece

    def _charged(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        self._spend(BLOCK)
        for piece in pieces:
            self._spend(len(piece))
            yield piece

    def _spend(self, size: int) -> None:
        if self._written + size > self._max_written:
            message = f"this run may write {self._max_written:,} bytes, and has written {self._written:,}"
            raise self.granted.failed("too_much", message, "the manifest's `max_write_size` says how much")
        self._written += size

    @contextmanager
    def _opened(self, places: Sequence[Place], path: View) -> Iterator[int]:
        """The file of the first place. It is looked at before it is opened, for opening a device may already do
        something, and after, for it may have been replaced."""
        if not places or places[0].kind != "file":
            raise self._not_regular(places, path)
        file = os.open(places[0].name, _FILE, dir_fd=places[0].folder)
        try:
            if kind_of(os.fstat(file).st_mode) != "file":
                raise self._not_regular((), path)
            yield file
        finally:
            os.close(file)

    def _check_whole(self, place: Place, path: View) -> None:
        """It is there, and not a granted folder itself."""
        if place.name == ".":
            raise self.granted.failed("wrong_type", f"'{path.shown}' is a granted folder itself")
        if place.status is None:
            raise self.granted.not_found(path)

    def _check_size(self, place: Place, path: View) -> None:
        """Before a folder is deleted: so much that it could not be undone is not begun, either."""
        count = 0
        for top, folders, files, _ in os.fwalk(place.name, dir_fd=place.folder):
            count += len(folders) + len(files)
            if count > MAX_WALKED or top.count("/") > MAX_COMPONENTS:
                raise self.too_many(path, MAX_WALKED)

    def _not_regular(self, places: Sequence[Place], path: View) -> LlmspellError:
        kind = places[0].kind if places else "folder"
        message = "is a folder, not a file" if kind == "folder" else "is not a regular file"
        return self.granted.failed("wrong_type", f"'{path.shown}' {message}")

    def _too_large(self, path: View) -> LlmspellError:
        return self.granted.failed(
            "too_large",
            f"'{path.shown}' is larger than {self.max_file:,} bytes",
            "the manifest's `max_file_size` says how large a file may be",
        )


def _pieces(file: int) -> Iterator[bytes]:
    while piece := os.read(file, _PIECE):
        yield piece
