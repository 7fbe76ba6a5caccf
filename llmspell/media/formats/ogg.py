"""Ogg with one stream of sound: pages with checksums. The comments are emptied in their place, and the checksums of
their pages made anew."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from llmspell.content import AudioMetadata
from llmspell.media.blobs import Part
from llmspell.media.window import Window

LAST: Final = 2**64 - 1
"""The position of a page on which no packet ends."""
COMMENTS: Final = {
    "vorbis": b"\x03vorbis" + bytes(8) + b"\x01",
    "opus": b"OpusTags" + bytes(8),
    "speex": bytes(8),
    "flac": b"",
}
"""No comments at all, by codec. What follows in the packet is padding. FLAC's is a block, and stays one."""
OPUS_RATE: Final = 48_000


class Page(NamedTuple):
    start: int
    data: int
    end: int
    serial: int
    position: int
    flags: int


class _Stream(NamedTuple):
    codec: str
    serial: int
    channels: int
    rate: int
    skipped: int
    """Samples before the first that is heard."""


def read(window: Window) -> AudioMetadata:
    stream: _Stream | None = None
    position = 0
    for page in _pages(window):
        if stream is None:
            stream = _stream(window, page)
        if page.serial == stream.serial and page.position != LAST:
            position = page.position
    if stream is None:
        raise window.broken("it has no sound in it")
    rate = OPUS_RATE if stream.codec == "opus" else stream.rate
    return AudioMetadata(
        codec=stream.codec,
        duration=round(max(position - stream.skipped, 0) / rate, 3) if rate and position < 2**48 else None,
        sample_rate=stream.rate or None,
        channels=stream.channels or None,
    )


def kept(window: Window) -> list[Part]:
    pages = _pages(window)
    stream = _stream(window, next(pages))
    empty = COMMENTS[stream.codec]
    parts: list[Part] = []
    at = written = 0
    for page in pages:
        if page.serial != stream.serial:
            continue
        sizes = window.at(page.start + 27, window.at(page.start + 26, 1)[0])
        ends = next((count for count, size in enumerate(sizes, 1) if size < 255), 0)  # segments of the packet
        size = sum(sizes[: ends or len(sizes)])
        if stream.codec == "flac":  # a block: its head stays, its content becomes zeros, which are no comments
            head = window.at(page.data, 4) if written == 0 else b""
        else:
            head = empty[written : written + size]
        body = (head + bytes(size - len(head)))[:size] + window.at(page.data + size, page.end - page.data - size)
        parts += [(at, page.start), _sealed(window.at(page.start, page.data - page.start) + body)]
        at, written = page.end, written + size
        if ends:
            break
    return [*parts, (at, window.size)]


def _pages(window: Window) -> Iterator[Page]:
    at = 0
    while at < window.size:
        window.step()
        mark, _, flags, position, serial = struct.unpack("<4sBBQI", window.at(at, 18))
        if mark != b"OggS":
            raise window.broken(f"there is no page at byte {at:,}")
        count = window.at(at + 26, 1)[0]
        data = at + 27 + count
        end = data + sum(window.at(at + 27, count))
        if end > window.size:
            raise window.broken(f"it is cut off: the page at byte {at:,} should end at byte {end:,}")
        yield Page(at, data, end, serial, position, flags)
        at = end


def _stream(window: Window, page: Page) -> _Stream:
    head = window.at(page.data, min(page.end - page.data, 64))
    if head.startswith(b"\x01vorbis") and len(head) >= 16:
        return _Stream("vorbis", page.serial, head[11], int.from_bytes(head[12:16], "little"), 0)
    if head.startswith(b"OpusHead") and len(head) >= 12:
        return _Stream("opus", page.serial, head[9], OPUS_RATE, int.from_bytes(head[10:12], "little"))
    if head.startswith(b"\x7fFLAC") and len(head) >= 35:
        bits = int.from_bytes(head[27:31], "big")
        return _Stream("flac", page.serial, (bits >> 9 & 7) + 1, bits >> 12, 0)
    if head.startswith(b"Speex   ") and len(head) >= 52:
        rate, _, channels = struct.unpack_from("<III", head, 36)
        return _Stream("speex", page.serial, channels, rate, 0)
    raise window.broken("what its first stream holds is no sound that is known")


def _sealed(page: bytes) -> bytes:
    """With its checksum, which counts as zeros while it is made."""
    table, value = _table(), 0
    page = page[:22] + bytes(4) + page[26:]
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ table[value >> 24 ^ byte]
    return page[:22] + struct.pack("<I", value) + page[26:]


@cache
def _table() -> tuple[int, ...]:
    def entry(value: int) -> int:
        for _ in range(8):
            value = value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)
        return value & 0xFFFFFFFF

    return tuple(entry(index << 24) for index in range(256))
