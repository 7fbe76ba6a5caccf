"""A script as text: read from a file, checked, and what Lua calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from llmspell.errors import ScriptError, UsageError

MAX_SCRIPT: Final = 4 * 1024 * 1024
"""Bytes of a script. Hand-written and generated scripts stay far below; compiling this takes some seconds of fuel."""


def read_script(path: Path) -> bytes:
    """A script's bytes from a file. Raises UsageError for a file that cannot be read, and as `checked_script`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SCRIPT + 1)
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder, not a script", hint="name the script or the manifest in it") from None
    except FileNotFoundError:
        raise UsageError(
            f"there is no file {path}", hint="check the path; it is taken from the current folder"
        ) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    return checked_script(data, str(path))


def checked_script(data: bytes, name: str) -> bytes:
    """A script's bytes: UTF-8, not bytecode, not too long; the mark of UTF-8 goes, and a first line `#!...` becomes a
    comment. Raises ScriptError that says what is wrong."""
    if len(data) > MAX_SCRIPT:
        raise ScriptError(f"{name} is larger than {MAX_SCRIPT >> 20} MB")
    if data.startswith(b"\x1bLua"):
        raise ScriptError(f"{name} is compiled Lua; only source text is run", hint="run the .lua file it was made from")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raised = ScriptError(f"{name} is not UTF-8 text", hint="save the file as UTF-8")
        raised.file, raised.line = name, line
        raise raised from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    return b"--" + data[1:] if data.startswith(b"#") else data


def chunk_name(name: str) -> str:
    """What Lua calls a script in its messages: "@" and the name, from its end where it is long (Lua cuts at 60)."""
    encoded = name.encode("utf-8", "replace")
    return "@" + (encoded if len(encoded) <= 55 else b"..." + encoded[-52:]).decode("utf-8", "ignore")
