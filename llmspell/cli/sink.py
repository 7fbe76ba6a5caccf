"""Writing to one of the process's own streams: bytes, at once, and whatever goes wrong with it in one place.

Nothing is buffered here, so what goes to stdout and what goes to stderr stay in order.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TextIO

from llmspell.errors import InterruptedRun, LlmspellError


class OutputClosed(InterruptedRun):
    """Nobody reads our stdout any more (`llmspell run x | head -1`): the quiet end that the system's own tools make,
    with the exit code that a shell gives for them (128 + SIGPIPE)."""

    exit_code = 141


class OutputFailed(LlmspellError):
    """Stdout cannot be written: a full disk, mostly."""

    kind = "output"
    terminal = True


class Sink:
    """One stream. `on_fault` is told once of what ended it; what is written afterwards is dropped."""

    def __init__(self, stream: TextIO | None, on_fault: Callable[[LlmspellError], None] | None = None) -> None:
        self._descriptor = _descriptor(stream)
        self._on_fault = on_fault
        self.is_terminal = self._descriptor is not None and os.isatty(self._descriptor)
        self.line_open = False
        """Whether what was written last did not end its line."""
        self.fault: LlmspellError | None = None

    @property
    def colour(self) -> bool:
        """Whether colours may be written: to a terminal that has them, to a user who did not decline."""
        return self.is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @property
    def columns(self) -> int | None:
        """Of the terminal, where it is one and says so."""
        try:
            if self._descriptor is not None and self.is_terminal:
                return os.get_terminal_size(self._descriptor).columns or None
        except OSError:
            pass
        return None

    def text(self, text: str) -> None:
        self.write(text.encode("utf-8", "replace"))

    def write(self, data: bytes) -> None:
        """All of it, at once. Never raises; blocks while a reader is slow."""
        if not data or self.fault is not None:
            return
        self.line_open = not data.endswith(b"\n")
        rest = memoryview(data)
        try:
            if self._descriptor is None:
                raise OSError("it is closed")
            while rest:
                try:
                    rest = rest[os.write(self._descriptor, rest) :]
                except BlockingIOError:  # whoever we share it with has made it so
                    import select

                    select.select([], [self._descriptor], [], 1)
        except BrokenPipeError:
            self._end(OutputClosed("nobody reads stdout any more"))
        except OSError as error:
            self._end(OutputFailed(f"stdout cannot be written: {error.strerror or error}"))

    def _end(self, fault: LlmspellError) -> None:
        self.fault = fault
        if self._on_fault is not None:
            self._on_fault(fault)


def _descriptor(stream: TextIO | None) -> int | None:
    """None where the process was started without that stream: its number may be another file's by now."""
    try:
        return stream.fileno() if stream is not None else None
    except (OSError, ValueError):
        return None


def stdout(on_fault: Callable[[LlmspellError], None]) -> Sink:
    return Sink(sys.stdout, on_fault)


def stderr() -> Sink:
    """What cannot be said on stderr is not worth ending a run for."""
    return Sink(sys.stderr)
