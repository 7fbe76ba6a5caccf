"""What the protocols share for media: base64 in pieces, data URLs, and samples as a file."""

from __future__ import annotations

import base64
import io
import wave
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import BadResponseError
from llmspell.providers.protocols.media import Base64Pieces, filename, from_base64, from_data_url, wav
from llmspell.types import RawMedia

from .helpers import NOTES, PDF, PNG, medium


@given(st.binary(max_size=60), st.data())
def test_one_base64_text_cut_anywhere_is_its_bytes(data: bytes, draw: st.DataObject) -> None:
    text = base64.b64encode(data).decode()
    cuts = sorted(draw.draw(st.sets(st.integers(0, len(text)), max_size=5)) | {0, len(text)})
    pieces = Base64Pieces()
    for a, b in pairwise(cuts):
        pieces.add(text[a:b])
    assert pieces.end() == data


@given(st.lists(st.binary(max_size=20), max_size=6))
def test_pieces_that_are_base64_each_are_their_bytes(parts: list[bytes]) -> None:
    pieces = Base64Pieces()
    for part in parts:
        pieces.add(base64.b64encode(part).decode())
    assert pieces.end() == b"".join(parts)


@pytest.mark.parametrize("text", ["a b*", "é", "a", "YW=Jj"])
def test_what_is_not_base64_is_a_bad_response(text: str) -> None:
    with pytest.raises(BadResponseError, match="not base64"):
        from_base64(text, "image/png")


def test_base64_without_padding_and_with_line_ends_is_understood() -> None:
    assert from_base64("YW\nE", "image/png") == RawMedia(data=b"aa", mime="image/png")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("data:image/png;base64,YWJj", RawMedia(data=b"abc", mime="image/png")),
        ("DATA:image/png;charset=x;BASE64,YWJj", RawMedia(data=b"abc", mime="image/png")),
        ("data:;base64,YWJj", RawMedia(data=b"abc")),
        ("data:text/plain,abc", None),
        ("https://example.com/a.png", None),
        ("", None),
    ],
)
def test_data_urls(url: str, expected: RawMedia | None) -> None:
    assert from_data_url(url) == expected


@given(st.binary(max_size=50))
def test_samples_become_a_file_that_says_what_they_are(samples: bytes) -> None:
    with wave.open(io.BytesIO(wav(samples, 24_000))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)
        assert file.readframes(100) == samples[: len(samples) // 2 * 2]


def test_a_medium_without_a_name_is_called_by_its_format() -> None:
    names = [filename(PDF), filename(PNG), filename(NOTES), filename(medium("binary", "binary", "application/x"))]
    assert names == ["plan.pdf", "file.png", "file.txt", "file.bin"]
