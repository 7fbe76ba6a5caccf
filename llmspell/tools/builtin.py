"""The tools that come with llmspell, in one table. One exists in a run when the manifest's allowed_tools names it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Final

from llmspell.settings import ToolSettings
from llmspell.tools.base import Tool

BUILT_IN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "file_reader": "files:file_reader",
        "file_operations": "file_operations:file_operations",
        "file_search": "file_search:file_search",
        "base64": "encodings:base64_tool",
        "calculator": "calculator:calculator",
        "csv": "csv_rows:csv_tool",
        "datetime": "dates:datetime_tool",
        "hash": "encodings:hash_tool",
        "json_query": "json_query:json_query",
        "json_validate": "json_validate:json_validate",
        "shell": "shell:shell",
        "sqlite": "sqlite:sqlite_tool",
        "text": "text:text_tool",
        "uuid": "ids:uuid_tool",
    }
)
"""Each as module:function beneath llmspell/tools, and imported when it is granted: together they take longer to load
than all the rest. The function makes the tool from its settings and the manifest's folder."""


def built_in(name: str, settings: ToolSettings, base: Path) -> Tool:
    """The built-in tool of that name, with these grants."""
    module, _, function = BUILT_IN[name].partition(":")
    made: Tool = getattr(import_module(f"llmspell.tools.{module}"), function)(settings, base)
    return made
