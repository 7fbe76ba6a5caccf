"""The tools that come with llmspell, in one table. One exists in a run when the manifest's allowed_tools names it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from llmspell.settings import ToolSettings
from llmspell.tools.base import Tool


def _file_reader(settings: ToolSettings, base: Path, _environ: Mapping[str, str]) -> Tool:
    from llmspell.tools.files import file_reader

    return file_reader(settings, base)


def _file_operations(settings: ToolSettings, base: Path, _environ: Mapping[str, str]) -> Tool:
    from llmspell.tools.file_operations import file_operations

    return file_operations(settings, base)


def _file_search(settings: ToolSettings, base: Path, _environ: Mapping[str, str]) -> Tool:
    from llmspell.tools.file_search import file_search

    return file_search(settings, base)


def _http_request(settings: ToolSettings, _base: Path, environ: Mapping[str, str]) -> Tool:
    from llmspell.tools.http_request import http_request

    return http_request(settings, environ)


def _web_fetch(settings: ToolSettings, _base: Path, environ: Mapping[str, str]) -> Tool:
    from llmspell.tools.web_fetch import web_fetch

    return web_fetch(settings, environ)


def _web_search(settings: ToolSettings, _base: Path, environ: Mapping[str, str]) -> Tool:
    from llmspell.tools.web_search import web_search

    return web_search(settings, environ)


BUILT_IN: Mapping[str, Callable[[ToolSettings, Path, Mapping[str, str]], Tool]] = MappingProxyType(
    {
        "file_reader": _file_reader,
        "file_operations": _file_operations,
        "file_search": _file_search,
        "http_request": _http_request,
        "web_fetch": _web_fetch,
        "web_search": _web_search,
    }
)
"""Each is imported when it is granted: together they take longer to load than all the rest."""


def built_in_tools(
    allowed: Iterable[str], settings: Mapping[str, ToolSettings], base: Path, environ: Mapping[str, str]
) -> list[Tool]:
    """Those of the allowed tools that are built in, each with its own grants. Secrets are read from `environ`, when a
    tool is called."""
    granted = [name for name in allowed if name in BUILT_IN]
    return [BUILT_IN[name](settings.get(name, ToolSettings(name=name)), base, environ) for name in granted]
