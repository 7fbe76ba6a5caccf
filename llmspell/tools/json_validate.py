"""`json_validate`: does a value fit a JSON Schema, and if not, where and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from llmspell.errors import ToolError
from llmspell.schemas import Schema
from llmspell.settings import ToolSettings
from llmspell.tools.base import Arguments, Tool


def json_validate(_settings: ToolSettings, _base: Path) -> Tool:
    """Checks a value against a schema."""

    async def run(arguments: Arguments) -> Any:
        if ("data" in arguments) == ("text" in arguments):
            raise ToolError("json_validate: give either `data`, a value, or `text`, JSON as a string")
        data = arguments["data"] if "data" in arguments else _parsed(arguments["text"])
        problems = Schema(arguments["schema"]).problems(data)
        return {"valid": not problems, "problems": problems}

    return Tool(
        name="json_validate",
        description="Checks a value against a JSON Schema; gives what is wrong with it, five problems at most.",
        parameters={
            "type": "object",
            "properties": {
                "data": {"description": "the value to check"},
                "text": {"type": "string", "description": "or the same as JSON text"},
                "schema": {"type": "object", "description": "the JSON Schema"},
            },
            "required": ["schema"],
            "additionalProperties": False,
        },
        run=run,
        pure=True,
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ToolError(f"json_validate: `text` is not JSON: {error}") from None
