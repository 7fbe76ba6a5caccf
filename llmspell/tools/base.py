"""What a tool is: a name, a description, a JSON Schema of its arguments, and one async function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Arguments = Mapping[str, Any]
Run = Callable[[Arguments], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool of the host. `run(arguments)` gets arguments that fit `parameters`, and gives plain data, or a medium as
    RawMedia, or raises ToolError."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    run: Run
    confirm: bool = False
    """Each call is asked for before it is made."""
    pure: bool = False
    """It touches nothing outside of the call: a dry run makes such calls too."""
    built_in: bool = False
    """It comes with llmspell, and so answers to the names of aliases.py too."""
    alias_of: Tool | None = None
    """The tool that does the work, where this is only another way to call it."""
