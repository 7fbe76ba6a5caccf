"""The run's own key-value store: what `State` in a script reads and writes. Values are kept packed, so a copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from llmspell.abi.codec import pack, unpack
from llmspell.errors import InvalidArgument
from llmspell.host.dispatch import Operation, require

MAX_KEY: Final = 1_024
"""Bytes of a key: longer than any path or identifier that people build keys from."""
MAX_KEYS: Final = 10_000
"""A listing of all keys, each of the greatest length, still fits in one message."""
MAX_TOTAL: Final = 16 * 1024 * 1024
"""Bytes of all keys and packed values. This is the host's memory, of which each run of many holds so much at most."""


class StateStore:
    """One run's store. Used on the guest's thread only."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}
        self._total = 0

    def operations(self) -> Mapping[str, Operation]:
        return {
            "state.get": Operation(immediate=self._get),
            "state.set": Operation(immediate=self._set),
            "state.delete": Operation(immediate=self._delete),
            "state.keys": Operation(immediate=lambda _: sorted(self._values)),
        }

    def _get(self, key: Any) -> list[Any] | None:
        """The value as the only item of a list, so that a stored null is not taken for nothing."""
        packed = self._values.get(_checked(key, "State.get"))
        return None if packed is None else [unpack(packed)]

    def _set(self, payload: Any) -> None:
        fields = require(payload, "State.set")
        key, packed = _checked(fields.get("key"), "State.set"), pack(fields.get("value"))
        if key not in self._values and len(self._values) >= MAX_KEYS:
            raise InvalidArgument(
                f"State.set: there are {MAX_KEYS:,} keys already, and no more are kept",
                hint="delete keys that are no longer needed, or store a table under one key",
            )
        total = self._total - self._size(key) + len(key.encode()) + len(packed)
        if total > MAX_TOTAL:
            raise InvalidArgument(
                f"State.set: with {len(packed):,} bytes for '{key[:80]}' the store would hold {total:,} bytes, and at "
                f"most {MAX_TOTAL:,} are kept",
                hint="delete keys that are no longer needed, or store less",
            )
        self._values[key], self._total = packed, total

    def _delete(self, key: Any) -> None:
        key = _checked(key, "State.delete")
        self._total -= self._size(key)
        self._values.pop(key, None)

    def _size(self, key: str) -> int:
        packed = self._values.get(key)
        return 0 if packed is None else len(key.encode()) + len(packed)


def _checked(key: Any, op: str) -> str:
    if not isinstance(key, str):
        raise InvalidArgument(f"{op}: the key is not UTF-8 text")
    if len(key.encode()) > MAX_KEY:
        raise InvalidArgument(f"{op}: the key has {len(key.encode()):,} bytes, and at most {MAX_KEY:,} are allowed")
    return key
