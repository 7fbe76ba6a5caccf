"""The file of a recording: one JSON object a line, the first of which says the version.

    {"type": "recording", "version": 1}
    {"type": "model", ...}        a RecordedModel, before the first request to it
    {"type": "blob", "sha256": ..., "base64": ...}      a medium of a reply, once, before the first call that names it
    {"type": "call", ...}         a RecordedCall, when it is over

What belongs to one call is one write to a file that is opened for it alone, so that a run that ends in any way leaves
whole lines; a last line without its end is no line.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import stat
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from llmspell.errors import JournalError, UsageError
from llmspell.providers.recording.form import (
    REPLAYED,
    RecordedCall,
    RecordedModel,
    from_data,
    media_of,
    sha256,
    to_data,
)
from llmspell.providers.recording.redaction import redacted

VERSION: Final = 1
MAX_BYTES: Final = 64 * 1024 * 1024
"""Of a file: some ten thousand turns, or fifty images."""
_FLAGS: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""Of files, on systems that have them: not for other processes, and with line ends as they are."""
_MARK: Final = b'{"type": "recording"'


class PlacedCall(NamedTuple):
    """A call and the line that it stands in, from 1."""

    line: int
    call: RecordedCall


class Recorded(NamedTuple):
    """All of a file."""

    models: tuple[RecordedModel, ...]
    calls: tuple[PlacedCall, ...]


class Recording:
    """A file that is being written, by any number of providers and runs at once. `secrets` never get into it."""

    def __init__(self, path: Path, secrets: Iterable[str] = (), *, max_bytes: int = MAX_BYTES) -> None:
        """Begins the file. Raises UsageError where it cannot be written, or holds something else."""
        self.path = path
        self._secrets = set(secrets)
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._known: set[object] = set()  # the models and the media that have their line
        _begin(path)

    def add(self, model: RecordedModel, call: RecordedCall, secrets: Iterable[str]) -> None:
        """Raises JournalError where there is no room for it."""
        with self._lock:
            self._secrets.update(secrets)
            lines: dict[object, str] = {}
            lines[model.provider, model.model] = _line("model", redacted(to_data(model), self._secrets))
            for data in media_of(call):
                digest = sha256(data)
                lines[digest] = _line("blob", {"sha256": digest, "base64": _base64(data)})
            new = {known: line for known, line in lines.items() if known not in self._known}
            whole = "".join([*new.values(), _line("call", redacted(to_data(call), self._secrets))])
            self._append(whole.encode("utf-8", "surrogatepass"))
            self._known.update(new)

    def _append(self, data: bytes) -> None:
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | _FLAGS)
            try:
                size = os.fstat(file).st_size
                if size + len(data) > self._max_bytes:
                    raise JournalError(
                        f"the recording {self.path} would be larger than {self._max_bytes:,} bytes",
                        hint="what stands in it is whole; record a shorter run",
                    )
                try:
                    written = os.write(file, data)
                except OSError:
                    os.ftruncate(file, size)
                    raise
                if written < len(data):
                    os.ftruncate(file, size)
                    raise JournalError(f"the recording {self.path} cannot be written: there is no room for it")
            finally:
                os.close(file)
        except OSError as error:
            raise JournalError(f"the recording {self.path} cannot be written: {error.strerror}") from None


def load(path: Path) -> Recorded:
    """Raises UsageError for a file that cannot be read or is no recording, with the line that is wrong."""
    lines = _read(path).split(b"\n")[:-1]
    blobs: dict[str, bytes] = {}
    models: list[RecordedModel] = []
    calls: list[PlacedCall] = []

    def blob(digest: str) -> bytes:
        if digest not in blobs:
            raise ValueError("no line before it holds its medium")
        return blobs[digest]

    for number, line in enumerate(lines, 1):
        try:
            data = json.loads(line.decode("utf-8", "surrogatepass"))
            kind = data.pop("type")
            if number == 1:
                _check_version(path, kind, data)
            elif kind == "model":
                models.append(from_data(data, RecordedModel, blob))
            elif kind == "blob":
                content = base64.b64decode(data["base64"], validate=True)
                blobs[sha256(content)] = content
            elif kind == "call":
                calls.append(PlacedCall(number, _checked(from_data(data, RecordedCall, blob))))
            else:
                raise ValueError("its type is not known")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
            wrong = UsageError(
                f"{path}:{number}: this is not a line of a recording", hint="record it again with --record"
            )
            wrong.details["problem"] = str(error)[:500]
            raise wrong from None
    if not lines:
        raise UsageError(f"{path} holds no recording", hint="record one: llmspell run FILE --record FILE")
    return Recorded(tuple(models), tuple(calls))


def _check_version(path: Path, kind: Any, data: Mapping[str, Any]) -> None:
    if kind != "recording":
        raise ValueError("a recording begins otherwise")
    if data.get("version") != VERSION:
        raise UsageError(
            f"{path} is a recording of version {data.get('version')!r:.20}; this llmspell reads version {VERSION}",
            hint="record it again with --record",
        )


def _checked(call: RecordedCall) -> RecordedCall:
    if [call.reply is not None, call.error is not None, call.left].count(True) != 1:
        raise ValueError("a call has a reply, an error, or was left")
    if call.error is not None and call.error.kind not in REPLAYED:
        raise ValueError("its error is not known")
    return call


def _begin(path: Path) -> None:
    try:
        # not blocking: a pipe that nobody reads would be waited for
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | _FLAGS, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise UsageError(f"{path} is not a file that a recording could be written to")
            start = os.read(file, len(_MARK))
            if start and start != _MARK:
                raise UsageError(
                    f"{path} is there already and is not a recording", hint="name another file, or remove that one"
                )
            os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)
            os.write(file, _line("recording", {"version": VERSION}).encode())
        finally:
            os.close(file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a file name"
        raise UsageError(f"the recording {path} cannot be written: {reason}") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a file name"
        raise UsageError(f"the recording {path} cannot be read: {reason}") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"the recording {path} is larger than {MAX_BYTES:,} bytes")
    return data


def _line(kind: str, data: Mapping[str, Any]) -> str:
    return json.dumps({"type": kind, **data}, ensure_ascii=False) + "\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
