"""Writing a file so that it is there whole or as it was: beside its place, on the disk, and then renamed into it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from typing import Final

_PREFIX, _SUFFIX = ".llmspell-", ".tmp"
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def is_unfinished(name: str) -> bool:
    """Is it a file that is being written, or was when a process was killed?"""
    return name.startswith(_PREFIX) and name.endswith(_SUFFIX)


def replace(folder: int, name: str, pieces: Iterable[bytes], mode: int | None = None) -> int:
    """Put a file in the place of that name, with these permissions or those of a new one. Gives its bytes. Whatever
    `pieces` raises leaves everything as it was."""
    temporary = f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}"
    size = 0
    try:
        with open(os.open(temporary, _NEW, 0o666, dir_fd=folder), "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), stat.S_IMODE(mode) & 0o777)  # before the first byte: it may be private
            for piece in pieces:
                size += file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)
    return size
