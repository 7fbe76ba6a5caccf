"""`sqlite`: a statement on a database file in the granted folders. SQLite runs in a process of its own (worker.py),
which gets the open folder and the file's name in it; what may be written, the root says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from llmspell.access.granted import Granted
from llmspell.access.roots import roots
from llmspell.errors import ToolError
from llmspell.settings import ToolSettings
from llmspell.tools.base import Arguments, Tool
from llmspell.tools.files import PATH, path_of
from llmspell.tools.worker import FileGrant, work

MAX_ROWS: Final = 10_000
_LEAST: Final = 1 << 16
"""Bytes that a database has as soon as there is anything in it."""


class _Database(NamedTuple):
    """An open folder, the file's name in it, which file that is (device and inode), and whether it may be changed."""

    folder: int
    name: str
    identity: tuple[int, int] | None
    write: bool
    size: int


def sqlite_tool(settings: ToolSettings, base: Path) -> Tool:
    """Queries a database."""
    granted = Granted(roots(settings.roots, base), settings.name, f"tools.{settings.name}")
    seconds = settings.timeout_ms / 1000

    async def run(arguments: Arguments) -> Any:
        with _opened(granted, path_of(arguments)) as database:
            most = max(database.size, _LEAST) + settings.max_write_bytes
            payload = {
                **database._asdict(),
                "max_size": most,
                "sql": arguments["sql"],
                "params": arguments.get("params", []),
                "limit": int(arguments.get("limit", 1_000)),
                "seconds": seconds,
            }
            return await work(
                "sqlite",
                "sqlite",
                payload,
                seconds=seconds,
                files=FileGrant(database.folder, 2 * most),
            )

    return Tool(
        name="sqlite",
        description="Runs one SQL statement on an SQLite database file and gives its rows as tables. Values go into "
        "`params`, for ? or :name in the statement.",
        parameters={
            "type": "object",
            "properties": {
                "path": {**PATH, "description": "the database file, in the granted folders"},
                "sql": {"type": "string", "description": "one statement"},
                "params": {
                    "type": ["array", "object"],
                    "description": "values for ? in order, or for :name by name",
                    "items": {"type": ["string", "number", "boolean", "null"]},
                    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
                },
                "limit": {"type": "integer", "minimum": 1, "maximum": MAX_ROWS, "description": "rows at most (1,000)"},
            },
            "required": ["path", "sql"],
            "additionalProperties": False,
        },
        run=run,
    )


@contextmanager
def _opened(granted: Granted, path: str) -> Iterator[_Database]:
    """The database; where its folder is granted for writing, it need not be there yet. It is looked at on this thread:
    a few system calls."""
    view = granted.view(path)
    try:
        with granted.existing(view) as places:
            status = places[0].status if places and places[0].kind == "file" else None
            if status is None:
                raise ToolError(f"sqlite: '{view.shown}' is not a regular file")
            place = places[0]
            yield _Database(
                place.folder, place.name, (status.st_dev, status.st_ino), place.root.writable, status.st_size
            )
            return
    except ToolError as error:
        if error.details.get("reason") != "not_found" or not any(root.writable for root in granted.roots):
            raise
    with granted.to_write(view) as place:
        yield _Database(place.folder, place.name, None, write=True, size=0)
