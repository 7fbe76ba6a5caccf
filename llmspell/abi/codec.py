"""Values to bytes and back: MessagePack with bounds. The only module that knows the format.

The guest's bytes are hostile: a broken interpreter could send anything, so decoding bounds depth and size and turns
every malformation into HostError. The host's own values become what the guest can hold: integers beyond 64 bits
become floats, tuples become lists.
"""

from __future__ import annotations

from typing import Any

import msgpack

from llmspell.abi.spec import MAX_DEPTH, MAX_MESSAGE
from llmspell.errors import HostError, InvalidArgument

_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


def pack(value: Any) -> bytes:
    """Encode plain data. Raises InvalidArgument for what is too deep or too large, TypeError for what is not data."""
    try:
        data: bytes = msgpack.packb(value, use_bin_type=True, unicode_errors="surrogatepass")
    except OverflowError:
        data = msgpack.packb(_fit(value, 0), use_bin_type=True, unicode_errors="surrogatepass")
    except ValueError as error:
        raise InvalidArgument("the value is nested too deeply to pass on") from error
    if len(data) > MAX_MESSAGE:
        size, most = len(data) >> 20, MAX_MESSAGE >> 20
        raise InvalidArgument(f"the value is too large to pass on: {size} MB, and at most {most} MB fit in a message")
    return data


def unpack(data: bytes | bytearray | memoryview, most: int = MAX_MESSAGE) -> Any:
    """Decode one whole message of the guest."""
    if len(data) > most:
        raise HostError(f"the guest sent a message of {len(data)} bytes")
    try:
        return msgpack.unpackb(data, raw=False, strict_map_key=False)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise HostError(f"the guest sent a malformed message: {type(error).__name__}") from error


def depth_fits(value: Any, limit: int = MAX_DEPTH) -> bool:
    """Is the value nested at most `limit` levels?"""
    level = [value]
    for _ in range(limit + 1):
        level = [item for item in level if isinstance(item, (dict, list, tuple))]
        if not level:
            return True
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return False


def _fit(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise InvalidArgument("the value is nested too deeply to pass on")
    if isinstance(value, int) and not isinstance(value, bool) and not _INT_MIN <= value <= _INT_MAX:
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    if isinstance(value, dict):
        return {key: _fit(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_fit(item, depth + 1) for item in value]
    return value
