"""The tools that one run may use, by name, and how one is called."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from llmspell.abi.codec import depth_fits, pack
from llmspell.abi.spec import MAX_DEPTH
from llmspell.errors import ComponentNotFound, DeniedError, InvalidArgument, LlmspellError, ToolError
from llmspell.schemas import Schema
from llmspell.tools.aliases import alias, canonical
from llmspell.tools.arguments import checked
from llmspell.tools.base import Arguments, Tool
from llmspell.tools.builtin import BUILT_IN
from llmspell.types import RawMedia

Approve = Callable[[str, Arguments], Awaitable[bool]]
"""Asks whether a call may be made: the tool's name, its arguments."""
Rehearse = Callable[[str, Arguments], None]
"""Is told of a call that would be made."""


class ToolRegistry:
    """The granted tools; no others exist for the script. Tools that want a confirmation are asked for by `approve`,
    and denied where there is none. With `rehearse`, calls are only told, unless a tool is pure."""

    def __init__(
        self, tools: Iterable[Tool] = (), *, approve: Approve | None = None, rehearse: Rehearse | None = None
    ) -> None:
        self._tools = {tool.name: tool for tool in tools}
        ours = (tool.alias_of or tool for tool in self._tools.values() if tool.built_in)
        self._plain = {tool.name: tool for tool in ours}
        self._schemas: dict[str, Schema] = {}
        self._approve = approve
        self._rehearse = rehearse

    def granted(self) -> list[Tool]:
        return [tool for _, tool in sorted(self._tools.items())]

    def get(self, name: str) -> Tool:
        """Also by another name of a granted tool. Raises ComponentNotFound, or DeniedError for a built-in tool that the
        manifest does not grant."""
        found = self.find(name)
        if found is not None:
            return found
        if canonical(name) in BUILT_IN:
            raise DeniedError(
                f"the tool '{name}' is not granted", hint=f'add "{name}" to `allowed_tools` under [security]'
            )
        from difflib import get_close_matches  # only here: it takes 3 ms to import

        near = get_close_matches(name[:80], list(self._tools), n=1)
        hint = f"did you mean '{near[0]}'?" if near else "define it with Tool.define, or grant it in the manifest"
        raise ComponentNotFound(f"there is no tool '{name[:80]}'", hint=hint)

    def find(self, name: str) -> Tool | None:
        """The same, or None."""
        if name in self._tools:
            return self._tools[name]
        plain = self._plain.get(canonical(name))
        return plain if plain is None or plain.name == name else alias(name, plain)

    async def call(self, tool: Tool, arguments: Any) -> Any:
        """Run one of the tools. Wrong arguments, whatever it raises that is not ours, and whatever it gives that is not
        plain data or a medium, become a ToolError that names it."""
        given = checked(tool.name, self._schema(tool), arguments)
        if self._rehearse is not None and not tool.pure:
            self._rehearse(tool.name, given)
            return f"[dry run: the tool {tool.name} was not called]"
        if tool.confirm and self._rehearse is None:
            await self._ask(tool, given)
        try:
            result = await tool.run(given)
        except LlmspellError:
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise _failed(tool, "failed: it was cancelled from within") from error
        except (Exception, SystemExit) as error:  # no tool ends the process
            raise _failed(tool, f"failed: {type(error).__name__}: {error}") from error
        if isinstance(result, RawMedia):
            return result
        try:
            if depth_fits(result):
                pack(result)
                return result
        except InvalidArgument as error:
            raise _failed(tool, f"gave too much: {error.message}") from error
        except (TypeError, ValueError) as error:
            raise _failed(tool, f"gave something that is not plain data: {error}") from error
        raise _failed(tool, f"gave a value that is nested more than {MAX_DEPTH} levels deep")

    async def _ask(self, tool: Tool, arguments: Arguments) -> None:
        if self._approve is None:
            raise DeniedError(
                f"the tool '{tool.name}' needs a confirmation, and there is nobody to ask",
                hint="run it in a terminal; `llmspell run --yes` confirms every call",
            )
        if not await self._approve(tool.name, arguments):
            raise DeniedError(f"the call of the tool '{tool.name}' was declined")

    def _schema(self, tool: Tool) -> Schema:
        if tool.name not in self._schemas:
            try:
                self._schemas[tool.name] = Schema(tool.parameters)
            except InvalidArgument as error:
                raise _failed(tool, f"has parameters that cannot be checked: {error.message}") from error
        return self._schemas[tool.name]


def _failed(tool: Tool, how: str) -> ToolError:
    return ToolError(f"tool '{tool.name}' {how}"[:2000], details={"tool": tool.name})
