"""Calls of tools that a person is asked about, and those that are only told of in a dry run.

A tool's arguments come from scripts and models: whatever a terminal would obey is shown written out.
"""

from __future__ import annotations

import asyncio
import os
import termios
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from typing import Any, Final

from llmspell.cli.session import Session
from llmspell.errors import DeniedError
from llmspell.events import CallStarted, Event

TERMINAL: Final = "/dev/tty"
"""Not stdin: that is the script's."""
MAX_SHOWN: Final = 2_000
"""Characters of one argument; what is left out is counted."""
MAX_LISTED: Final = 40
"""Arguments; more would push the first ones off the screen, and tools that are asked about take few."""
_YES: Final = ("y", "yes")

Approve = Callable[[str, Mapping[str, Any]], Awaitable[bool]]


def approver(session: Session, *, yes: bool) -> Approve:
    """Asks on the terminal, one question at a time; with `yes` nobody is asked."""
    lock = asyncio.Lock()

    async def confirmed(_name: str, _arguments: Mapping[str, Any]) -> bool:
        return True

    async def asked(name: str, arguments: Mapping[str, Any]) -> bool:
        async with lock:
            return await asyncio.to_thread(_ask, session, name, arguments)

    return confirmed if yes else asked


def _ask(session: Session, name: str, arguments: Mapping[str, Any]) -> bool:
    try:
        terminal = os.open(TERMINAL, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        raise DeniedError(
            f"the tool '{name}' needs a confirmation, and there is no terminal to ask on",
            hint="run it in a terminal, or confirm every call with --yes",
        ) from None
    with open(terminal, "r+b", buffering=0) as asked:
        with session.printer.lock:
            session.printer.clear()
            session.err.line_open = True  # the live line stays away
        termios.tcflush(asked, termios.TCIFLUSH)  # what was typed before the question is no answer to it
        asked.write(f"{question(name, arguments)} [y/N] ".encode("utf-8", "replace"))
        answer = asked.readline()
        session.err.line_open = False
    return answer.decode("utf-8", "replace").strip().lower() in _YES


def question(name: str, arguments: Mapping[str, Any]) -> str:
    """The tool and its arguments, a line each, and the question."""
    from llmspell.cli.report import harmless

    lines = [f"The tool {harmless(name)} is to be called with"]
    lines += [f"  {line}" for line in _listed(arguments)] or ["  no arguments"]
    return "\n".join([*lines, f"Call {harmless(name)}?"])


def _listed(arguments: Mapping[str, Any]) -> list[str]:
    """Each argument in a line; a name that is no word is quoted, so that it cannot pass for lines of ours."""
    lines = [
        f"{key if key.isidentifier() and len(key) <= 64 else _shown(key)} = {_shown(value)}"
        for key, value in islice(arguments.items(), MAX_LISTED)
    ]
    more = len(arguments) - len(lines)
    return [*lines, f"and {more:,} arguments more, which are not shown"] if more else lines


def _shown(value: Any) -> str:
    from llmspell.cli.jsonform import json_line
    from llmspell.cli.report import harmless

    text = harmless(json_line(value).rstrip("\n"))
    more = len(text) - MAX_SHOWN
    return text if more <= 0 else f"{text[:MAX_SHOWN]}... and {more:,} characters more"


class Rehearsal:
    """Says on stderr what a dry run would do."""

    def __init__(self, session: Session) -> None:
        self._printer = session.printer

    def tool(self, name: str, arguments: Mapping[str, Any]) -> None:
        given = ", ".join(_listed(arguments))
        self._say(f"would call the tool {name}" + (f" with {given}" if given else ""))

    def event(self, event: Event) -> None:
        if isinstance(event, CallStarted) and event.op == "model.turn":
            self._say(f"would ask {event.label}")
        self._printer.event(event)

    def _say(self, text: str) -> None:
        from llmspell.cli.live import one_line

        self._printer.say(f"dry run: {one_line(text)}\n")
