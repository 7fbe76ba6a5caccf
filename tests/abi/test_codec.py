"""codec.py alone: what can be encoded, what becomes of what cannot, and that hostile bytes give HostError only."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.abi.codec import depth_fits, pack, unpack
from llmspell.abi.spec import MAX_DEPTH, MAX_MESSAGE
from llmspell.errors import HostError, InvalidArgument


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**64, float(2**64)),
        (-(2**63) - 1, float(-(2**63) - 1)),
        (10**400, float("inf")),
        (-(10**400), float("-inf")),
        ([{"a": (2**70, True)}], [{"a": [float(2**70), True]}]),
    ],
)
def test_integers_beyond_64_bits_become_floats(value: Any, expected: Any) -> None:
    assert unpack(pack(value)) == expected


def test_a_lone_surrogate_passes_as_bytes_that_are_not_utf8() -> None:
    assert pack("\ud800") == b"\xa3\xed\xa0\x80"


def test_what_is_no_data_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        pack({"a": object()})


@pytest.mark.parametrize("value", [nested(2000), [nested(2000), 2**70]])
def test_what_is_too_deep_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArgument, match="nested too deeply"):
        pack(value)


def test_what_is_too_large_is_refused_with_its_size() -> None:
    with pytest.raises(InvalidArgument, match="32 MB, and at most 32 MB fit"):
        pack(b"x" * MAX_MESSAGE)
    with pytest.raises(HostError, match="the guest sent a message of"):
        unpack(bytes(MAX_MESSAGE + 1))


def test_depth_fits_counts_levels_of_lists_and_maps() -> None:
    assert depth_fits(1)
    assert depth_fits(nested(MAX_DEPTH))
    assert not depth_fits(nested(MAX_DEPTH + 1))
    assert depth_fits({"a": {"b": 1}}, 2)
    assert not depth_fits({"a": {"b": (1,)}}, 2)


def test_depth_fits_ends_on_a_value_that_contains_itself() -> None:
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    assert not depth_fits(cyclic)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_host_error(data: bytes) -> None:
    with suppress(HostError):
        unpack(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x92\x01",
        b"\x01\x02",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xa1\xff",
        b"\x81\x90\x01",
        b"\x91" * 5000,
        msgpack.packb(msgpack.ExtType(5, b"x"))[:-1],
        b"\xc7\x0c\xff" + b"\xff" * 12,
    ],
)
def test_malformed_messages_are_host_errors(data: bytes) -> None:
    with pytest.raises(HostError, match="malformed message"):
        unpack(data)
