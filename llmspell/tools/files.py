"""What the file tools share, and the simplest of them, `file_reader`. What may be touched is for llmspell/access."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from llmspell.access.files import Files
from llmspell.access.granted import Granted
from llmspell.access.roots import roots, shown
from llmspell.errors import ToolError
from llmspell.settings import ToolSettings
from llmspell.tools.base import Tool

_AT_MOST: Final = 2**53
_COUNT: Final = {"type": "integer", "minimum": 1, "maximum": _AT_MOST}
ENCODING: Final = {"enum": ["utf-8", "base64"], "description": "base64 for what is no text; utf-8 by default"}
PATH: Final = {"type": "string", "description": "path in the granted folders"}
READING: Final[Mapping[str, Mapping[str, Any]]] = {
    "path": PATH,
    "start_line": {**_COUNT, "description": "the first line to give, from 1"},
    "end_line": {**_COUNT, "description": "the last line to give"},
    "offset": {"type": "integer", "minimum": 0, "maximum": _AT_MOST, "description": "bytes to leave out first"},
    "limit": {**_COUNT, "description": "bytes to give at most; a character that begins within them is given whole"},
    "encoding": ENCODING,
}
"""What reading takes, wherever a tool reads."""
_CONTINUES: Final = 0b1000_0000
"""Bytes of UTF-8 that go on with a character are 10xxxxxx, and a character has three of them at most."""


def granted_files(settings: ToolSettings, base: Path) -> Files:
    """The folders of [tools.NAME], relative to `base`, the manifest's folder."""
    granted = Granted(roots(settings.roots, base), settings.name, f"tools.{settings.name}")
    return Files(granted, max_file=settings.max_file_bytes, max_written=settings.max_write_bytes)


def file_reader(settings: ToolSettings, base: Path) -> Tool:
    """Reads files, whole or in part."""
    files = granted_files(settings, base)

    async def run(arguments: Mapping[str, Any]) -> str:
        return await asyncio.to_thread(read, files, arguments)

    return Tool(
        name=settings.name,
        description="Reads a file and gives its text: the whole, some of its lines, or some of its bytes.",
        parameters={
            "type": "object",
            "properties": READING,
            "required": ["path"],
            "additionalProperties": False,
        },
        run=run,
    )


def read(files: Files, arguments: Mapping[str, Any]) -> str:
    """The text that arguments as in READING ask for."""
    path = path_of(arguments)
    by_line = "start_line" in arguments or "end_line" in arguments
    in_base64 = arguments.get("encoding") == "base64"
    offset, limit = (None if (n := arguments.get(name)) is None else int(n) for name in ("offset", "limit"))
    if by_line and (in_base64 or offset is not None or limit is not None):
        message = "lines are of text, and not counted from an offset: give lines, or `offset` and `limit`"
        raise files.granted.failed("arguments", message)
    if limit is not None and limit > files.max_file:
        raise files.granted.failed("too_large", f"`limit` is more than {files.max_file:,} bytes")
    if in_base64:
        return base64.b64encode(files.read(path, offset=offset or 0, limit=limit)).decode()
    data = files.read(path, offset=offset or 0, limit=None if limit is None else limit + 3)
    begin, end = _border(data, 0) if offset else 0, len(data) if limit is None else _border(data, limit)
    try:
        text = data[begin:end].decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"'{shown(path)}' is not UTF-8 text (byte {(offset or 0) + begin + error.start})"
        raise files.granted.failed("wrong_type", message, 'read it with `encoding = "base64"`') from None
    if not by_line:
        return text
    first, last = int(arguments.get("start_line", 1)), int(arguments.get("end_line", _AT_MOST))
    return "".join(islice(io.StringIO(text, newline="\n"), first - 1, max(last, first - 1)))


def path_of(arguments: Mapping[str, Any], name: str = "path") -> str:
    """A path among checked arguments; a script's string may still be none that is UTF-8."""
    path = arguments.get(name, "")
    if isinstance(path, str):
        return path
    raise ToolError(f"the argument '{name}' is not UTF-8 text", details={"reason": "arguments"})


def _border(data: bytes, at: int) -> int:
    """The first place from there on where a character begins: so that pieces that follow each other fit together."""
    border = at
    while border < min(at + 3, len(data)) and data[border] & 0b1100_0000 == _CONTINUES:
        border += 1
    return min(border, len(data))
