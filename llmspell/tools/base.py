"""What a tool is: a name, a description, a JSON Schema of its arguments, and one async function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool of the host. `run(arguments)` gives plain data, or raises ToolError."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    run: Callable[[Mapping[str, Any]], Awaitable[Any]]
