"""What Lua calls a script, and what the user calls it: real paths for messages, and the line that an error names.

Lua shortens long names from the front ("...tail"), and knows a module by the name of its folder and what follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from llmspell.errors import LlmspellError

_PLACE = re.compile(r"^(?P<file>[^\n]+?):(?P<line>[0-9]{1,9}): ")
_ENDS = re.compile(r"\r\n|\n\r|\r|\n")
"""Where Lua begins a new line; Python's splitlines knows further places."""
_MOST = 4 * 1024 * 1024


class Sources:
    """The files of one run. `name` is the script's path as the user gave it, `called` what Lua calls it (chunk_name in
    script.py), `text` what is in it."""

    def __init__(self, name: str = "", *, called: str = "@", text: bytes = b"", modules: Iterable[Path] = ()) -> None:
        self._name = name
        self._called = called.removeprefix("@")
        self._text = text
        self._modules = tuple(modules)

    def real(self, text: str) -> str:
        """The text with the script's real path where Lua shortened it."""
        return text.replace(f"{self._called}:", f"{self._name}:") if self._called != self._name else text

    def place(self, error: LlmspellError) -> tuple[str, int]:
        """File and line of an error; ("", 0) when it has none. A message that begins with them is asked last."""
        file, line = self.real(error.file + ":")[:-1] if error.file else "", error.line
        if not line and (match := _PLACE.match(self.real(error.message))):
            file, line = match["file"], int(match["line"])
        return file, line

    def line(self, file: str, number: int) -> str | None:
        """The text of a line (from 1), or None when it is not to be had."""
        text = self._text if file == self._name else self._module(file)
        lines = _ENDS.split(text.decode("utf-8", "replace")) if text else []
        return lines[number - 1] if 0 < number <= len(lines) else None

    def _module(self, file: str) -> bytes:
        """A module's text, by the name that host/functions.py gives it: ROOT/rest.lua."""
        head, _, rest = file.partition("/")
        for root in self._modules:
            if rest and root.name == head:
                try:
                    with (root / rest).open("rb") as stream:
                        return stream.read(_MOST)
                except OSError:
                    continue
        return b""
