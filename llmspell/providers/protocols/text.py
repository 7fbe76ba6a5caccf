"""Text that comes in pieces: whole characters out, whatever the cuts. Pure.

JSON may write one character as two escapes (a surrogate pair), and servers cut between them.
"""

from __future__ import annotations

from llmspell.providers import wirejson


class Pieces:
    """One text. What `add` and `end` give joins up to `whole`."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._half = ""  # a high surrogate whose other half comes with the next piece

    @property
    def whole(self) -> str:
        """What was given so far."""
        return "".join(self._pieces)

    def add(self, text: str, *, last: bool = False) -> str:
        """What of this piece, and of what was held back before, can be given now: "" where that is nothing."""
        text, self._half = self._half + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff" and not last:
            text, self._half = text[:-1], text[-1]
        if text:
            text = wirejson.clean(text)
            self._pieces.append(text)
        return text

    def end(self) -> str:
        """What was held back; nothing follows."""
        return self.add("", last=True)
