"""Compressed bodies: in bounded pieces, however they are cut."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.access.inflate import PIECE_BYTES, BadEncoding, Inflater


def inflate(encoding: str, *chunks: bytes) -> bytes:
    inflater = Inflater(encoding)
    pieces = [piece for chunk in chunks for piece in inflater.feed(chunk)]
    return b"".join([*pieces, *inflater.close()])


@given(data=st.binary(max_size=300), cut=st.integers(0, 400))
def test_every_encoding_gives_the_bytes_back(data: bytes, cut: int) -> None:
    zipped = gzip.compress(data)
    assert inflate("gzip", zipped[:cut], zipped[cut:]) == data
    assert inflate("GZIP ", *(zipped[i : i + 1] for i in range(len(zipped)))) == data
    assert inflate("deflate", zlib.compress(data)) == data
    assert inflate("x-gzip", zipped + zipped) == data * 2
    assert inflate("", data[:cut], data[cut:]) == inflate("identity", data) == data


def test_a_gzip_bomb_comes_in_small_pieces() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    pieces = [len(piece) for piece in Inflater("gzip").feed(bomb)]
    assert max(pieces) <= PIECE_BYTES
    assert sum(pieces) == 50_000_000


def test_bytes_that_are_there_are_given_before_more_arrive() -> None:
    packer = zlib.compressobj(wbits=31)
    inflater = Inflater("gzip")
    for text in (b"first", b"second" * 20_000):
        assert b"".join(inflater.feed(packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))) == text


def test_an_empty_body_is_empty_whatever_its_encoding() -> None:
    assert inflate("gzip") == b""


@pytest.mark.parametrize(
    ("encoding", "body", "problem"),
    [
        ("br", b"x", "encoded as 'br', which was not asked for"),
        ("gzip, gzip", b"x", "not asked for"),
        ("gzip", b"plain text", "damaged"),
        ("gzip", gzip.compress(b"abc")[:-4], "end too early"),
    ],
)
def test_what_does_not_decompress_is_an_error(encoding: str, body: bytes, problem: str) -> None:
    with pytest.raises(BadEncoding, match=problem):
        inflate(encoding, body)
