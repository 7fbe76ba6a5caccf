"""`json_query`: a jq program over a JSON document, in a process that can be killed: jq programs can run for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from llmspell.errors import ToolError
from llmspell.settings import ToolSettings
from llmspell.tools.base import Arguments, Tool
from llmspell.tools.worker import work

MAX_QUERY: Final = 20_000


def json_query(_settings: ToolSettings, _base: Path) -> Tool:
    """Asks a jq program."""

    async def run(arguments: Arguments) -> Any:
        if ("data" in arguments) == ("text" in arguments):
            raise ToolError("json_query: give either `data`, a value, or `text`, JSON as a string")
        given = {name: arguments[name] for name in ("data", "text") if name in arguments}
        answer = await work(
            "json_query", "jq", {"query": arguments["query"], "variables": arguments.get("variables", {}), **given}
        )
        return answer if answer["truncated"] else {"results": answer["results"]}

    return Tool(
        name="json_query",
        description="Runs a jq program over a JSON value and gives the list of its results.",
        parameters={
            "type": "object",
            "properties": {
                "query": {
                    "type": "string",
                    "description": "a jq program, such as .users[] | .name",
                    "maxLength": MAX_QUERY,
                },
                "data": {"description": "the value to look at"},
                "text": {"type": "string", "description": "or the same as JSON text; several values follow each other"},
                "variables": {"type": "object", "description": "values that the program sees as $name"},
            },
            "required": ["query"],
            "additionalProperties": False,
        },
        run=run,
        pure=True,
    )
