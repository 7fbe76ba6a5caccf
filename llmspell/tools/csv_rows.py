"""`csv`: rows of a CSV text or file, filtered, grouped, summed and sorted. The work itself is jobs/csv_job.py."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from llmspell.errors import ToolError
from llmspell.settings import ToolSettings
from llmspell.tools.base import Arguments, Tool
from llmspell.tools.files import PATH, granted_files, path_of
from llmspell.tools.worker import work

MAX_ROWS: Final = 10_000
"""Given at once."""
OPERATORS: Final = ("==", "!=", "<", "<=", ">", ">=", "contains")
FUNCTIONS: Final = ("sum", "mean", "median", "min", "max", "stdev")
DEFAULTS: Final = {
    "header": True, "where": [], "group_by": [], "aggregate": [], "descending": False, "offset": 0, "limit": 1_000,
    "describe": False,
}  # fmt: skip
_NAME: Final = {"type": "string", "description": "a column's name"}
_NAMES: Final = {"type": "array", "items": _NAME}


def csv_tool(settings: ToolSettings, base: Path) -> Tool:
    """Looks at CSV text, or at a file in the granted folders."""
    files = granted_files(settings, base)

    async def run(arguments: Arguments) -> Any:
        if ("text" in arguments) == ("path" in arguments):
            raise ToolError("csv: give either `text`, or the `path` of a file")
        text = arguments["text"] if "text" in arguments else await asyncio.to_thread(files.read, path_of(arguments))
        if isinstance(text, bytes):
            try:
                text = text.decode("utf-8")
            except UnicodeDecodeError as error:
                raise ToolError(f"csv: this is not UTF-8 text (byte {error.start})") from None
        asked = {name: value for name, value in arguments.items() if name != "path"}
        return await work("csv", "csv", {**DEFAULTS, **asked, "text": text})

    return Tool(
        name="csv",
        description="Reads CSV: its rows as tables, filtered by `where`, grouped by `group_by` with `aggregate`, "
        "sorted and cut; or with `describe` what each column holds. Values are texts as they stand, figures numbers.",
        parameters={
            "type": "object",
            "properties": {
                "text": {"type": "string", "description": "the CSV text"},
                "path": {**PATH, "description": "or a file in the granted folders"},
                "delimiter": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 1,
                    "description": "by default what it looks like",
                },
                "header": {"type": "boolean", "description": "the first row names the columns (true)"},
                "where": {
                    "type": "array",
                    "description": "tests that a row must pass, all of them",
                    "maxItems": 50,
                    "items": {
                        "type": "object",
                        "properties": {
                            "column": _NAME,
                            "op": {"enum": list(OPERATORS)},
                            "value": {"type": ["string", "number", "boolean"]},
                        },
                        "required": ["column", "op", "value"],
                        "additionalProperties": False,
                    },
                },
                "group_by": {**_NAMES, "description": "one row for each combination of these columns' values"},
                "aggregate": {
                    "type": "array",
                    "description": "figures of each group, as FUNCTION_COLUMN; each group has its `count`",
                    "maxItems": 50,
                    "items": {
                        "type": "object",
                        "properties": {"column": _NAME, "function": {"enum": list(FUNCTIONS)}},
                        "required": ["column", "function"],
                        "additionalProperties": False,
                    },
                },
                "columns": {**_NAMES, "description": "the columns to give, in this order"},
                "order_by": {"type": "string", "description": "the column to sort by; numbers before texts"},
                "descending": {"type": "boolean"},
                "offset": {"type": "integer", "minimum": 0, "description": "rows to leave out first"},
                "limit": {"type": "integer", "minimum": 1, "maximum": MAX_ROWS, "description": "rows to give (1,000)"},
                "describe": {"type": "boolean", "description": "tell type, range and gaps of each column instead"},
            },
            "additionalProperties": False,
        },
        run=run,
        pure=not settings.roots,
    )
