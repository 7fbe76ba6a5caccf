"""The parts of one run that a script may never need: agents, providers, tools, media. Each is made, and its modules are
loaded, when it is first asked for; together they take as long to load as everything else.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from llmspell.abi.spec import AGENT_OPERATIONS
from llmspell.errors import UsageError
from llmspell.events import Chunk
from llmspell.host.dispatch import Gate, Operation
from llmspell.manifest.model import Manifest

if TYPE_CHECKING:
    from llmspell.agents.operations import AgentOperations
    from llmspell.media.store import MediaStore
    from llmspell.providers.manager import ProviderManager
    from llmspell.providers.recording.file import Recording
    from llmspell.providers.traffic import Traffic
    from llmspell.settings import ProviderSettings
    from llmspell.tools.base import Tool
    from llmspell.tools.registry import Approve, Rehearse, ToolRegistry

NOT_ASKED: Final = "[dry run: the model was not asked]"


class Agents:
    """The agents, tools and providers of one run, connected when the script first asks for any: their modules take as
    long to load as all the others."""

    def __init__(
        self,
        manifest: Manifest,
        tools: Callable[[], ToolRegistry],
        environ: Mapping[str, str],
        gate: Gate,
        media: Callable[[], MediaStore],
        *,
        live: bool,
        recording: Recording | None,
        traffic: Traffic | None,
        rehearsed: bool,
    ) -> None:
        self._manifest = manifest
        self._tools = tools
        self._environ = environ
        self._gate = gate
        self._media = media
        self._live = live
        self._recording = recording
        self._traffic = traffic
        self._rehearsed = rehearsed
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._connected: tuple[AgentOperations, ProviderManager] | None = None

    def operations(self) -> dict[str, Operation]:
        """The operations by name, each of which connects what it needs."""

        def immediate(op: str) -> Operation:
            return Operation(immediate=lambda payload: self._operations().immediate[op](payload))

        def awaited(op: str) -> Operation:
            return Operation(awaited=lambda payload: self._operations().awaited[op](payload))

        return {op: (awaited if kind == "awaited" else immediate)(op) for op, kind in AGENT_OPERATIONS.items()}

    async def aclose(self) -> None:
        if self._connected is not None:
            operations, providers = self._connected
            await operations.aclose()
            await providers.aclose()

    def _operations(self) -> AgentOperations:
        """Asked for on the guest's thread and on the event loop's."""
        with self._lock:
            if self._connected is None:
                self._connected = self._connect()
            return self._connected[0]

    def _connect(self) -> tuple[AgentOperations, ProviderManager]:
        from llmspell.agents.execution import Execution
        from llmspell.agents.operations import AgentOperations
        from llmspell.agents.turns import Turns
        from llmspell.providers.manager import ProviderManager
        from llmspell.providers.traffic import PROCESS

        manifest, gate = self._manifest, self._gate
        chosen = manifest.providers.effective()
        entries = _rehearsed(chosen.entries) if self._rehearsed else chosen.entries
        providers = ProviderManager(
            entries, chosen.default, environ=self._environ, base=manifest.base, recording=self._recording
        )
        execution = Execution(
            providers,
            self._tools(),
            Turns(
                gate,
                PROCESS if self._traffic is None else self._traffic,
                money_limited=manifest.runtime.cost is not None,
            ),
            lambda calls: gate.budget.spend(tool_calls=calls),
            self._on_text if self._live else None,
            lambda raw, of: self._media().take(raw, of),
            lambda medium, limit, side: self._media().prepare(medium, limit, side),
        )
        operations = AgentOperations(
            execution,
            self._media(),
            self._loop,
            streaming=manifest.runtime.enable_streaming,
            max_streams=manifest.runtime.streams,
        )
        return operations, providers

    def _on_text(self, agent: str, text: str) -> None:
        self._gate.emit(Chunk(at=self._gate.elapsed(), stream=agent, text=text))


def _rehearsed(entries: Mapping[str, ProviderSettings]) -> dict[str, ProviderSettings]:
    """The providers of a dry run: they answer by themselves."""
    from llmspell.settings import ProviderSettings, ScriptedReply

    replies = (ScriptedReply(text=NOT_ASKED),)
    return {
        name: ProviderSettings(name=name, kind="scripted", model=entry.model, replies=replies)
        for name, entry in entries.items()
    }


def as_tools(tools: Iterable[Tool | Callable[..., Any]]) -> tuple[Tool, ...]:
    tools = tuple(tools)
    if not tools:
        return ()
    from llmspell.tools.base import Tool

    made = tuple(tool if isinstance(tool, Tool) else _function(tool) for tool in tools)
    names = [tool.name for tool in made]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"two tools are called '{twice}'", hint="give one of them another name: Tool(name=...)")
    return made


def _function(function: Callable[..., Any]) -> Tool:
    from llmspell.tools.python import python_tool  # 25 ms, and only functions need it

    return python_tool(function)


def tool_registry(tools: list[Tool], approve: Approve | None, rehearse: Rehearse | None) -> ToolRegistry:
    from llmspell.tools.registry import ToolRegistry

    return ToolRegistry(tools, approve=approve, rehearse=rehearse)


def lazy_media(manifest: Manifest, environ: Mapping[str, str], rehearse: Rehearse | None) -> Callable[[], MediaStore]:
    """Gives the media of one run, which are made when the first thread asks."""
    lock = threading.Lock()
    made: list[MediaStore] = []

    def media() -> MediaStore:
        with lock:
            if not made:
                from llmspell.media.store import MediaStore  # most scripts have none

                made.append(MediaStore(manifest.media, manifest.base, environ, rehearse=rehearse))
            return made[0]

    return media
