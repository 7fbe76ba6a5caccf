"""Files beneath granted folders: the tool `file_reader`, and the way from a name to an open file that it goes.

A path is walked component by component with directory descriptors and without following links, so that no `..`, no
absolute name, no link and no race with another process leads out of the folder. Only regular files are opened.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from llmspell.errors import DeniedError, ToolError
from llmspell.settings import ToolSettings
from llmspell.tools.base import Tool

MAX_BYTES: Final = 8 * 1024 * 1024
"""Of one file: a long book has two; a message to the sandbox holds 32."""
MAX_COMPONENTS: Final = 64

_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def file_reader(settings: ToolSettings, base: Path) -> Tool:
    """Reads text files beneath the roots of [tools.file_reader], relative to `base`, the manifest's folder."""
    roots = tuple(base / root.path for root in settings.roots)

    async def run(arguments: Mapping[str, Any]) -> str:
        path = arguments.get("path")
        if not isinstance(path, str):
            raise ToolError("file_reader: the argument 'path' must be a string")
        if not roots:
            raise DeniedError(
                "file_reader: no folder is granted",
                hint='grant one with `roots = [{ path = "texts" }]` under [tools.file_reader]',
            )
        return await asyncio.to_thread(_read_text, roots, path)

    return Tool(
        name="file_reader",
        description="Reads a text file (UTF-8) and gives its content.",
        parameters={
            "type": "object",
            "properties": {"path": {"type": "string", "description": "path of the file, relative to a granted folder"}},
            "required": ["path"],
        },
        run=run,
    )


def _read_text(roots: tuple[Path, ...], path: str) -> str:
    for root in roots:
        try:
            data = read_beneath(root, path)
        except FileNotFoundError:
            continue
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ToolError(f"file_reader: '{path}' is not UTF-8 text (byte {error.start})") from None
    looked = ", ".join(f"'{root}'" for root in roots)
    raise ToolError(f"file_reader: there is no file '{path[:200]}' in the granted folders ({looked})")


def read_beneath(root: Path, path: str) -> bytes:
    """The content of a regular file beneath the root. Raises FileNotFoundError, DeniedError for a path that leads out
    or over a link, and ToolError for a file that is none or too large."""
    parts = path.split("/")
    if not path or "\0" in path or path.startswith("/") or ".." in parts or len(parts) > MAX_COMPONENTS:
        raise DeniedError(
            f"file_reader: the path '{path[:200]}' does not stay in a granted folder",
            hint="give a path relative to a folder of `roots`, without '..'",
        )
    *folders, name = [part for part in parts if part not in ("", ".")] or [""]
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            inner = _open(folder, _FLAGS | os.O_DIRECTORY, at, path)
            os.close(at)
            at = inner
        file = _open(name, _FLAGS, at, path)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise ToolError(f"file_reader: '{path}' is not a regular file")
    with os.fdopen(file, "rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ToolError(f"file_reader: '{path}' is larger than {MAX_BYTES >> 20} MB")
    return data


def _open(name: str, flags: int, folder: int, path: str) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError) as error:
        if _is_link(name, folder):
            raise _link(path) from None
        raise FileNotFoundError(path) from error
    except OSError as error:
        if _is_link(name, folder):
            raise _link(path) from None
        raise ToolError(f"file_reader: '{path}' cannot be read: {error.strerror}") from None


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except (OSError, ValueError):
        return False


def _link(path: str) -> DeniedError:
    return DeniedError(f"file_reader: '{path[:200]}' goes over a symbolic link, which could lead out of the folder")
