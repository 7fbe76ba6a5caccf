"""Thought signatures: what Gemini writes on parts of its answer, and wants back on the same parts. Pure.

A signature is kept as the `data` of a Reasoning, with what it stood on: a piece of the text or of a thought, a tool
call, or a medium. What comes back may be a script's own invention, so it is read strictly; what does not fit the
message is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal, NamedTuple

from llmspell.types import Message, Reasoning

KIND: Final = "gemini"
Of = Literal["thought", "text", "call", "medium"]


class Signature(NamedTuple):
    """`start` and `end` are offsets in a text; for a call or a medium, `start` is its place among them."""

    value: str
    of: Of
    start: int = 0
    end: int = 0

    def to_data(self) -> dict[str, Any]:
        return self._asdict()


def signatures(message: Message, of: Of) -> list[Signature]:
    """Those of the answer's text, calls or media."""
    return [found for found in map(read, message.reasoning) if found is not None and found.of == of]


def read(item: Reasoning) -> Signature | None:
    """The signature that a Reasoning holds, if it holds one of ours."""
    if item.kind != KIND:
        return None
    value, of, start, end = (item.data.get(name) for name in Signature._fields)
    if not isinstance(value, str) or of not in ("thought", "text", "call", "medium"):
        return None
    if type(start) is not int or type(end) is not int or not 0 <= start <= end:
        return None
    return Signature(value, of, start, end)


def pieces(text: str, signed: Iterable[Signature]) -> list[dict[str, Any]]:
    """The text as parts: each signed piece is a part of its own, and what is between them another."""
    parts: list[dict[str, Any]] = []
    at = 0
    for item in signed:
        if not at <= item.start <= item.end <= len(text):
            continue
        if item.start > at:
            parts.append({"text": text[at : item.start]})
        parts.append({"text": text[item.start : item.end], "thoughtSignature": item.value})
        at = item.end
    return [*parts, {"text": text[at:]}] if at < len(text) else parts
