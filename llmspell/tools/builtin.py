"""The tools that come with llmspell, in one table. One exists in a run when the manifest's allowed_tools names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
        "http_request": "http_request:http_request",
        "json_query": "json_query:json_query",
        "json_validate": "json_validate:json_validate",
        "shell": "shell:shell",
        "sqlite": "sqlite:sqlite_tool",
        "text": "text:text_tool",
        "uuid": "ids:uuid_tool",
        "web_fetch": "web_fetch:web_fetch",
        "web_search": "web_search:web_search",
    }
)
"""Each as module:function beneath llmspell/tools, and imported when it is granted: together they take longer to load
than all the rest. The function makes the tool from its settings and the manifest's folder; those of WEB from
their settings and the environment, where secrets are read when a tool is called."""
WEB: Final = ("http_request", "web_fetch", "web_search")


def built_in(name: str, settings: ToolSettings, base: Path, environ: Mapping[str, str]) -> Tool:
    """The built-in tool of that name, with these grants."""
    module, _, function = BUILT_IN[name].partition(":")
    make = getattr(import_module(f"llmspell.tools.{module}"), function)
    made: Tool = make(settings, environ if name in WEB else base)
    return replace(made, name=name, built_in=True)
