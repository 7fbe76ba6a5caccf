"""From a folder to what is beneath it, component by component, with directory descriptors.

No component is followed by the system: a link is read, and the way begins again at the folder with the link's target
in its place, so that neither a link nor a race with another process leads out. An absolute link is refused even where
it points inside, as openat2 with RESOLVE_BENEATH does it. The way to the folder itself has no links either: it was
resolved before the run, and what a script exchanges there since (a folder above may be granted, too) is not followed.
However deep the way, two descriptors are open at most.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from llmspell.errors import DeniedError

MAX_TURNS: Final = 100
"""Links, and `..` within their targets, in one path. Linux follows 40 links."""
MAX_NAMES: Final = 256
"""In a path with its links resolved."""
FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a folder beneath is opened."""
_ABOVE: Final = FOLDER | getattr(os, "O_PATH", 0)
"""How one above is: on Linux without the permission to list it."""


@contextmanager
def beneath(root: Path, names: Sequence[str], *, follow: bool = True, make: bool = False) -> Iterator[tuple[int, str]]:
    """The descriptor of the folder that an entry is in, and its name there, "." for the root itself. Whether there is
    such an entry is not said. It is no link, unless without `follow`. Raises OSError where a folder on the way is
    missing, and DeniedError for a way that leads out. With `make` the root is made, where it is missing."""
    way = list(names)
    for _ in range(MAX_TURNS + 1):
        reached = _descend(_open_root(root, make=make), way, follow=follow)
        if isinstance(reached, tuple):
            try:
                yield reached
            finally:
                os.close(reached[0])
            return
        if len(reached) > MAX_NAMES:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        way = reached
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _open_root(root: Path, *, make: bool) -> int:
    above, names = os.open("/", FOLDER), root.parts[1:]
    for at, name in enumerate(names, 1):
        flags = FOLDER if at == len(names) else _ABOVE
        try:
            try:
                inner = os.open(name, flags, dir_fd=above)
            except FileNotFoundError:
                if not make:
                    raise
                with contextlib.suppress(FileExistsError):  # by another process, in between
                    os.mkdir(name, dir_fd=above)
                inner = os.open(name, flags, dir_fd=above)
        finally:
            os.close(above)
        above = inner
    return above


def _descend(folder: int, names: list[str], *, follow: bool) -> tuple[int, str] | list[str]:
    """The open folder and the last name; or the names to go by instead, where a link or `..` was met. It closes the
    folder that it begins with."""
    try:
        for at, name in enumerate(names):
            last = at == len(names) - 1
            if name == "..":  # of a link's target; what stands before it are folders and no links
                if at == 0:
                    raise _leads_out()
                return [*names[: at - 1], *names[at + 1 :]]
            target = None if last and not follow else _link(name, folder)
            if target is not None:
                if target.startswith("/"):
                    raise _leads_out()
                return [*names[:at], *(part for part in target.split("/") if part not in ("", ".")), *names[at + 1 :]]
            if last:
                return os.dup(folder), name
            inner = os.open(name, FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.dup(folder), "."
    finally:
        os.close(folder)


def _link(name: str, folder: int) -> str | None:
    """The target of a link; None for anything else."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):  # no link; not there, which the opening says better
            return None
        raise


def _leads_out() -> DeniedError:
    return DeniedError(
        "a symbolic link leads out of the granted folder",
        hint="links are followed where they are relative and stay inside",
    )
