"""One use of the command: the form of its output, what it knows of its run, and its end, which is said exactly once
whatever happens.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from llmspell.cli import sink
from llmspell.cli.interrupts import Interrupts, Stopper
from llmspell.cli.options import wanted_format
from llmspell.cli.printers import PRINTERS, Ending, Printer
from llmspell.cli.sources import Sources
from llmspell.errors import HostError, LlmspellError

DEBUG = "LLMSPELL_DEBUG"
USUAL = "llmspell.toml"
"""The manifest that is meant where none is named: what `llmspell init` writes."""


class Session:
    """`words` is the command line; until a command knows better, it decides the form of output."""

    def __init__(self, words: list[str]) -> None:
        self.stop = Stopper()
        self.out = sink.stdout(self.stop)
        self.err = sink.stderr()
        self.interrupts = Interrupts(self.stop, self._give_up)
        self.sources = Sources()
        self.about: dict[str, Any] = {"id": None, "script": None, "manifest": None, "args": []}
        """What JSON output says of the run."""
        self.ended = False
        self._began = time.monotonic()
        self.printer: Printer = PRINTERS[wanted_format(words)](self.out, self.err)

    def use(self, form: str, level: str) -> Printer:
        """Speak in this form from now on."""
        self.printer = PRINTERS[form](self.out, self.err, level=level)
        return self.printer

    def end(
        self, error: LlmspellError | None = None, *, result: Any = None, usage: Mapping[str, float] | None = None
    ) -> int:
        """Say how it ended; the exit code. Once: a second end says nothing."""
        code = error.exit_code if error is not None else 0
        if self.ended:
            return code
        self.ended = True
        self.interrupts.reported()
        if isinstance(error, HostError) and os.environ.get(DEBUG):
            import traceback

            self.err.text("".join(traceback.format_exception(error)))
        elapsed = round((time.monotonic() - self._began) * 1000, 3)
        return self.printer.finish(
            Ending(
                error=error,
                result=result,
                usage=usage if usage is not None else {"elapsed_ms": elapsed},
                run={**self.about, "duration_ms": elapsed, "exit_code": code},
                sources=self.sources,
            )
        )

    def end_quietly(self) -> int:
        """The end of a command that has printed a document: nothing is left to say, unless it could not be written."""
        self.ended = True
        self.interrupts.reported()
        return self.printer.finish(Ending()) if self.out.fault is not None else 0

    def _give_up(self, reason: LlmspellError) -> None:
        """Called from a signal handler, when the run does not end: the last words, where they can be said."""
        if self.printer.lock.acquire(timeout=0.1):
            self.end(reason)
        else:  # a write to stdout stands still
            self.err.text(f"\ninterrupted: {reason.message}, while nobody was reading stdout\n")
        os._exit(reason.exit_code)


def internal(bug: BaseException) -> HostError:
    """The error for what nobody expected."""
    error = HostError(f"{type(bug).__name__}: {bug}")
    error.__cause__ = bug
    return error
