"""FLAC: blocks of metadata, then sound. Only the block that the sound is decoded with, and the seek table, are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from llmspell.content import AudioMetadata
from llmspell.media.blobs import Part
from llmspell.media.window import Window

STREAMINFO, SEEKTABLE, INVALID = 0, 3, 127


class Block(NamedTuple):
    kind: int
    start: int
    end: int


def read(window: Window) -> AudioMetadata:
    blocks = list(_blocks(window))
    first = blocks[0]
    if first.kind != STREAMINFO or first.end - first.start < 34:
        raise window.broken("it does not say how its sound is coded")
    end = blocks[-1].end
    lead, sync = window.at(end, 2)
    if lead != 0xFF or sync & 0xFC != 0xF8:
        raise window.broken("there is no sound behind its head")
    bits = int.from_bytes(window.at(first.start + 10, 8), "big")
    rate, channels, depth, samples = bits >> 44, (bits >> 41 & 7) + 1, (bits >> 36 & 31) + 1, bits & (1 << 36) - 1
    if not rate:
        raise window.broken("its sample rate is 0")
    return AudioMetadata(
        codec="flac",
        duration=round(samples / rate, 3) if samples else None,
        sample_rate=rate,
        channels=channels,
        bit_depth=depth,
    )


def kept(window: Window) -> list[Part]:
    blocks = list(_blocks(window))
    shown = [block for block in blocks if block.kind in (STREAMINFO, SEEKTABLE)]
    parts: list[Part] = [b"fLaC"]
    for block in shown:
        last = 0x80 if block is shown[-1] else 0
        parts += [bytes([last | block.kind]) + window.at(block.start - 3, 3), (block.start, block.end)]
    return [*parts, (blocks[-1].end, window.size)]


def _blocks(window: Window) -> Iterator[Block]:
    at = 4
    while True:
        window.step()
        head = window.number(">I", at)
        kind, size = head >> 24 & 0x7F, head & 0xFFFFFF
        if kind == INVALID or at + 4 + size > window.size:
            raise window.broken(f"it is cut off, or there is no block at byte {at:,}")
        yield Block(kind, at + 4, at + 4 + size)
        at += 4 + size
        if head >> 31:
            return
