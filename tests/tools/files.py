"""A built-in tool as a run has it: made from its section of a manifest, and called through the registry."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmspell.settings import FileRoot, ToolSettings
from llmspell.tools.base import Tool
from llmspell.tools.builtin import built_in
from llmspell.tools.registry import ToolRegistry

HERE = Path()


def tool(name: str, base: Path, *granted: FileRoot, **settings: Any) -> Any:
    """A function that calls the tool with its arguments; its runs are one run of a script."""
    made = built_in(name, replace(ToolSettings(name=name, roots=granted), **settings), base, {})
    return lambda **arguments: call(made, **arguments)


def call(tool: Tool, **arguments: Any) -> Any:
    """One call of a tool, its arguments checked."""
    return asyncio.run(ToolRegistry([tool]).call(tool, arguments))
