"""ScriptRuntime: the only place that connects the parts. Everything above (the command, your program) uses this.

runtime = ScriptRuntime(load_manifest("run.toml"))
output = await runtime.execute()            # or runtime.run() without an event loop
output.as_string()
"""

from __future__ import annotations

import asyncio
import io
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from llmspell.abi.spec import AGENT_OPERATIONS
from llmspell.errors import HostError, LlmspellError, ScriptError, UsageError
from llmspell.events import Chunk, Done, Event, Output
from llmspell.host.dispatch import Gate, Operation
from llmspell.host.functions import Surroundings, functions
from llmspell.host.relay import Relay
from llmspell.limits import Budget, as_dict
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

MAX_SCRIPT: Final = 4 * 1024 * 1024
"""Bytes of a script. Hand-written and generated scripts stay far below; compiling this takes some seconds of fuel."""


class ScriptOutput(NamedTuple):
    """What a run gave. `results` is all that the script returned, `result` the first of it, as plain data; `output`
    is what it wrote to stdout; `usage` is what it spent, by the names of limits.py and "elapsed_ms"."""

    result: Any
    results: tuple[Any, ...]
    output: str
    usage: Mapping[str, float]
    run_id: str

    def as_string(self) -> str:
        """The result as text; raises TypeError when it is something else."""
        if not isinstance(self.result, str):
            raise TypeError(f"the script returned {type(self.result).__name__}, not a string")
        return self.result

    def as_number(self) -> int | float:
        """The result as a number; raises TypeError when it is something else."""
        if isinstance(self.result, bool) or not isinstance(self.result, (int, float)):
            raise TypeError(f"the script returned {type(self.result).__name__}, not a number")
        return self.result


class RunReport(NamedTuple):
    """How a run ended: `error` is None when it ended well; `output` is there in any case."""

    output: ScriptOutput
    error: LlmspellError | None = None


class ScriptRuntime:
    """Runs scripts under one manifest. One object serves many runs, also at once; each run has its own sandbox,
    budget and connections. `tools` are the program's own: functions with type hints, or Tools; `allowed_tools` of the
    manifest selects among them, and without that list they are granted all.

    `approve(name, arguments)` is awaited before each call of a tool that wants a confirmation, and says whether it may
    be made; without it such calls are denied. With `rehearse`, the run is a dry one: models are not asked and tools not
    called, unless they touch nothing; `rehearse(name, arguments)` is told of each call that would have been made.

    `traffic` is where requests are counted against a provider's `requests_per_minute` and so on; by default that of the
    process."""

    def __init__(
        self,
        manifest: Manifest | None = None,
        *,
        tools: Iterable[Tool | Callable[..., Any]] = (),
        environ: Mapping[str, str] | None = None,
        stdin: IO[bytes] | None = None,
        approve: Approve | None = None,
        rehearse: Rehearse | None = None,
        keep_output: bool = True,
        live: bool = False,
        traffic: Traffic | None = None,
        record: str | Path | None = None,
    ) -> None:
        """With `record`, what is asked of models is written to that file, which the first run begins."""
        self.manifest = manifest if manifest is not None else Manifest(file="", base=Path.cwd())
        self._tools = _as_tools(tools)
        self._approve = approve
        self._rehearse = rehearse
        self._environ = os.environ if environ is None else environ
        self._stdin = stdin
        self._keep_output = keep_output
        self._live = live
        self._traffic = traffic
        self._record = None if record is None else Path(record)
        self._recording: Recording | None = None
        self._beginning = threading.Lock()

    # ---- running ----

    async def execute_script(self, source: str, *, name: str = "script", args: Iterable[str] = ()) -> ScriptOutput:
        """Run Lua text. Raises the LlmspellError that ended the run."""
        return _checked(await self.report(source, name=name, args=args))

    async def execute_script_streaming(
        self, source: str, *, name: str = "script", args: Iterable[str] = ()
    ) -> AsyncIterator[Event]:
        """Run Lua text and give its events as they happen; the last one is Done. Leaving the loop cancels the run; a
        slow loop slows the script's writing."""
        relay = Relay()
        run = asyncio.ensure_future(self.report(source, name=name, args=args, on_event=relay.put))
        try:
            while True:
                event = await relay.get()
                yield event
                if isinstance(event, Done):
                    break
            _checked(await run)
        finally:
            relay.close()
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)

    async def execute(self) -> ScriptOutput:
        """Run the manifest's own script with the manifest's arguments."""
        source, name = self.script()
        return _checked(await self.report(source, name=name, args=self.manifest.run.args))

    def run(self) -> ScriptOutput:
        """`execute` for a program without an event loop."""
        return asyncio.run(self.execute())

    def script(self) -> tuple[bytes, str]:
        """The manifest's script and its name. Raises UsageError for none, ScriptError for one that cannot be read."""
        manifest = self.manifest
        if manifest.run.source is not None:
            return manifest.run.source.encode(), f"{Path(manifest.file).name}:source"
        path = manifest.script_path()
        if path is None:
            raise UsageError("the manifest names no script", hint='add `script = "main.lua"` under [run]')
        return read_script(path), str(path)

    def _begun(self) -> Recording | None:
        """What is recorded to, if anything is. Raises UsageError where it cannot be written."""
        with self._beginning:
            if self._recording is None and self._record is not None:
                self._recording = self._begin(self._record)
            return self._recording

    def _begin(self, file: Path) -> Recording:
        from llmspell.providers.recording.file import Recording

        entries = self.manifest.providers.entries.values()
        for played in (self.manifest.base / entry.file for entry in entries if entry.file is not None):
            if file.resolve() == played.resolve():
                raise UsageError(f"{file} is what a provider of this manifest plays", hint="record to another file")
        named = (self._environ.get(entry.api_key_env) for entry in entries if entry.api_key_env)
        return Recording(file, filter(None, named))

    def granted_tools(self) -> list[Tool]:
        """The tools that a run has. Raises UsageError for one that `allowed_tools` names and that cannot be had."""
        security = self.manifest.security
        if not self._tools and not security.allowed_tools and not self.manifest.tools:
            return []
        from llmspell.tools.granted import granted_tools

        return granted_tools(
            security.allowed_tools, self.manifest.tools, self.manifest.base, self._environ, self._tools
        )

    async def report(
        self,
        source: str | bytes,
        *,
        name: str = "script",
        args: Iterable[str] = (),
        on_event: Callable[[Event], None] | None = None,
        on_start: Callable[[Callable[[LlmspellError], None]], None] | None = None,
        attach: Iterable[str] = (),
    ) -> RunReport:
        """Run Lua text and tell how it ended, errors included. `on_event` may be called on other threads. The files of
        `attach` are the script's Run.media; UsageError or InvalidMedia is raised for one that cannot be.

        An exception of `on_event` ends the run, and is raised here. `on_start` is given the function that ends the run
        from outside, from any thread: the report then has the error that it was called with, and what was spent until
        then.
        """
        from llmspell.host.driver import Driver, Script  # wasmtime takes 40 ms to import

        manifest, began, recording = self.manifest, time.monotonic(), self._begun()
        run_id = f"run-{os.urandom(6).hex()}"
        limits = manifest.runtime.limits()
        budget = Budget(limits)
        kept = io.StringIO()
        broken: list[BaseException] = []

        def emit(event: Event) -> None:
            if self._keep_output and isinstance(event, Output) and event.stream == "stdout":
                kept.write(event.text)
            if on_event is None or broken:
                return
            try:
                on_event(event)
            except BaseException as error:  # wherever it was called: the run ends, and `report` raises it
                broken.append(error)
                driver.stop(HostError("an event callback failed"))

        media = _media(manifest, self._environ, self._rehearse)
        attached = [(await asyncio.to_thread(media().attach, path)).described() for path in attach]
        tools = self.granted_tools()
        script = Script(
            source=source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source,
            name=chunk_name(name),
            seed=int.from_bytes(os.urandom(8)) >> 1,
            context={
                "run_id": run_id,
                "script": name,
                "args": [_transferable(arg) for arg in args],
                "media": attached,
                "agents": [_agent_data(agent) for agent in manifest.agents.values()],
                "tools": [tool.name for tool in tools],
                "providers": manifest.providers.names(),
            },
        )
        driver = Driver(script, limits, lambda on_fault: Gate(budget, emit, on_fault))
        gate = driver.gate
        if on_start is not None:
            on_start(driver.stop)

        def usage() -> dict[str, float]:
            return {"elapsed_ms": round((time.monotonic() - began) * 1000, 3), **budget.spent()}

        agents = _Agents(
            manifest,
            lambda: _registry(tools, self._approve, self._rehearse),
            self._environ,
            gate,
            media,
            live=self._live,
            recording=recording,
            traffic=self._traffic,
            rehearsed=self._rehearse is not None,
        )
        surroundings = Surroundings(
            media=media,
            environment={
                key: _transferable(self._environ[key]) for key in manifest.security.env if key in self._environ
            },
            modules=manifest.module_roots(),
            stdin=self._stdin,
            limits=lambda: {key: value for key, value in as_dict(limits).items() if value is not None},
            usage=usage,
        )
        try:
            outcome = await driver.run({**functions(gate, surroundings), **agents.operations()})
        finally:
            await agents.aclose()
        spent = {**usage(), "fuel": outcome.fuel_spent, "memory_bytes": outcome.memory_bytes}
        gate.emit(Done(at=gate.elapsed(), ok=outcome.error is None, usage=spent))
        if broken:
            raise broken[0]
        return RunReport(
            output=ScriptOutput(
                result=outcome.results[0] if outcome.results else None,
                results=tuple(outcome.results),
                output=kept.getvalue(),
                usage=spent,
                run_id=run_id,
            ),
            error=outcome.error,
        )


class _Agents:
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
            lambda medium, limit: self._media().prepare(medium, limit),
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


NOT_ASKED: Final = "[dry run: the model was not asked]"


def _rehearsed(entries: Mapping[str, ProviderSettings]) -> dict[str, ProviderSettings]:
    """The providers of a dry run: they answer by themselves."""
    from llmspell.settings import ProviderSettings, ScriptedReply

    replies = (ScriptedReply(text=NOT_ASKED),)
    return {
        name: ProviderSettings(name=name, kind="scripted", model=entry.model, replies=replies)
        for name, entry in entries.items()
    }


def _as_tools(tools: Iterable[Tool | Callable[..., Any]]) -> tuple[Tool, ...]:
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


def _registry(tools: list[Tool], approve: Approve | None, rehearse: Rehearse | None) -> ToolRegistry:
    from llmspell.tools.registry import ToolRegistry

    return ToolRegistry(tools, approve=approve, rehearse=rehearse)


def _media(manifest: Manifest, environ: Mapping[str, str], rehearse: Rehearse | None) -> Callable[[], MediaStore]:
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


def read_script(path: Path) -> bytes:
    """A script's bytes from a file. Raises UsageError for a file that cannot be read, and as `checked_script`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SCRIPT + 1)
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder, not a script", hint="name the script or the manifest in it") from None
    except FileNotFoundError:
        raise UsageError(
            f"there is no file {path}", hint="check the path; it is taken from the current folder"
        ) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    return checked_script(data, str(path))


def checked_script(data: bytes, name: str) -> bytes:
    """A script's bytes: UTF-8, not bytecode, not too long; the mark of UTF-8 goes, and a first line `#!...` becomes a
    comment. Raises ScriptError that says what is wrong."""
    if len(data) > MAX_SCRIPT:
        raise ScriptError(f"{name} is larger than {MAX_SCRIPT >> 20} MB")
    if data.startswith(b"\x1bLua"):
        raise ScriptError(f"{name} is compiled Lua; only source text is run", hint="run the .lua file it was made from")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raised = ScriptError(f"{name} is not UTF-8 text", hint="save the file as UTF-8")
        raised.file, raised.line = name, line
        raise raised from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    return b"--" + data[1:] if data.startswith(b"#") else data


def chunk_name(name: str) -> str:
    """What Lua calls a script in its messages: "@" and the name, from its end where it is long (Lua cuts at 60)."""
    encoded = name.encode("utf-8", "replace")
    return "@" + (encoded if len(encoded) <= 55 else b"..." + encoded[-52:]).decode("utf-8", "ignore")


def _transferable(arg: str) -> str | bytes:
    """An argument or a variable for the guest: what the system could not decode goes in as the bytes that it was."""
    return arg if arg.isascii() or not any("\udc80" <= char <= "\udcff" for char in arg) else os.fsencode(arg)


def _checked(report: RunReport) -> ScriptOutput:
    if report.error is not None:
        raise report.error
    return report.output


def _agent_data(agent: Any) -> dict[str, Any]:
    names = ("name", "provider", "model", "description", "prompt", "temperature", "max_tokens", "max_turns", "schema")
    data = {name: getattr(agent, name) for name in names if getattr(agent, name) is not None}
    lists = {name: list(getattr(agent, name)) for name in ("tools", "fallback", "transfer_to")}
    return {**data, **lists, "parameters": dict(agent.parameters)}


__all__ = ["RunReport", "ScriptOutput", "ScriptRuntime", "checked_script", "chunk_name", "read_script"]
