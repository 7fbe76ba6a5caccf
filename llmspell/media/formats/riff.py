"""RIFF: WebP, WAV and AVI, which are chunks of a name, a length and data."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from llmspell.content import AudioMetadata, ImageMetadata, VideoMetadata
from llmspell.media.blobs import Part, Span, length_of
from llmspell.media.formats import exif
from llmspell.media.formats.codecs import WAVE, fourcc, word
from llmspell.media.formats.pictures import MAX_FRAMES, turned
from llmspell.media.window import Window

UNKNOWN: Final = 0xFFFFFFFF
"""A length that ffmpeg writes where it cannot go back to set it, and RF64 keeps elsewhere."""


class Chunk(NamedTuple):
    kind: bytes
    start: int
    size: int

    @property
    def span(self) -> Span:
        return self.start - 8, self.start + self.size + self.size % 2


def chunks(window: Window, at: int, end: int) -> Iterator[Chunk]:
    """Those from `at` on. The last one's length may be open where the file is a stream that was saved."""
    while at + 8 <= end:
        window.step()
        kind, size = struct.unpack("<4sI", window.at(at, 8))
        if size == UNKNOWN and kind == b"data":
            size = end - at - 8
        if at + 8 + size > end:
            raise window.broken(
                f"it is cut off: its part '{word(kind)}' claims {size:,} bytes, and {end - at - 8:,} follow"
            )
        yield Chunk(kind, at + 8, size)
        at += 8 + size + size % 2


def _end(window: Window) -> int:
    """Where the RIFF ends; never behind the file's end."""
    size = window.number("<I", 4)
    if size == UNKNOWN or (size == 0 and window.size > 8):
        return window.size
    if 8 + size > window.size + 1:  # a last padding byte is forgotten by some
        raise window.broken(f"it is cut off: it claims {8 + size:,} bytes, and has {window.size:,}")
    return min(8 + size, window.size)


# ---- WebP ----

ALPHA, ANIMATED = 0x10, 0x02
META: Final = 0x0C
"""Flags of EXIF and XMP."""


def read_webp(window: Window) -> ImageMetadata:
    width = height = frames = flags = 0
    alpha, turn, picture = False, 1, False
    for chunk in _webp(window):
        match chunk.kind:
            case b"VP8X" if chunk.size >= 10:
                flags = window.at(chunk.start, 1)[0]
                width, height = (1 + int.from_bytes(window.at(chunk.start + n, 3), "little") for n in (4, 7))
            case b"VP8 " if chunk.size >= 10:
                picture = window.at(chunk.start + 3, 3) == b"\x9d\x01\x2a"
                if not width:
                    width, height = (n & 0x3FFF for n in window.unpack("<HH", chunk.start + 6))
            case b"VP8L" if chunk.size >= 5:
                bits = window.number("<I", chunk.start + 1)
                picture = window.at(chunk.start, 1) == b"\x2f"
                alpha = bool(bits >> 28 & 1)
                if not width:
                    width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
            case b"ANMF":
                frames += 1
                picture = True
            case b"EXIF":
                turn = _webp_turn(window, chunk)
    if not (picture and width and height):
        raise window.broken("it has no picture in it")
    if frames > MAX_FRAMES:
        raise window.broken(f"it has more than {MAX_FRAMES:,} frames")
    seen = ImageMetadata(
        width=width,
        height=height,
        color_space="rgb",
        has_transparency=alpha or bool(flags & ALPHA),
        frames=max(frames, 1),
    )
    return turned(seen, turn)


def kept_webp(window: Window) -> list[Part]:
    body: list[Part] = []
    for chunk in _webp(window):
        if chunk.kind == b"VP8X":
            flags = window.at(chunk.start, 1)[0] & ~META
            body += [window.at(chunk.start - 8, 8) + bytes([flags]), (chunk.start + 1, chunk.span[1])]
        elif chunk.kind in (b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"):
            body.append(chunk.span)
    size = 4 + sum(map(length_of, body))
    return [b"RIFF" + struct.pack("<I", size) + b"WEBP", *body]


def orientation_webp(window: Window) -> int:
    return next((_webp_turn(window, chunk) for chunk in _webp(window) if chunk.kind == b"EXIF"), 1)


def _webp(window: Window) -> Iterator[Chunk]:
    end = _end(window)
    yield from chunks(window, 12, end)
    if (error := window.trailed(end)) is not None:
        raise error


def _webp_turn(window: Window, chunk: Chunk) -> int:
    return exif.orientation(window.at(chunk.start, min(chunk.size, 65536)).removeprefix(b"Exif\0\0"))


# ---- WAV ----


def read_wav(window: Window) -> AudioMetadata:
    form, bytes_of_sound, block = None, None, 0
    for chunk in _wav(window):
        if chunk.kind == b"fmt " and chunk.size >= 16:
            form = window.unpack("<HHIIHH", chunk.start)
            if form[0] == 0xFFFE and chunk.size >= 26:  # the real code stands in the extension
                form = (window.number("<H", chunk.start + 24), *form[1:])
            block = form[3]
        elif chunk.kind == b"data":
            bytes_of_sound = chunk.size
    if form is None or bytes_of_sound is None:
        raise window.broken("it has no sound in it")
    code, channels, rate, _, _, bits = form
    return AudioMetadata(
        codec=WAVE.get(code, f"wave-{code:#06x}"),
        duration=round(bytes_of_sound / block, 3) if block else None,
        sample_rate=rate or None,
        channels=channels or None,
        bit_depth=bits or None,
    )


def kept_wav(window: Window) -> list[Part]:
    body: list[Part] = []
    for chunk in _wav(window):
        if chunk.kind in (b"fmt ", b"fact"):
            body.append(chunk.span)
        elif chunk.kind == b"data":
            size = min(chunk.size, UNKNOWN)
            body += [b"data" + struct.pack("<I", size), (chunk.start, min(chunk.span[1], window.size))]
    size = 4 + sum(map(length_of, body))
    return [b"RIFF" + struct.pack("<I", min(size, UNKNOWN)) + b"WAVE", *body]


def _wav(window: Window) -> Iterator[Chunk]:
    yield from chunks(window, 12, _end(window))


# ---- AVI ----


def read_avi(window: Window) -> VideoMetadata:
    known: dict[str, float | int | str] = {}
    end = _end(window)
    movie = False
    for chunk in chunks(window, 12, end):
        if chunk.kind == b"LIST" and chunk.size >= 4:
            name = window.at(chunk.start, 4)
            movie = movie or name == b"movi"
            if name == b"hdrl":
                _avi_header(window, chunk, known)
    if not known or not movie:
        raise window.broken("it has no video in it")
    return VideoMetadata(**known)  # type: ignore[arg-type]  # the names are those of the fields


def _avi_header(window: Window, header: Chunk, known: dict[str, float | int | str]) -> None:
    for chunk in chunks(window, header.start + 4, header.start + header.size):
        if chunk.kind == b"avih" and chunk.size >= 40:
            micros, frames = window.number("<I", chunk.start), window.number("<I", chunk.start + 16)
            known["width"], known["height"] = window.unpack("<II", chunk.start + 32)
            if micros:
                known["frame_rate"] = round(1e6 / micros, 3)
                known["duration"] = round(frames * micros / 1e6, 3)
        elif chunk.kind == b"LIST" and chunk.size >= 4 and window.at(chunk.start, 4) == b"strl":
            _avi_stream(window, chunk, known)


def _avi_stream(window: Window, stream: Chunk, known: dict[str, float | int | str]) -> None:
    kind = b""
    for chunk in chunks(window, stream.start + 4, stream.start + stream.size):
        if chunk.kind == b"strh" and chunk.size >= 8:
            kind = window.at(chunk.start, 4)
        elif chunk.kind == b"strf" and kind == b"vids" and chunk.size >= 20:
            known["video_codec"] = fourcc(window.at(chunk.start + 16, 4))
        elif chunk.kind == b"strf" and kind == b"auds" and chunk.size >= 2:
            code = window.number("<H", chunk.start)
            known["audio_codec"] = WAVE.get(code, f"wave-{code:#06x}")


def kept_avi(window: Window) -> list[Part]:
    """INFO and EXIF lists become padding, for the index counts bytes from the file's beginning."""
    parts: list[Part] = []
    at = 0
    for chunk in chunks(window, 12, _end(window)):
        if (chunk.kind == b"LIST" and window.at(chunk.start, 4) in (b"INFO", b"exif")) or chunk.kind == b"_PMX":
            begin, end = chunk.span
            end = min(end, window.size)
            parts += [(at, begin), b"JUNK" + struct.pack("<I", chunk.size), end - begin - 8]
            at = end
    return [*parts, (at, window.size)]
