"""Secrets out of plain data, wherever in it they stand: in a text, in a key, or spread over the pieces of a stream."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from llmspell.providers.faults import MIN_SECRET, REDACTED

TEXTS = ("text", "reasoning", "fragment")
"""What of a piece of a stream goes on in the next piece."""


def redacted(data: Any, secrets: Iterable[str]) -> Any:
    """The same data with `REDACTED` in the place of every secret. Pieces of a stream that only together hold one become
    one piece."""
    longest_first = sorted({secret for secret in secrets if len(secret) >= MIN_SECRET}, key=len, reverse=True)
    if not longest_first:
        return data
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return _walk(data, pattern)


def _walk(data: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(data, str):
        return pattern.sub(REDACTED, data)
    if isinstance(data, list):
        return [_walk(item, pattern) for item in data]
    if isinstance(data, Mapping):
        return {
            _walk(key, pattern): _walk(_joined(value, pattern) if key == "deltas" else value, pattern)
            for key, value in data.items()
        }
    return data


def _joined(deltas: Any, pattern: re.Pattern[str]) -> Any:
    """The pieces, those that hold a secret together put into the first of them."""
    if not isinstance(deltas, list):
        return deltas
    pieces = list(deltas)
    streams: dict[Any, list[int]] = {}
    for position, piece in enumerate(pieces):
        streams.setdefault(_stream(piece), []).append(position)
    gone: set[int] = set()
    for positions in streams.values():
        whole = "".join(_text(pieces[position]) for position in positions)
        if pattern.search(whole):
            pieces[positions[0]] = _with_text(pieces[positions[0]], whole)
            gone.update(positions[1:])
    return [piece for position, piece in enumerate(pieces) if position not in gone]


def _stream(piece: Any) -> Any:
    """What the piece's text belongs to."""
    if isinstance(piece, str):
        return "text"
    return next(((name, piece.get("tool_call")) for name in TEXTS if name in piece), id(piece))


def _text(piece: Any) -> str:
    return piece if isinstance(piece, str) else next((piece[name] for name in TEXTS if name in piece), "")


def _with_text(piece: Any, text: str) -> Any:
    return text if isinstance(piece, str) else piece | {name: text for name in TEXTS if name in piece}
