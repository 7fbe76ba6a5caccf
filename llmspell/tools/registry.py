"""The tools that one run may use, by name, and how one is called."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from llmspell.abi.codec import depth_fits, pack
from llmspell.abi.spec import MAX_DEPTH
from llmspell.errors import ComponentNotFound, DeniedError, InvalidArgument, LlmspellError, ToolError
from llmspell.schemas import Schema
from llmspell.tools.arguments import checked
from llmspell.tools.base import Tool
from llmspell.tools.builtin import BUILT_IN


class ToolRegistry:
    """The granted tools; no others exist for the script."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._schemas: dict[str, Schema] = {}

    def granted(self) -> list[Tool]:
        return [tool for _, tool in sorted(self._tools.items())]

    def get(self, name: str) -> Tool:
        """Raises ComponentNotFound, or DeniedError for a built-in tool that the manifest does not grant."""
        tool = self._tools.get(name)
        if tool is not None:
            return tool
        if name in BUILT_IN:
            raise DeniedError(
                f"the tool '{name}' is not granted", hint=f'add "{name}" to `allowed_tools` under [security]'
            )
        from difflib import get_close_matches  # only here: it takes 3 ms to import

        near = get_close_matches(name[:80], list(self._tools), n=1)
        hint = f"did you mean '{near[0]}'?" if near else "define it with Tool.define, or grant it in the manifest"
        raise ComponentNotFound(f"there is no tool '{name[:80]}'", hint=hint)

    async def call(self, tool: Tool, arguments: Any) -> Any:
        """Run one of the tools. Wrong arguments, whatever it raises that is not ours, and whatever it gives that is not
        plain data, become a ToolError that names it."""
        given = checked(tool.name, self._schema(tool), arguments)
        try:
            result = await tool.run(given)
        except LlmspellError:
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise _failed(tool, "failed: it was cancelled from within") from error
        except Exception as error:
            raise _failed(tool, f"failed: {type(error).__name__}: {error}") from error
        try:
            if depth_fits(result):
                pack(result)
                return result
        except (TypeError, ValueError) as error:
            raise _failed(tool, f"gave something that is not plain data: {error}") from error
        raise _failed(tool, f"gave a value that is nested more than {MAX_DEPTH} levels deep")

    def _schema(self, tool: Tool) -> Schema:
        if tool.name not in self._schemas:
            try:
                self._schemas[tool.name] = Schema(tool.parameters)
            except InvalidArgument as error:
                raise _failed(tool, f"has parameters that cannot be checked: {error.message}") from error
        return self._schemas[tool.name]


def _failed(tool: Tool, how: str) -> ToolError:
    return ToolError(f"tool '{tool.name}' {how}"[:2000], details={"tool": tool.name})
