"""A file tool as a run has it: made from its section of a manifest, and called through the registry."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from llmspell.settings import FileRoot, ToolSettings
from llmspell.tools.builtin import built_in_tools
from llmspell.tools.registry import ToolRegistry


def tool(name: str, base: Path, *granted: FileRoot, **sizes: Any) -> Any:
    """A function that calls the tool with its arguments; its runs are one run of a script."""
    settings = ToolSettings(name=name, roots=granted, **sizes)
    (made,) = built_in_tools([name], {name: settings}, base, {})
    registry = ToolRegistry([made])
    return lambda **arguments: asyncio.run(registry.call(made, arguments))
