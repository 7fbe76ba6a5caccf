"""The host functions that touch no provider and no tool: time, JSON, logging, what a run knows of itself, its input
and its modules. One table, built for one run.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from llmspell.abi.codec import depth_fits, pack
from llmspell.errors import InvalidArgument, LimitError
from llmspell.events import Level, Log, Progress
from llmspell.host import clock, jsontext
from llmspell.host.dispatch import Gate, Operation, Operations, require
from llmspell.host.modules import Modules
from llmspell.host.statestore import StateStore
from llmspell.host.workers import workers

if TYPE_CHECKING:
    from llmspell.media.store import MediaStore
    from llmspell.schemas import Schema

MAX_SLEEP: Final = 366 * 24 * 3600.0
MAX_INPUT: Final = 16 * 1024 * 1024
"""Bytes that one io.read gives at most."""
MAX_LOG: Final = 100_000

_LEVELS: Final[Mapping[str, Level]] = {"debug": "debug", "info": "info", "warn": "warn", "error": "error"}


class Surroundings(NamedTuple):
    """What a run may know: declared environment variables, folders of modules, its input, its limits and spending, and
    its media, which are made when they are first asked for."""

    media: Callable[[], MediaStore]
    environment: Mapping[str, str | bytes] = {}
    modules: tuple[Path, ...] = ()
    stdin: IO[bytes] | None = None
    limits: Callable[[], Mapping[str, Any]] = dict
    usage: Callable[[], Mapping[str, Any]] = dict


def functions(gate: Gate, around: Surroundings) -> Operations:
    """The table of operations by name."""
    modules = Modules(around.modules)
    return {
        "media.create": Operation(immediate=lambda payload: around.media().create(payload)),
        "media.bytes": Operation(immediate=lambda digest: around.media().content(digest)),
        "media.load": Operation(awaited=lambda path: _counted(gate, "media.load", around.media().load, path)),
        "media.save": Operation(awaited=lambda payload: _counted(gate, "media.save", around.media().save, payload)),
        "json.parse": Operation(immediate=_json_parse),
        "json.stringify": Operation(immediate=_json_stringify),
        "schema.check": Operation(immediate=_check_schema),
        "tool.check": Operation(immediate=_check_arguments),
        "os.time": Operation(immediate=clock.os_time),
        "os.date": Operation(immediate=clock.os_date),
        "os.clock": Operation(immediate=lambda _: gate.elapsed()),
        "os.getenv": Operation(immediate=lambda name: _getenv(around, name)),
        "log": Operation(immediate=lambda payload: _log(gate, payload)),
        "run.progress": Operation(immediate=lambda payload: _progress(gate, payload)),
        "run.limits": Operation(immediate=lambda _: around.limits()),
        "run.usage": Operation(immediate=lambda _: around.usage()),
        "task.sleep": Operation(awaited=_sleep),
        "task.limit": Operation(immediate=lambda _: _too_many_tasks(around)),
        "io.read": Operation(awaited=lambda form: _read(around.stdin, form)),
        "module.load": Operation(awaited=lambda name: workers.call(modules.load, name)),
        **StateStore().operations(),
    }


async def _counted(gate: Gate, op: str, do: Callable[[Any], Awaitable[Any]], payload: Any) -> Any:
    """What touches the world as a tool does, and counts as one."""
    label = str(payload.get("path") if isinstance(payload, dict) else payload)[:200]
    return await gate.effect(op, label, lambda _: do(payload), reserve={"tool_calls": 1})


def _json_parse(text: Any) -> Any:
    if not isinstance(text, str):
        raise InvalidArgument("JSON.parse: the text is not UTF-8")
    value = jsontext.parse(text)
    if not depth_fits(value):
        raise InvalidArgument("JSON.parse: the text is nested too deeply (more than 128 levels)")
    return value


def _json_stringify(payload: Any) -> str:
    fields = require(payload, "JSON.stringify")
    options = fields.get("options") or {}
    return jsontext.stringify(
        fields.get("value"), pretty=bool(options.get("pretty")), sort=bool(options.get("sort_keys"))
    )


def _schema(schema: Any) -> Schema:
    """Raises InvalidArgument for what is no JSON Schema."""
    if not isinstance(schema, dict):
        raise InvalidArgument("the schema is not a table of named fields")
    from llmspell.schemas import Schema  # most scripts have none

    return Schema(schema)


def _check_schema(schema: Any) -> Any:
    """The schema, which reaches the script as a copy of what it gave."""
    return _schema(schema).source


def _check_arguments(payload: Any) -> None:
    """Those of a script's own tool."""
    fields = require(payload, "tool.check", tool=str)
    from llmspell.tools.arguments import checked

    checked(fields["tool"], _schema(fields.get("schema")), fields.get("arguments"))


def _getenv(around: Surroundings, name: Any) -> str | bytes | None:
    return around.environment.get(name) if isinstance(name, str) else None


def _log(gate: Gate, payload: Any) -> None:
    fields = require(payload, "log", level=str, message=(str, bytes))
    message = fields["message"]
    extra = fields.get("fields")
    extra = extra if isinstance(extra, dict) else {}
    gate.budget.spend(output_bytes=len(message) + len(pack(extra)))  # one byte for none: no event is free
    level = _LEVELS.get(fields["level"], "info")
    gate.emit(Log(at=gate.elapsed(), level=level, message=_text(message)[:MAX_LOG], fields=extra))


def _progress(gate: Gate, payload: Any) -> None:
    fields = require(payload, "Run.progress", message=(str, bytes))
    fraction, message = fields.get("fraction"), fields["message"]
    known = isinstance(fraction, (int, float)) and 0 <= fraction <= 1
    gate.budget.spend(output_bytes=len(message) + 1)
    gate.emit(Progress(at=gate.elapsed(), message=_text(message)[:200], fraction=fraction if known else None))


def _text(message: str | bytes) -> str:
    return message.decode("utf-8", "replace") if isinstance(message, bytes) else message


def _too_many_tasks(around: Surroundings) -> None:
    granted = around.limits()["tasks"]
    raise LimitError("tasks", granted, granted + 1, hint="await some tasks before you spawn more")


async def _sleep(seconds: Any) -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= MAX_SLEEP:
        raise InvalidArgument("Task.sleep: a number of seconds from 0 to a year expected")
    if seconds > 0:  # sleeping for nothing still lets the other tasks run: it is a turn
        await asyncio.sleep(seconds)


async def _read(stdin: IO[bytes] | None, form: Any) -> bytes | str | None:
    """One io.read: "l" a line without its end, "L" with it, "a" everything, "n" a numeral, or a count of bytes."""
    if stdin is None:
        return b"" if form == "a" else None
    return await workers.call(_read_now, stdin, form)  # a thread that may be left behind in a read that never ends


def _read_now(stdin: IO[bytes], form: Any) -> bytes | str | None:
    if form == "a":
        return _bounded(stdin.read(MAX_INPUT + 1))
    if isinstance(form, int):
        if not 0 <= form <= MAX_INPUT:
            raise InvalidArgument(f"io.read: a count of at most {MAX_INPUT} expected")
        return stdin.read(form) or None if form else _rest(stdin)
    line = _bounded(stdin.readline(MAX_INPUT + 1))
    if not line:
        return None
    return line.strip() if form == "n" else line if form == "L" else line.removesuffix(b"\n")


def _rest(stdin: IO[bytes]) -> bytes | None:
    """What a read of 0 bytes gives: empty when there is more, None at the end."""
    if isinstance(stdin, io.BufferedReader):
        return b"" if stdin.peek(1) else None
    if not stdin.seekable():
        return b""
    where = stdin.tell()
    more = stdin.read(1)
    stdin.seek(where)
    return b"" if more else None


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_INPUT:
        raise InvalidArgument(f"io.read: more than {MAX_INPUT >> 20} MB of input at once")
    return data


def standard_input() -> IO[bytes] | None:
    """This process's input, for a run from the command line."""
    return sys.stdin.buffer if sys.stdin is not None else None
