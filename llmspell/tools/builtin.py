"""The tools that come with llmspell, in one table. One exists in a run when the manifest's allowed_tools names it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from llmspell.settings import ToolSettings
from llmspell.tools.base import Tool


def _file_reader(settings: ToolSettings, base: Path) -> Tool:
    from llmspell.tools.files import file_reader

    return file_reader(settings, base)


def _file_operations(settings: ToolSettings, base: Path) -> Tool:
    from llmspell.tools.file_operations import file_operations

    return file_operations(settings, base)


def _file_search(settings: ToolSettings, base: Path) -> Tool:
    from llmspell.tools.file_search import file_search

    return file_search(settings, base)


BUILT_IN: Mapping[str, Callable[[ToolSettings, Path], Tool]] = MappingProxyType(
    {
        "file_reader": _file_reader,
        "file_operations": _file_operations,
        "file_search": _file_search,
    }
)
"""Each is imported when it is granted: together they take longer to load than all the rest."""


def built_in_tools(allowed: Iterable[str], settings: Mapping[str, ToolSettings], base: Path) -> list[Tool]:
    """Those of the allowed tools that are built in, each with its own grants."""
    return [BUILT_IN[name](settings.get(name, ToolSettings(name=name)), base) for name in allowed if name in BUILT_IN]
