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


BUILT_IN: Mapping[str, Callable[[ToolSettings, Path], Tool]] = MappingProxyType({"file_reader": _file_reader})


def built_in_tools(allowed: Iterable[str], settings: Mapping[str, ToolSettings], base: Path) -> list[Tool]:
    """Those of the allowed tools that are built in, each with its own grants."""
    return [BUILT_IN[name](settings.get(name, ToolSettings(name=name)), base) for name in allowed if name in BUILT_IN]
