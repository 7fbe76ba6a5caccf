"""Which tools a run has: from the names that the manifest allows, and where each of them comes from.

A name is, in this order: a tool that the program handed over, [tools.NAME] with `python`, a built-in tool or an alias
of one, an entry point of the group `llmspell.tools`. So no installed package replaces a built-in tool.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal

from llmspell.errors import UsageError
from llmspell.settings import ToolSettings
from llmspell.tools.aliases import alias, canonical
from llmspell.tools.base import Tool
from llmspell.tools.builtin import BUILT_IN, built_in

ENTRY_POINTS: Final = "llmspell.tools"
Source = Literal["program", "python", "built-in", "installed"]


def granted_tools(
    allowed: Iterable[str] | None,
    settings: Mapping[str, ToolSettings],
    base: Path,
    environ: Mapping[str, str],
    own: Iterable[Tool] = (),
) -> list[Tool]:
    """The tools of the allowed names, each with its grants; without a list, the program's own. Raises UsageError for a
    name that no tool has, and for a tool that cannot be had."""
    handed = {tool.name: tool for tool in own}
    check_sections(settings, handed)
    if allowed is None:
        return [_confirmed(tool, settings_of(name, settings)) for name, tool in handed.items()]
    made: dict[str, Tool] = {}  # what two names stand for is one tool, with one account of what it writes
    return [_tool(name, settings_of(name, settings), base, environ, handed, made) for name in allowed]


def settings_of(name: str, settings: Mapping[str, ToolSettings]) -> ToolSettings:
    """The section of a tool, whichever of its names the section has. Raises UsageError for two sections."""
    same = [section for section in settings if section == name or canonical(section) == canonical(name)]
    if len(same) > 1:
        raise UsageError(f"[tools.{same[0]}] and [tools.{same[1]}] are of one tool", hint="put them together")
    return settings[same[0]] if same else ToolSettings(name=name)


def check_sections(settings: Mapping[str, ToolSettings], handed: Collection[str] = ()) -> None:
    """Raises UsageError for a section whose name no tool has, and for two sections of one tool."""
    for name, section in settings.items():
        settings_of(name, settings)
        if _source(name, section, handed) is None:
            raise UsageError(f"[tools.{name}] names no tool", hint=_near(name, handed))


def source_of(name: str, settings: ToolSettings, handed: Collection[str] = ()) -> Source:
    """Where the tool of that name comes from. Nothing of a tool is imported for it. Raises UsageError for none."""
    source = _source(name, settings, handed)
    if source is None:
        raise UsageError(f"`allowed_tools` names '{name}', and there is no such tool", hint=_near(name, handed))
    return source


def _source(name: str, settings: ToolSettings, handed: Collection[str]) -> Source | None:
    if name in handed:
        return "program"
    if settings.python is not None:
        return "python"
    if canonical(name) in BUILT_IN:
        return "built-in"
    return "installed" if name in _installed() else None


def _installed() -> Collection[str]:
    from importlib.metadata import entry_points  # 20 ms, and few installations have any

    return entry_points(group=ENTRY_POINTS).names


def _near(name: str, handed: Collection[str]) -> str:
    near = get_close_matches(name, [*handed, *BUILT_IN, *_installed()], n=1)
    return f"did you mean '{near[0]}'?" if near else "`llmspell tools` lists the built-in ones; your own need `python`"


def _tool(
    name: str,
    settings: ToolSettings,
    base: Path,
    environ: Mapping[str, str],
    handed: Mapping[str, Tool],
    made: dict[str, Tool],
) -> Tool:
    source = source_of(name, settings, handed.keys())
    if source == "program":
        return _confirmed(handed[name], settings)
    if source == "built-in":
        ours = canonical(name)
        if ours not in made:
            made[ours] = _confirmed(built_in(ours, settings, base, environ), settings)  # before it has other names
        return made[ours] if name == ours else alias(name, made[ours])
    from llmspell.tools.python import installed, referenced

    tool = referenced(name, settings.python, base) if settings.python is not None else installed(name, ENTRY_POINTS)
    return _confirmed(tool, settings)


def _confirmed(tool: Tool, settings: ToolSettings) -> Tool:
    return replace(tool, confirm=True) if settings.confirm else tool
