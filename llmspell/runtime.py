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
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from llmspell.connect import Agents, as_tools, lazy_media, tool_registry
from llmspell.errors import HostError, LlmspellError, UsageError
from llmspell.events import Done, Event, Output
from llmspell.host.dispatch import Gate
from llmspell.host.functions import Surroundings, functions
from llmspell.host.relay import Relay
from llmspell.limits import Budget, as_dict
from llmspell.manifest.model import Manifest
from llmspell.script import chunk_name, read_script

if TYPE_CHECKING:
    from llmspell.providers.recording.file import Recording
    from llmspell.providers.traffic import Traffic
    from llmspell.tools.base import Tool
    from llmspell.tools.registry import Approve, Rehearse


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
        self._tools = as_tools(tools)
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

        media = lazy_media(manifest, self._environ, self._rehearse)
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

        agents = Agents(
            manifest,
            lambda: tool_registry(tools, self._approve, self._rehearse),
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


__all__ = ["RunReport", "ScriptOutput", "ScriptRuntime"]
