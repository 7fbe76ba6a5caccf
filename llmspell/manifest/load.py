"""Reads a manifest: file to text to TOML to Manifest. Whatever is wrong becomes one ManifestError with all problems."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from llmspell.errors import ManifestError, Problem
from llmspell.manifest import structure
from llmspell.manifest.model import Manifest, Overrides
from llmspell.manifest.positions import OutOfBounds, Positions, scan
from llmspell.manifest.report import At, Report, TooManyProblems, path_text, without_secrets

MAX_BYTES = 1024 * 1024
"""A manifest is written by a person; the largest part of one is a script in `source`."""


def load_manifest(path: str | Path, *, overrides: Overrides | None = None, require_script: bool = False) -> Manifest:
    """The manifest of a file, with the command line's values over it.

    The script and the module folders that it names must exist. A manifest without [run] only configures: it loads,
    unless `require_script` is set and the overrides name no script either. Raises ManifestError, and UsageError for
    an override out of range.
    """
    file = str(path)
    text = _decode(file, _read(file, Path(path)))
    other_script = overrides is not None and overrides.script is not None
    manifest = _parse(text, file, Path(path).parent, needs_code=not other_script, on_disk=not other_script)
    if overrides is not None:
        manifest = overrides.apply(manifest)
    if require_script and manifest.run.script is None and manifest.run.source is None:
        hint = 'add [run] with script = "main.lua"'
        raise ManifestError(file, [Problem("the manifest does not say what to run", "run", hint=hint)])
    return manifest


def parse_manifest(text: str, *, file: str, base: Path) -> Manifest:
    """The manifest of a TOML text; `file` is what errors call it, `base` where its relative paths start. No file is
    looked at. Raises ManifestError."""
    return _parse(text, file, base, needs_code=True, on_disk=False)


def _read(file: str, path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _whole(file, "the file does not exist", "check the path; it is taken from the current folder") from None
    except IsADirectoryError:
        raise _whole(file, "this is a folder", "name the manifest file in it") from None
    except OSError as error:
        raise _whole(file, f"the file cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise _whole(file, "this is not a file name") from None
    return raw


def _decode(file: str, raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise _too_long(file)
    try:
        return raw.decode("utf-8-sig")  # editors on Windows put a byte order mark first
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"the file is not UTF-8 text: it has the byte 0x{raw[error.start]:02x} here"
        raise ManifestError(file, [Problem(message, "", line, column, "save it as UTF-8")]) from None


def _parse(text: str, file: str, base: Path, *, needs_code: bool, on_disk: bool) -> Manifest:
    if len(text) > MAX_BYTES or (not text.isascii() and len(text.encode("utf-8", "replace")) > MAX_BYTES):
        raise _too_long(file)
    text = text.replace("\r\n", "\n")  # as tomllib does, so that the offsets agree
    document, positions = _toml(text, file)
    report = Report(file, text, positions, structure.homes())
    at = At(report)
    try:
        manifest = structure.structure(document, at, file=file, base=base, needs_code=needs_code)
        if manifest is not None and on_disk:
            _check_files(manifest, at)
    except TooManyProblems:
        manifest = None
    if manifest is None or report.problems:
        raise report.error()
    return manifest


def _check_files(manifest: Manifest, at: At) -> None:
    run, providers = at.child("run"), at.child("providers")
    script = manifest.script_path()
    if script is not None and not os.path.isfile(script):  # unlike Path.is_file it never raises
        is_folder = os.path.isdir(script)
        run.child("script").refuse(f"{script} is a folder" if is_folder else f"there is no file {script}")
    for index, folder in enumerate(manifest.module_roots()):
        if not os.path.isdir(folder):
            run.child("modules").child(index).refuse(f"there is no folder {folder}")
    for name, provider in manifest.providers.entries.items():
        if provider.file is not None and not os.path.isfile(recording := manifest.base / provider.file):
            providers.child(name).child("file").refuse(
                f"there is no file {recording}", "record it: llmspell run FILE --record FILE"
            )


def _toml(text: str, file: str) -> tuple[dict[str, Any], Positions]:
    try:
        positions = scan(text)
    except OutOfBounds as error:
        line = text.count("\n", 0, error.offset) + 1
        column = error.offset - text.rfind("\n", 0, error.offset)
        raise _invalid(file, text, error.message, line, column) from None
    try:
        return tomllib.loads(text), positions
    except tomllib.TOMLDecodeError as error:
        message, line, column = _where(str(error), text, positions)
    except (ValueError, RecursionError):
        message, line, column = "a value in it is beyond what TOML can hold", 0, 0
    if positions.repeated is not None:
        path, first, second = positions.repeated
        place = positions.line_column(second.start)
        if not line or place[0] <= line:  # else something before it is wrong
            message = f"`{path_text(path[-1:])}` is given twice: first in line {positions.line_column(first.start)[0]}"
            raise _invalid(file, text, message, *place, path=path_text(path))
    raise _invalid(file, text, f"this is not TOML: {message[:1].lower()}{message[1:]}", line, column, _hint(message))


def _where(message: str, text: str, positions: Positions) -> tuple[str, int, int]:
    """tomllib's message without its place, and the place; for a string without an end, where it begins."""
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", message, re.DOTALL)
    if match is None:
        return message, 0, 0
    if match[2] is None:
        if positions.stopped is not None and text[positions.stopped : positions.stopped + 1] in ("'", '"'):
            return "the string that begins here does not end", *positions.line_column(positions.stopped)
        return f"{match[1]} at the end of the file", text.count("\n") + 1, len(text) - text.rfind("\n")
    return match[1], int(match[2]), int(match[3])


def _hint(message: str) -> str:
    if message.startswith("Invalid value"):
        return 'strings need quotes, as in model = "name"; booleans are true and false'
    if "Unescaped '\\'" in message:
        return "write \\\\ for a backslash, or put the string into single quotes"
    return ""


def _whole(file: str, message: str, hint: str = "") -> ManifestError:
    return ManifestError(file, [Problem(message, hint=hint)])


def _too_long(file: str) -> ManifestError:
    return _whole(file, f"it is longer than {MAX_BYTES:,} bytes", "keep long texts in files of their own")


def _invalid(
    file: str, text: str, message: str, line: int, column: int, hint: str = "", path: str = ""
) -> ManifestError:
    return ManifestError(file, [Problem(message, path, line, column, hint)], source=without_secrets(text))
