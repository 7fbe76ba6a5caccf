"""Which keys of [tools.NAME] mean something to which tool. A key that means nothing is an error: who grants a folder to
a tool that uses none believes something that is not so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from llmspell.manifest.keys.grants import REACH, TOOL
from llmspell.manifest.report import At, nearest, shown
from llmspell.manifest.sections import Section
from llmspell.manifest.values import BAD
from llmspell.settings import ToolSettings
from llmspell.tools.aliases import canonical
from llmspell.tools.builtin import BUILT_IN

_FOLDERS: Final = ("roots", "max_file_bytes")
_NETWORK: Final = tuple(key.target for key in REACH if key.target != "methods")
ANY_TOOL: Final = ("python", "confirm")
"""What every tool takes; with `python` it is a function of the user's, which llmspell does not bound."""
TAKES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "file_reader": _FOLDERS,
        "file_operations": (*_FOLDERS, "max_write_bytes"),
        "file_search": _FOLDERS,
        "csv": _FOLDERS,
        "sqlite": ("roots", "max_write_bytes", "timeout_ms"),
        "shell": ("commands", "cwd", "env", "max_output_bytes", "timeout_ms"),
        "http_request": ("methods", *_NETWORK),
        "web_fetch": _NETWORK,
        "web_search": (*_NETWORK, "engine", "url"),
    }
)
"""The fields that a built-in tool looks at besides; one that is not here looks at none."""


def section_of(name: str, *, python: bool) -> Section:
    """The section of the tool of that name."""
    takes = ANY_TOOL if python else (*ANY_TOOL, *TAKES.get(canonical(name), ()))
    return replace(TOOL, keys=tuple(key for key in TOOL.keys if key.target in takes))


def read_tool(name: str, table: Any, at: At) -> Any:
    """The settings of one tool, or BAD."""
    python = isinstance(table, dict) and "python" in table
    section = section_of(name, python=python)
    if not isinstance(table, dict):
        return section.read(table, at, name=name)
    own = {key.name for key in section.keys}
    strange = {key.name: key.target for key in TOOL.keys if key.name in table and key.name not in own}
    if strange and not python and canonical(name) not in BUILT_IN:
        near = nearest(name, list(BUILT_IN))
        hint = f"did you mean [tools.{near}]?" if near else "a tool of your own needs `python`, and takes no grants"
        at.refuse(f"there is no built-in tool {shown(name)} that anything could be granted to", hint, on_key=True)
    else:
        for key, field in strange.items():
            takers = [f"[tools.{other}]" for other, takes in TAKES.items() if field in takes]
            hint = (
                "a Python function has all rights of this process" if python else f"it is a key of {', '.join(takers)}"
            )
            at.child(key).refuse(f"`{key}` means nothing to the tool {shown(name)}", hint, on_key=True)
    read = section.read({key: value for key, value in table.items() if key not in strange}, at, name=name)
    return BAD if strange else read


def write_tool(tool: ToolSettings) -> dict[str, Any]:
    """The table that reads back as these settings, with the keys that apply."""
    return section_of(tool.name, python=tool.python is not None).write(tool)
