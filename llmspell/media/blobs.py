"""Where the bytes of media are. A blob never changes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from hashlib import sha256


class InMemory:
    """Bytes that are in memory anyway."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    @cached_property
    def sha256(self) -> str:
        return sha256(self._data).hexdigest()

    def read(self) -> bytes:
        return self._data

    def pieces(self, size: int) -> Iterator[bytes]:
        for start in range(0, len(self._data), size):
            yield self._data[start : start + size]
