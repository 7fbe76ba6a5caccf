"""The command `llmspell`. Only what every use needs is imported here: start-up is most of a short run's time.

A plain `llmspell run FILE ...` is read by a small parser of our own; everything else, help and mistakes included, by
cyclopts, which takes longer to import than the whole run.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

from llmspell import __version__
from llmspell.cli.sink import Sink
from llmspell.errors import InterruptedRun, LlmspellError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.cli.session import Session


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these words, those of the process by default; the exit code. Never raises, and prints no
    Python traceback unless LLMSPELL_DEBUG is set."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words == ["--version"]:
        out = Sink(sys.stdout)
        out.text(f"llmspell {__version__}\n")
        if out.fault is not None:
            Sink(sys.stderr).text(f"error: {out.fault}\n")
        return out.fault.exit_code if out.fault is not None else 0
    session: Session | None = None
    try:
        from llmspell.cli.session import Session

        session = Session(words)
        with session.interrupts:
            code = _dispatch(words, session)
            if argv is None:
                _leave(code)
            return code
    except KeyboardInterrupt:  # before our own handlers were there
        return _session(session, words).end(InterruptedRun("stopped by Ctrl-C"))


def _dispatch(words: list[str], session: Session) -> int:
    """Do what the words say, and turn whatever goes wrong into an end that has been said."""
    from llmspell.cli.session import internal

    try:
        if words[:1] == ["run"]:
            from llmspell.cli.options import parse

            request = parse(words[1:])
            if request is not None:
                from llmspell.cli.run import run

                return run(request, session)
        from llmspell.cli.app import handle

        return handle(words, session)
    except LlmspellError as error:
        return session.end(error)
    except Exception as bug:
        return session.end(internal(bug))


def _session(session: Session | None, words: list[str]) -> Session:
    from llmspell.cli.session import Session

    return session if session is not None else Session(words)


def _leave(code: int) -> None:
    """End the process at once. Taking the interpreter apart would cost an eighth of a short run's time, and would wait
    for any thread that stands in a read of the terminal, which may be for ever."""
    if not os.environ.get("LLMSPELL_DEBUG"):
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None:
                    stream.flush()
        os._exit(code)
