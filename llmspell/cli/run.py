"""`llmspell run`: a manifest or a script, its limits, one run, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from llmspell.cli.approve import Rehearsal, approver
from llmspell.cli.options import RunRequest
from llmspell.cli.printers import log_level
from llmspell.cli.session import DEBUG, Session
from llmspell.cli.sources import Sources
from llmspell.errors import UsageError
from llmspell.events import Event
from llmspell.manifest.model import Manifest, Overrides
from llmspell.runtime import RunReport, ScriptRuntime
from llmspell.script import MAX_SCRIPT, checked_script, chunk_name

T = TypeVar("T")
STDIN = "-"


def run(request: RunRequest, session: Session) -> int:
    """Run what is asked for; the exit code. Raises LlmspellError for what goes wrong before the run."""
    if not request.file:
        raise UsageError("the name of the file to run is empty")
    if request.dry_run and request.record is not None:
        raise UsageError("--dry-run asks no model, so there is nothing to --record", hint="leave one of them out")
    level = log_level(request.verbose)
    session.about["manifest" if is_manifest(request.file) else "script"] = request.file
    manifest = _manifest(request)
    session.use(manifest.run.output, level)
    session.about["args"] = list(manifest.run.args)
    line_shown = request.stream and session.err.is_terminal and os.environ.get("TERM") != "dumb"
    runtime = ScriptRuntime(
        manifest,
        stdin=sys.stdin.buffer if sys.stdin is not None else None,
        keep_output=False,
        record=request.record,
        live=line_shown or (request.stream and manifest.run.output == "events"),
        approve=approver(session, yes=request.yes),
        rehearse=Rehearsal(session).tool if request.dry_run else None,
    )
    source, name = _stdin() if request.file == STDIN else runtime.script()
    session.about["script"] = name
    session.sources = Sources(name, called=chunk_name(name), text=source, modules=manifest.module_roots())
    on_event = Rehearsal(session).event if request.dry_run else session.printer.event
    report = run_loop(_report(runtime, source, name, session, line_shown, on_event, request.attach))
    session.about["id"] = report.output.run_id
    return session.end(report.error, result=report.output.result, usage=report.output.usage)


def is_manifest(file: str) -> bool:
    return file.endswith(".toml")


def run_loop(work: Coroutine[Any, Any, T]) -> T:
    """asyncio.run, without its wait for threads at the end: one may stand in a read of the terminal for ever."""
    loop = asyncio.new_event_loop()
    if not os.environ.get(DEBUG):
        loop.set_exception_handler(lambda _loop, _context: None)  # its tracebacks say nothing to a user
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what a tool in Python prints is not what the command says
            return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _manifest(request: RunRequest) -> Manifest:
    overrides = Overrides(
        fuel=request.fuel,
        memory_bytes=request.mem,
        wall_ms=request.timeout,
        cost=request.max_cost,
        args=request.args or None,
        output=request.output,
    )
    if request.file == STDIN:
        return overrides.apply(Manifest(file="stdin", base=Path()))
    if is_manifest(request.file):
        from llmspell.manifest.load import load_manifest  # TOML: a script needs none

        return load_manifest(request.file, overrides=overrides, require_script=True)
    return overrides.apply(Manifest.for_script(request.file))


def _stdin() -> tuple[bytes, str]:
    if sys.stdin is None:
        raise UsageError("there is no standard input to read a script from")
    return checked_script(sys.stdin.buffer.read(MAX_SCRIPT + 1), "stdin"), "stdin"


async def _report(
    runtime: ScriptRuntime,
    source: bytes,
    name: str,
    session: Session,
    line_shown: bool,
    on_event: Callable[[Event], None],
    attach: tuple[str, ...],
) -> RunReport:
    printer = session.printer
    line = None
    if line_shown:
        from llmspell.cli.live import LiveLine

        printer.live = line = LiveLine(session.err, session.out, printer.lock)
        line.start()
    try:
        return await runtime.report(
            source,
            name=name,
            args=runtime.manifest.run.args,
            on_event=on_event,
            on_start=session.stop.attach,
            attach=attach,
        )
    finally:
        if line is not None:
            line.stop()
            printer.live = None
