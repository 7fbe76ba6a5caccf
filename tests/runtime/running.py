"""A script run as a program would run it, with its manifest as text; for the tests of several folders."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from llmspell.events import Event
from llmspell.manifest.load import parse_manifest
from llmspell.runtime import RunReport, ScriptRuntime

T = TypeVar("T")


class Ran(NamedTuple):
    """How a run ended, and everything that happened in it."""

    report: RunReport
    events: list[Event]

    @property
    def result(self) -> Any:
        """What the script returned first. Fails the test, with the script's traceback, when the run failed."""
        error = self.report.error
        assert error is None, f"{error}\n{error.traceback}"
        return self.report.output.result

    @property
    def error(self) -> Any:
        """The error that ended the run."""
        assert self.report.error is not None, f"it ended well: {self.report.output}"
        return self.report.error

    @property
    def output(self) -> str:
        return self.report.output.output

    @property
    def usage(self) -> Mapping[str, float]:
        return self.report.output.usage

    def of(self, kind: type[T]) -> list[T]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def runtime(
    manifest: str = "",
    *,
    base: Path | None = None,
    environ: Mapping[str, str] | None = None,
    **given: Any,
) -> ScriptRuntime:
    """`given` are further arguments of ScriptRuntime: tools, stdin, approve, rehearse."""
    parsed = parse_manifest(manifest, file="test.toml", base=base or Path.cwd())
    return ScriptRuntime(parsed, environ=environ or {}, **given)


async def ran(source: str, manifest: str = "", *, args: Iterable[str] = (), **given: Any) -> Ran:
    """On the running event loop."""
    events: list[Event] = []
    report = await runtime(manifest, **given).report(source, name="test.lua", args=args, on_event=events.append)
    return Ran(report, events)


def run(source: str, manifest: str = "", **given: Any) -> Ran:
    """On an event loop of its own."""
    return asyncio.run(ran(source, manifest, **given))
