"""Files that mean harm are refused, in bounded time and memory; and no file crashes or hangs a parser."""

from __future__ import annotations

import random
import struct
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmspell.errors import InvalidMedia
from llmspell.media.blobs import InMemory
from llmspell.media.inspect import inspect
from llmspell.media.outgoing import Outgoing
from llmspell.settings import MediaSettings

from .hostile import FTYP, HOSTILE, box, jpeg_scans
from .made import samples

SETTINGS = MediaSettings()


def looked_at(data: bytes) -> bool:
    """Whether it is taken, with everything that is done to it before it is sent. Raises nothing but InvalidMedia."""
    said = ""
    try:
        Outgoing(SETTINGS).prepare(inspect(InMemory(data), SETTINGS), None).blob.read()
    except InvalidMedia as error:
        said = error.message
    assert said.isprintable(), said
    assert len(said) < 400
    return not said


@pytest.mark.parametrize("name", HOSTILE)
def test_what_means_harm_is_refused_with_the_reason(name: str) -> None:
    data, message = HOSTILE[name]
    with pytest.raises(InvalidMedia) as raised:
        inspect(InMemory(data), SETTINGS)
    assert message in raised.value.message
    assert raised.value.details["reason"] in ("broken", "polyglot", "too_large")


@pytest.mark.parametrize("encoding", ["utf-7", "utf-16", "idna", "rot13", "hex", "none-such", "iso-8859-1"])
def test_what_an_svg_says_of_its_encoding_does_not_count(encoding: str) -> None:
    assert looked_at(f'<?xml version="1.0" encoding="{encoding}"?><svg width="5"/>'.encode())


def test_numbers_that_no_film_has_are_not_told() -> None:
    def element(name: bytes, data: bytes) -> bytes:
        return name + b"\x01" + len(data).to_bytes(7, "big") + data

    shape = element(b"\xe0", b"\xb0\x88" + b"\xff" * 8 + b"\xba\x82\x01\xe0")
    track = element(b"\xae", b"\x83\x81\x01\x86\x85V_VP8" + shape)
    segment = element(b"\x16\x54\xae\x6b", track) + element(b"\x1f\x43\xb6\x75", b"")
    film = element(b"\x1a\x45\xdf\xa3", b"\x42\x82\x84webm") + element(b"\x18\x53\x80\x67", segment)
    assert inspect(InMemory(film), SETTINGS).described()["metadata"] == {"height": 480, "video_codec": "vp8"}


def test_a_film_of_endless_telemetry_is_not_sent() -> None:
    many = 150_000
    tables = (
        box(b"stco", struct.pack(">4xI", many) + b"\0\0\0\x40" * many)
        + box(b"stsc", struct.pack(">4xI3I", 1, 1, 1, 1))
        + box(b"stsz", struct.pack(">4xII", 1, many))
    )
    track = box(b"trak", box(b"mdia", box(b"hdlr", bytes(8) + b"meta") + box(b"minf", box(b"stbl", tables))))
    film = box(b"trak", box(b"mdia", box(b"hdlr", bytes(8) + b"vide")))
    medium = inspect(InMemory(FTYP + box(b"mdat", bytes(100)) + box(b"moov", film + track + track)), SETTINGS)
    with pytest.raises(InvalidMedia, match="a medium is an MP4 that is broken: more than 200,000 parts"):
        Outgoing(SETTINGS).prepare(medium, None)


MEMORY = """
import resource, sys
from llmspell.errors import InvalidMedia
from llmspell.media.blobs import keep
from llmspell.media.inspect import inspect
from llmspell.media.outgoing import Outgoing
from llmspell.settings import MediaSettings
from tests.media.hostile import HOSTILE
from PIL import GifImagePlugin, JpegImagePlugin, PngImagePlugin

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
limit = 64 * 1024
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
for name, (data, _) in HOSTILE.items():
    try:
        Outgoing(MediaSettings()).prepare(inspect(keep([data]), MediaSettings()), None)
        print("taken:", name)
    except InvalidMedia:
        pass
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if grown > limit:
        sys.exit(f"{name}: {grown} KB more")
"""


def test_what_means_harm_takes_no_more_than_64_MB() -> None:  # noqa: N802
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


NAMES = sorted(samples())


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(NAMES), st.randoms(use_true_random=False))
def test_a_damaged_file_is_taken_or_refused_and_nothing_else(name: str, chance: random.Random) -> None:
    data = bytearray(samples()[name][: 1 << 16])
    for _ in range(chance.randint(0, 8)):
        at = chance.randrange(min(len(data), 400) if chance.random() < 0.7 else len(data))
        data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    if chance.random() < 0.4:
        del data[chance.randrange(len(data)) :]
    if chance.random() < 0.2:
        data += chance.randbytes(chance.randrange(300))
    looked_at(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([data[:12] for data in samples().values()]) | st.just(b""), st.binary(max_size=600))
def test_a_file_of_anything_is_taken_or_refused_and_nothing_else(begin: bytes, rest: bytes) -> None:
    looked_at(begin + rest)


CUT_ANYWHERE = [name for name in NAMES if not name.endswith((".mp3", ".flac", ".txt", ".ogg", ".opus", ".oga"))]


@pytest.mark.parametrize("name", CUT_ANYWHERE)
def test_a_file_that_is_cut_off_is_not_taken_for_what_it_was(name: str) -> None:
    """Sound without an end of its own, MP3 and FLAC and Ogg, is whole wherever a frame ends."""
    data, kind = samples()[name], inspect(InMemory(samples()[name]), SETTINGS).format
    for size in {len(data) * part // 23 for part in range(1, 23)} | {len(data) - 2}:
        try:
            found = inspect(InMemory(data[:size]), SETTINGS).format
        except InvalidMedia:
            continue
        assert found != kind, f"cut to {size} of {len(data)}"


DAMAGED = """
from PIL import Image
from tests.media.made import picture, saved
from llmspell.errors import InvalidMedia
from llmspell.media.blobs import keep
from llmspell.media.inspect import inspect
from llmspell.media.outgoing import Outgoing
from llmspell.settings import MediaSettings

for way in ("tiff_lzw", "tiff_adobe_deflate", "jpeg"):
    data = saved(picture((400, 300)), "TIFF", compression=way)
    damaged = bytearray(data)
    for at in range(20, len(data) // 2):
        damaged[at] ^= 0x5A
    twice = data.replace(b"\\0\\1\\3\\0\\1\\0\\0\\0", b"\\0\\1\\3\\0\\2\\0\\0\\0", 1)  # a width of two numbers
    for wrong in (bytes(damaged), twice):
        try:
            Outgoing(MediaSettings()).prepare(inspect(keep([wrong]), MediaSettings()), None)
        except InvalidMedia as error:
            print(error.message)
"""


def test_a_damaged_tiff_is_an_error_and_no_line_of_a_library() -> None:
    done = subprocess.run([sys.executable, "-c", DAMAGED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "a medium is a TIFF that cannot be decoded" in done.stdout


def test_a_picture_of_endless_scans_is_not_sent() -> None:
    medium = inspect(InMemory(jpeg_scans(50_000)), SETTINGS)
    with pytest.raises(InvalidMedia, match="it has more than 100 scans"):
        Outgoing(SETTINGS).prepare(medium, None)
