"""The body of a request: JSON text, with media in it that are read and encoded only while they are sent. Pure.

A translator puts an Embedded where the protocol wants base64 text, and calls `json_body`. Nothing of a medium is in
memory before it is sent, and then only a piece of it.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from llmspell.content import Blob
from llmspell.errors import InvalidArgument

PIECE: Final = 3 * 256 * 1024
"""Bytes of a medium that are encoded at once: a multiple of 3, so that the pieces' base64 joins up."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Stands for a JSON string: `prefix` (such as "data:image/png;base64,") and the bytes as base64."""

    blob: Blob
    prefix: str = ""

    @property
    def size(self) -> int:
        return (self.blob.size + 2) // 3 * 4


class Body:
    """JSON text as a sequence of pieces. `size` is in bytes; it can be sent again and again."""

    def __init__(self, parts: tuple[bytes | Embedded, ...]) -> None:
        self.parts = parts

    @property
    def size(self) -> int:
        return sum(part.size if isinstance(part, Embedded) else len(part) for part in self.parts)

    def pieces(self) -> Iterator[bytes]:
        for part in self.parts:
            if isinstance(part, Embedded):
                yield from map(base64.b64encode, part.blob.pieces(PIECE))
            else:
                yield part

    def __bytes__(self) -> bytes:
        return b"".join(self.pieces())


def json_body(value: Mapping[str, Any], what: str) -> Body:
    """Compact JSON, with an Embedded anywhere a string may stand. Raises InvalidArgument, naming `what`, for what JSON
    cannot say."""
    mark = f"@{secrets.token_hex(16)}@"  # in no text that somebody wrote before
    embedded: list[Embedded] = []

    def marked(item: object) -> Any:
        if not isinstance(item, Embedded):
            return _mapping(item)
        embedded.append(item)
        return f"{item.prefix}{mark}"

    first, *others = _write(value, what, marked).encode("utf-8", "replace").split(mark.encode())
    parts: list[bytes | Embedded] = [first]
    for item, text in zip(embedded, others, strict=True):
        parts += [item, text]
    return Body(tuple(parts))


def to_json(value: Mapping[str, Any], what: str) -> str:
    """Compact JSON. Raises InvalidArgument, naming `what`, for what JSON cannot say."""
    return _write(value, what, _mapping)


def _write(value: Mapping[str, Any], what: str, default: Callable[[object], Any]) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=default)
    except (TypeError, ValueError) as exc:
        raise InvalidArgument(f"{what} cannot be written as JSON: {exc}") from None
    except RecursionError:
        raise InvalidArgument(f"{what} cannot be written as JSON: it is nested too deeply") from None


def _mapping(value: object) -> Any:
    if isinstance(value, Mapping):  # frozen settings are mapping proxies
        return dict(value)
    if isinstance(value, bytes):
        raise TypeError("a string in it is not UTF-8")
    raise TypeError(f"{type(value).__name__} is not a JSON value")
