"""What a command says, in each of the three forms of output: events while a run goes on, and one end.

`event` is called on any thread; `finish` once, after the last event. Stdout is written only here and in the commands
that print a document.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

from llmspell.cli.sink import OutputClosed, Sink
from llmspell.cli.sources import Sources
from llmspell.errors import LlmspellError, UsageError
from llmspell.events import CallFinished, CallRetried, CallStarted, Chunk, Done, Event, Log, Output, Progress

LEVELS: Final = ("debug", "info", "warn", "error")


class Ending(NamedTuple):
    """How a command ended. `result` is what the script returned, `run` what JSON says of the run itself."""

    error: LlmspellError | None = None
    result: Any = None
    usage: Mapping[str, float] = {}
    run: Mapping[str, Any] = {}
    sources: Sources = Sources()


class Live(Protocol):
    """The line that shows what runs now (live.py)."""

    def note(self, event: CallStarted | CallFinished | CallRetried | Chunk | Progress) -> None: ...
    def clear(self) -> None: ...


class Printer:
    """Text: the script's own words where they belong, what it returned as the last line, errors on stderr."""

    def __init__(self, out: Sink, err: Sink, *, level: str = "info") -> None:
        self.out = out
        self.err = err
        self.live: Live | None = None
        self.lock = threading.RLock()
        self._least = LEVELS.index(level)

    def event(self, event: Event) -> None:
        if isinstance(event, Output):
            self._output(event)
        elif isinstance(event, Log):
            if LEVELS.index(event.level) >= self._least:
                self.say(log_line(event))
        elif self.live is not None and isinstance(event, (CallStarted, CallFinished, CallRetried, Chunk, Progress)):
            self.live.note(event)

    def finish(self, ending: Ending) -> int:
        """Say how it ended; the exit code."""
        with self.lock:
            self.clear()
            self._last_words(ending)
            fault = self.out.fault
            if fault is not None and fault is not ending.error:
                self._failed(fault, ending)
        error = fault or ending.error
        return error.exit_code if error is not None else 0

    def _last_words(self, ending: Ending) -> None:
        if ending.error is not None:
            self._failed(ending.error, ending)
        elif ending.result is not None:
            self.out.write((b"\n" if self.out.line_open else b"") + _result_line(ending.result))

    def _output(self, event: Output) -> None:
        data = event.raw or event.text.encode()
        with self.lock:
            self.clear()
            (self.out if event.stream == "stdout" else self.err).write(data)

    def say(self, text: str) -> None:
        """A line of ours on stderr."""
        with self.lock:
            self.clear()
            self.err.text(text)

    def _failed(self, error: LlmspellError, ending: Ending) -> None:
        from llmspell.cli.report import Paint, error_text

        if isinstance(error, OutputClosed):
            return  # quietly, as every tool whose reader has gone
        paint = Paint(self.err.colour, self.err.columns)
        start = "\n" if self.err.line_open or (self.out.line_open and self.out.is_terminal) else ""
        self.err.text(start + error_text(error, ending.sources, ending.usage, paint))

    def clear(self) -> None:
        """Erase the live line."""
        if self.live is not None:
            self.live.clear()


class JsonPrinter(Printer):
    """One JSON object on stdout, at the end; the script's stdout is in it. Stderr has what it has in text form, but
    not the error, which is in the object."""

    def __init__(self, out: Sink, err: Sink, *, level: str = "info") -> None:
        super().__init__(out, err, level=level)
        self._kept: list[str] = []

    def _last_words(self, ending: Ending) -> None:
        from llmspell.cli.jsonform import ending_object, json_line

        self.out.text(json_line(ending_object(ending, "".join(self._kept))))

    def _output(self, event: Output) -> None:
        if event.stream == "stdout":
            self._kept.append(event.text)
        else:
            super()._output(event)


class EventsPrinter(Printer):
    """One JSON object a line on stdout, as events happen; the last is "done", with result, error and run in it."""

    def event(self, event: Event) -> None:
        from llmspell.cli.jsonform import event_object, json_line

        if not isinstance(event, Done):  # that one is said by finish, with how it ended
            with self.lock:
                self.clear()
                self.out.text(json_line(event_object(event)))
        if self.live is not None and isinstance(event, (CallStarted, CallFinished, CallRetried, Chunk, Progress)):
            self.live.note(event)

    def _last_words(self, ending: Ending) -> None:
        from llmspell.cli.jsonform import done_object, json_line

        self.out.text(json_line(done_object(ending)))


PRINTERS: Final = {"text": Printer, "json": JsonPrinter, "events": EventsPrinter}


def log_level(verbose: bool) -> str:
    """The least level that is shown. Raises UsageError for an LLMSPELL_LOG that names none."""
    level = os.environ.get("LLMSPELL_LOG", "").lower() or "info"
    if level not in LEVELS:
        raise UsageError(f'LLMSPELL_LOG is "{level[:32]}"', hint=f"it is one of {', '.join(LEVELS)}")
    return "debug" if verbose else level


def log_line(event: Log) -> str:
    from llmspell.cli.jsonform import json_line
    from llmspell.cli.report import aligned

    fields = "".join(
        f" {name}={value if isinstance(value, str) else json_line(value).rstrip()}"
        for name, value in event.fields.items()
    )
    head = f"{event.level}:"
    return f"{head} {aligned(head, event.message + fields)}\n"


def _result_line(result: Any) -> bytes:
    """What a script returned, as a line: a string as it is, other data as JSON."""
    if isinstance(result, (str, bytes)):
        data = result.encode("utf-8", "surrogateescape") if isinstance(result, str) else result
        return data if data.endswith(b"\n") else data + b"\n"
    from llmspell.cli.jsonform import json_line

    return json_line(result).encode()
