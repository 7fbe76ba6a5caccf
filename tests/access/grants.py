"""A granted folder among others that are not, for the tests of what leads out of it."""

from __future__ import annotations

import os
from pathlib import Path

from llmspell.access.files import Files
from llmspell.access.granted import Granted
from llmspell.access.roots import roots
from llmspell.settings import FileRoot, ToolSettings

SIZES = ToolSettings(name="t")


def files(base: Path, *granted: FileRoot, max_file: int = 0, max_written: int = 0) -> Files:
    return Files(
        Granted(roots(granted, base), "t", "tools.t"),
        max_file=max_file or SIZES.max_file_bytes,
        max_written=max_written or SIZES.max_write_bytes,
    )


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything beneath a folder: permissions, the time of change, content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, content)
    return found
