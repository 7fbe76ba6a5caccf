"""`file_search`: the lines of files in which a text or a regular expression stands, with the lines around them.

Bounded in files, bytes, matches, what is shown, and time: what was found until then is given, and that there is more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from llmspell.access.files import Files
from llmspell.access.globs import Glob
from llmspell.errors import LlmspellError
from llmspell.settings import ToolSettings
from llmspell.tools.base import Tool
from llmspell.tools.files import granted_files, path_of
from llmspell.tools.patterns import MAX_PATTERN, LinePattern

MAX_FILES: Final = 10_000
MAX_BYTES: Final = 256 * 1024 * 1024
"""Of all files in one search."""
MAX_MATCHES: Final = 1_000
MAX_CONTEXT: Final = 20
MAX_SHOWN: Final = 1024 * 1024
"""Characters of one answer: more than any model reads at once."""
MAX_SECONDS: Final = 5
"""All the files above take half of that with a pattern that people write."""
_LINE: Final = 500
"""Characters that are shown of a line: what is longer was not written by hand."""
_PIECE: Final = 64 * 1024
"""Bytes that are searched before the next look at the clock."""
_HEAD: Final = 8192
"""Bytes in which a zero byte tells that a file is no text, as git and grep see it."""

_PARAMETERS: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "pattern": {"type": "string", "minLength": 1, "maxLength": MAX_PATTERN, "description": "what to look for"},
        "regex": {
            "type": "boolean",
            "description": "whether the pattern is a regular expression (RE2); else it is text",
        },
        "ignore_case": {"type": "boolean", "description": "whether large and small letters are the same"},
        "path": {"type": "string", "description": "the folder or file to search; without it, all that is granted"},
        "glob": {"type": "string", "description": "which files, such as *.md or **/*.md; without it, all"},
        "context": {"type": "integer", "minimum": 0, "maximum": MAX_CONTEXT, "description": "lines before and after"},
        "max_matches": {"type": "integer", "minimum": 1, "maximum": MAX_MATCHES, "description": "100 by default"},
    },
    "required": ["pattern"],
    "additionalProperties": False,
}


def file_search(settings: ToolSettings, base: Path) -> Tool:
    """Searches text files."""
    files = granted_files(settings, base)

    async def run(arguments: Mapping[str, Any]) -> Any:
        return await asyncio.to_thread(_Search(files, arguments).run)

    return Tool(
        name=settings.name,
        description="Finds the lines of text files in which a text or a regular expression stands.",
        parameters=_PARAMETERS,
        run=run,
    )


class _Search:
    def __init__(self, files: Files, arguments: Mapping[str, Any]) -> None:
        self._files = files
        self._path = path_of(arguments)
        self._context = int(arguments.get("context", 0))
        self._most = int(arguments.get("max_matches", 100))
        self._glob = None
        if "glob" in arguments:
            self._glob = Glob(files.granted.view(path_of(arguments, "glob")).names)
        try:
            self._pattern = LinePattern(
                path_of(arguments, "pattern"),
                regex=arguments.get("regex", False),
                ignore_case=arguments.get("ignore_case", False),
            )
        except ValueError as error:
            message = f"the pattern cannot be searched for: {error}"
            hint = "regular expressions are those of RE2, without look-around and back-references"
            raise files.granted.failed("arguments", message, hint) from None
        self._matches: list[dict[str, Any]] = []
        self._searched = self._skipped = self._bytes = self._shown = 0
        self._until = time.monotonic() + MAX_SECONDS

    def run(self) -> Mapping[str, Any]:
        truncated = any(self._search(path) for path in self._paths())
        return {
            "matches": self._matches,
            "files": self._searched,
            "skipped": self._skipped,
            "truncated": truncated,
        }

    def _paths(self) -> Iterator[str]:
        if self._files.stat(self._path).type == "file":
            yield self._path
            return
        yield from (entry.path for entry in self._files.walk(self._path, self._glob) if entry.type == "file")

    def _search(self, path: str) -> bool:
        """Search one file; is it the last, for a bound is reached? What cannot be read or is no text is skipped."""
        if self._searched == MAX_FILES or self._bytes >= MAX_BYTES or time.monotonic() > self._until:
            return True
        try:
            text = self._files.read(path)
        except LlmspellError:
            if path == self._path:
                raise
            self._skipped += 1
            return False
        self._bytes += len(text)
        if b"\0" in text[:_HEAD]:
            self._skipped += 1
            return False
        self._searched += 1
        line, counted = 1, 0
        for start in self._lines(text):
            if len(self._matches) == self._most or self._shown > MAX_SHOWN:
                return True
            line, counted = line + text.count(b"\n", counted, start), start
            self._matches.append(self._match(path, line, text, start))
        return time.monotonic() > self._until

    def _lines(self, text: bytes) -> Iterator[int]:
        """Where the lines begin that have a match. Ends early when time is over."""
        start = 0
        while start < len(text) and time.monotonic() <= self._until:
            end = _piece_end(text, start)
            piece, at = text[start:end], 0
            while at < len(piece) and (found := self._pattern.find(piece, at)) is not None and found < len(piece):
                yield text.rfind(b"\n", 0, start + found) + 1
                at = piece.find(b"\n", found) + 1 or len(piece)
            start = end

    def _match(self, path: str, line: int, text: bytes, start: int) -> dict[str, Any]:
        match: dict[str, Any] = {"path": path, "line": line, "text": self._show(text, start)}
        if self._context:
            before: list[str] = []
            at = start
            while at and len(before) < self._context:
                at = text.rfind(b"\n", 0, at - 1) + 1
                before.append(self._show(text, at))
            after: list[str] = []
            at = start
            while len(after) < self._context and (at := text.find(b"\n", at) + 1) and at < len(text):
                after.append(self._show(text, at))
            match |= {"before": before[::-1], "after": after}
        return match

    def _show(self, text: bytes, start: int) -> str:
        end = text.find(b"\n", start)
        line = text[start : min(len(text) if end < 0 else end, start + 4 * _LINE)].decode("utf-8", "replace")[:_LINE]
        self._shown += len(line)
        return line.removesuffix("\r")


def _piece_end(text: bytes, start: int) -> int:
    """At the end of a line, where there is one; a line that is longer is searched in parts."""
    if len(text) - start <= _PIECE:
        return len(text)
    return text.rfind(b"\n", start, start + _PIECE) + 1 or start + _PIECE
