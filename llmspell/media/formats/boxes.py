"""MP4, MOV and M4A: boxes within boxes. Metadata boxes become free space of the same size, for the tables of a film
count bytes from the file's beginning. So do the tracks that a camera has written of itself, and their data zeros.
"""

from __future__ import annotations

import struct
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from llmspell.content import AudioMetadata, VideoMetadata
from llmspell.media.blobs import Part, Span
from llmspell.media.formats.codecs import BOXES, word
from llmspell.media.formats.samples import spans
from llmspell.media.window import Window

MAX_DEPTH: Final = 8
INNER: Final = frozenset({b"moov", b"trak", b"moof", b"traf", b"mdia", b"minf", b"stbl", b"edts", b"mvex"})
"""Boxes that are made of boxes."""
METADATA: Final = frozenset({b"udta", b"meta", b"uuid"})
SHOWN: Final = frozenset({b"vide", b"soun", b"subt", b"sbtl", b"text", b"clcp", b"tmcd", b"auxv", b"pict", b"hint"})
"""Kinds of tracks that belong to the film. Others say where the camera was, and what it did."""
TABLES: Final = frozenset({b"hdlr", b"stco", b"co64", b"stsc", b"stsz"})
MAX_GONE: Final = 200_000
"""Parts that are taken out, in 30 MB of memory. A camera writes a few a second."""
MAX_SECONDS: Final = 1e8


class Box(NamedTuple):
    kind: bytes
    start: int
    data: int
    end: int


@dataclass(slots=True)
class _Track:
    kind: bytes = b""
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    samples: int = 0
    codec: str = ""
    channels: int = 0
    rate: int = 0
    bits: int = 0


def read(window: Window) -> VideoMetadata | AudioMetadata:
    tracks: list[_Track] = []
    seconds, film, data = 0.0, False, False
    for box in _boxes(window, 0, window.size):
        if box.kind == b"moov":
            film = True
            seconds = _film(window, box, tracks)
        data = data or box.kind in (b"mdat", b"moof")
    if not film:
        raise window.broken("it has no table of contents (moov)")
    if not data:
        raise window.broken("it is cut off: it has a table of contents and no data")
    duration = round(seconds, 3) if 0 < seconds < MAX_SECONDS else None
    video = next((track for track in tracks if track.kind == b"vide"), None)
    audio = next((track for track in tracks if track.kind == b"soun"), None)
    if video is not None:
        rate = video.samples / video.seconds if video.seconds > 0 else 0
        return VideoMetadata(
            duration=duration,
            width=video.width or None,
            height=video.height or None,
            frame_rate=round(rate, 3) if 0 < rate < 1e5 else None,
            video_codec=video.codec or None,
            audio_codec=audio.codec or None if audio is not None else None,
        )
    if audio is None:
        raise window.broken("it has neither pictures nor sound in it")
    return AudioMetadata(
        codec=audio.codec or "unknown",
        duration=duration,
        sample_rate=audio.rate or None,
        channels=audio.channels or None,
        bit_depth=audio.bits if audio.bits and audio.codec in ("pcm", "alac", "flac") else None,
    )


def kept(window: Window) -> list[Part]:
    gone: list[tuple[Span, list[Part]]] = []
    data = [(box.data, box.end) for box in _boxes(window, 0, window.size) if box.kind == b"mdat"]
    for box in _metadata(window, 0, window.size, 0):
        head = box.data - box.start
        name = window.at(box.start, 4) + b"free" + window.at(box.start + 8, head - 8)
        gone.append(((box.start, box.end), [name, box.end - box.data]))
        if box.kind == b"trak":
            for start, end in _data(window, box, data):
                gone.append(((start, end), [end - start]))
                if len(gone) > MAX_GONE:
                    raise window.broken(f"more than {MAX_GONE:,} parts of it are metadata")
    parts: list[Part] = []
    at = 0
    for (start, end), instead in sorted(gone, key=lambda item: item[0]):
        if start >= at:
            parts += [(at, start), *instead]
            at = end
        elif end > at:  # only what samples of a strange file share
            parts.append(end - at)
            at = end
    return [*parts, (at, window.size)]


def _metadata(window: Window, start: int, end: int, depth: int) -> Iterator[Box]:
    for box in _boxes(window, start, end):
        if box.kind in METADATA or (box.kind == b"trak" and _tables(window, box).get(b"hdlr") not in (None, *SHOWN)):
            yield box
        elif box.kind in INNER and depth < MAX_DEPTH:
            yield from _metadata(window, box.data, box.end, depth + 1)


def _tables(window: Window, outer: Box, depth: int = 0) -> dict[bytes, Any]:
    """Where a track's tables stand, and at "hdlr" of what kind it is."""
    found: dict[bytes, Any] = {}
    for box in _boxes(window, outer.data, outer.end):
        if box.kind in INNER and depth < MAX_DEPTH:
            found = _tables(window, box, depth + 1) | found
        elif box.kind in TABLES:
            known = window.at(box.data + 8, 4) if box.kind == b"hdlr" else (box.data, box.end)
            found.setdefault(box.kind, known)
    return found


def _data(window: Window, track: Box, within: list[Span]) -> Iterator[Span]:
    """Where the track's samples stand, as far as that is in the film's data."""
    tables = _tables(window, track)
    offsets, runs, sizes = tables.get(b"stco", tables.get(b"co64")), tables.get(b"stsc"), tables.get(b"stsz")
    if not (offsets and runs and sizes):
        return
    for start, end in spans(window, offsets, runs, sizes, wide=b"stco" not in tables):
        place = bisect(within, (start, window.size)) - 1
        if place >= 0 and end <= within[place][1]:
            yield start, end


def _boxes(window: Window, at: int, end: int) -> Iterator[Box]:
    while at + 8 <= end:
        window.step()
        size, kind = struct.unpack(">I4s", window.at(at, 8))
        data = at + 8
        if size == 1:
            size, data = window.number(">Q", at + 8), at + 16
        elif size == 0:
            if kind == b"\0\0\0\0":  # QuickTime ends some lists with 32 zero bits
                return
            size = end - at
        if size < data - at:
            raise window.broken(f"the box at byte {at:,} is smaller than its own head")
        if at + size > end:
            name = word(kind)
            raise window.broken(f"it is cut off: its box '{name}' claims {size:,} bytes, and {end - at:,} are there")
        yield Box(kind, at, data, at + size)
        at += size


def _film(window: Window, film: Box, tracks: list[_Track]) -> float:
    """The length in seconds."""
    seconds = 0.0
    for box in _boxes(window, film.data, film.end):
        if box.kind == b"mvhd":
            seconds = _time(window, box)
        elif box.kind == b"trak":
            track = _Track()
            _look(window, box, track, 0)
            tracks.append(track)
    return seconds or max((track.seconds for track in tracks), default=0.0)


def _look(window: Window, outer: Box, track: _Track, depth: int) -> None:
    for box in _boxes(window, outer.data, outer.end):
        match box.kind:
            case b"tkhd":
                _shape(window, box, track)
            case b"mdhd":
                track.seconds = _time(window, box)
            case b"hdlr" if not track.kind:
                track.kind = window.at(box.data + 8, 4)
            case b"stsz" | b"stz2":
                track.samples = window.number(">I", box.data + 8)
            case b"stsd":
                _codec(window, box, track)
            case kind if kind in INNER and depth < MAX_DEPTH:
                _look(window, box, track, depth + 1)


def _time(window: Window, box: Box) -> float:
    """A duration in seconds, of mvhd or mdhd."""
    wide = window.at(box.data, 1) == b"\1"
    scale, length = window.unpack(">IQ", box.data + 20) if wide else window.unpack(">II", box.data + 12)
    return length / scale if scale and length < (2**64 - 1 if wide else 2**32 - 1) else 0.0


def _shape(window: Window, box: Box, track: _Track) -> None:
    at = box.data + (52 if window.at(box.data, 1) == b"\1" else 40)
    matrix: tuple[Any, ...] = window.unpack(">9i", at)
    width, height = (value >> 16 for value in window.unpack(">II", at + 36))
    on_its_side = matrix[0] == matrix[4] == 0 and matrix[1] != 0
    track.width, track.height = (height, width) if on_its_side else (width, height)


def _codec(window: Window, box: Box, track: _Track) -> None:
    if window.number(">I", box.data + 4) == 0:
        return
    name = word(window.at(box.data + 12, 4))
    track.codec = BOXES.get(name, name)
    if track.kind == b"soun":
        at = box.data + 8 + 24
        track.channels, track.bits = window.unpack(">HH", at)
        track.rate = window.number(">I", at + 8) >> 16
