"""A file tool as a run has it: made from its section of a manifest, and called through the registry."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from llmspell.settings import FileRoot, ToolSettings
from llmspell.tools.builtin import built_in_tools
from llmspell.tools.registry import call


def tool(name: str, base: Path, *granted: FileRoot, **sizes: int) -> Any:
    """A function that calls the tool with its arguments; its runs are one run of a script."""
    settings = ToolSettings(name=name, roots=granted, **sizes)
    (made,) = built_in_tools([name], {name: settings}, base)
    return lambda **arguments: asyncio.run(call(made, arguments))
