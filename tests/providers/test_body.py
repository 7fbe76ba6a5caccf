"""The bodies of requests: JSON with media in it, encoded while it is sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import InvalidArgument
from llmspell.providers.body import PIECE, Embedded, json_body


@dataclass(frozen=True)
class Held:
    """Bytes in memory."""

    data: bytes
    sha256: str = ""

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self) -> bytes:
        return self.data

    def part(self, start: int, size: int) -> bytes:
        return self.data[start : start + size]

    def pieces(self, size: int) -> Iterator[bytes]:
        for start in range(0, len(self.data), size):
            yield self.data[start : start + size]


@given(st.lists(st.tuples(st.text(), st.binary())))
def test_a_medium_stands_where_its_base64_text_would(items: list[tuple[str, bytes]]) -> None:
    body = json_body({"items": [{"text": text, "data": Embedded(Held(data), "p,")} for text, data in items]}, "it")
    written = bytes(body)
    assert body.size == len(written)
    assert json.loads(written) == {
        "items": [{"text": text, "data": "p," + base64.b64encode(data).decode()} for text, data in items]
    }


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 2])
def test_a_large_medium_is_encoded_in_pieces_that_join_up(size: int) -> None:
    data = bytes(range(251)) * (size // 251) + b"x" * (size % 251)
    body = json_body({"data": Embedded(Held(data))}, "it")
    pieces = list(body.pieces())
    assert max(map(len, pieces)) <= PIECE // 3 * 4
    assert base64.b64decode(json.loads(b"".join(pieces))["data"]) == data
    assert bytes(body) == b"".join(pieces)


def test_a_frozen_table_is_an_object_and_bytes_are_refused_by_name() -> None:
    assert bytes(json_body(MappingProxyType({"a": MappingProxyType({"b": 1})}), "it")) == b'{"a":{"b":1}}'
    with pytest.raises(InvalidArgument, match="the request cannot be written as JSON: a string in it is not UTF-8"):
        json_body({"a": b"\xff"}, "the request")
