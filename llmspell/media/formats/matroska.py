"""Matroska and WebM: EBML elements. Tags, attachments and titles become void elements of the same size."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from llmspell.content import AudioMetadata, VideoMetadata
from llmspell.media.blobs import Part
from llmspell.media.formats.codecs import MATROSKA, word
from llmspell.media.window import Window

EBML, DOCTYPE, SEGMENT, INFO, TRACKS, CLUSTER = 0x1A45DFA3, 0x4282, 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
SCALE, DURATION = 0x2AD7B1, 0x4489
TRACK, TYPE, CODEC, FRAME_TIME, VIDEO, AUDIO = 0xAE, 0x83, 0x86, 0x23E383, 0xE0, 0xE1
WIDTH, HEIGHT, RATE, CHANNELS, BITS = 0xB0, 0xBA, 0xB5, 0x9F, 0x6264
METADATA: Final = frozenset({0x1254C367, 0x1941A469})
"""Tags and attachments, of a segment."""
TEXTS: Final = frozenset({0x7BA9, 0x7384, 0x4461, 0x7B, 0xBF})
"""Title, file name and date, of a segment's information, and its checksum."""
MAX_SECONDS: Final = 1e8
MAX_NUMBER: Final = 2**31
"""Of pixels, channels or bits; what says more says nothing."""


class Element(NamedTuple):
    id: int
    start: int
    data: int
    end: int
    open: bool
    """Its length is not said: it goes on to the end, as in what is recorded live."""


@dataclass(slots=True)
class _Track:
    kind: int = 0
    codec: str = ""
    frame_ns: int = 0
    width: int = 0
    height: int = 0
    rate: float = 8000.0
    channels: int = 1
    bits: int = 0


def doctype(window: Window) -> str:
    """ "webm" or "matroska", as the file says."""
    head = next(_elements(window, 0, window.size))
    for item in _elements(window, head.data, head.end):
        if item.id == DOCTYPE:
            return word(window.at(item.data, min(item.end - item.data, 16)))
    raise window.broken("it does not say what it is")


def read(window: Window) -> VideoMetadata | AudioMetadata:
    tracks: list[_Track] = []
    seconds, data = 0.0, False
    for item in _segment(window):
        if item.id == INFO:
            seconds = _duration(window, item)
        elif item.id == TRACKS:
            tracks = [_track(window, entry) for entry in _elements(window, item.data, item.end) if entry.id == TRACK]
        data = data or item.id == CLUSTER
    if not data:
        raise window.broken("it is cut off: it has no data")
    duration = round(seconds, 3) if 0 < seconds < MAX_SECONDS else None
    video = next((track for track in tracks if track.kind == 1), None)
    audio = next((track for track in tracks if track.kind == 2), None)
    if video is not None:
        return VideoMetadata(
            duration=duration,
            width=video.width or None,
            height=video.height or None,
            frame_rate=round(1e9 / video.frame_ns, 3) if video.frame_ns >= 10_000 else None,
            video_codec=video.codec,
            audio_codec=audio.codec if audio is not None else None,
        )
    if audio is None:
        raise window.broken("it has neither pictures nor sound in it")
    return AudioMetadata(
        codec=audio.codec,
        duration=duration,
        sample_rate=round(audio.rate) if 0 < audio.rate < 1e7 else None,
        channels=audio.channels or None,
        bit_depth=audio.bits or None,
    )


def kept(window: Window) -> list[Part]:
    parts: list[Part] = []
    at = 0
    for item in _dropped(window):
        size = item.end - item.start
        head = b"\xec" + (bytes([0x80 | size - 2]) if size < 9 else b"\x01" + (size - 9).to_bytes(7, "big"))
        parts += [(at, item.start), head, size - len(head)]
        at = item.end
    return [*parts, (at, window.size)]


def _dropped(window: Window) -> Iterator[Element]:
    for item in _segment(window):
        if item.id in METADATA:
            yield item
        elif item.id == INFO:
            yield from (inner for inner in _elements(window, item.data, item.end) if inner.id in TEXTS)


def _segment(window: Window) -> Iterator[Element]:
    """What the segment is made of, up to the first cluster whose length is not said."""
    for outer in _elements(window, 0, window.size):
        if outer.id == SEGMENT:
            for item in _elements(window, outer.data, outer.end):
                yield item
                if item.open:
                    break
            return
    raise window.broken("it is cut off: it has no segment")


def _elements(window: Window, at: int, end: int) -> Iterator[Element]:
    while at < end:
        window.step()
        start = at
        name, at, _ = _vint(window, at, mark=True)
        size, at, unknown = _vint(window, at, mark=False)
        if unknown:
            size = end - at
        if at + size > end:
            raise window.broken(
                f"it is cut off: its element {name:#x} claims {size:,} bytes, and {max(end - at, 0):,} are there"
            )
        yield Element(name, start, at, at + size, unknown)
        at += size


def _vint(window: Window, at: int, *, mark: bool) -> tuple[int, int, bool]:
    """A number of variable length, the place behind it, and whether all its bits are set: "unknown"."""
    first = window.at(at, 1)[0]
    length = 9 - first.bit_length()
    if length > (4 if mark else 8):
        raise window.broken(f"there is no element at byte {at:,}")
    value = int.from_bytes(window.at(at, length), "big")
    bits = value & ((1 << 7 * length) - 1)
    return value if mark else bits, at + length, bits == (1 << 7 * length) - 1


def _duration(window: Window, info: Element) -> float:
    scale, length = 1_000_000, 0.0
    for item in _elements(window, info.data, info.end):
        if item.id == SCALE:
            scale = _whole(window, item)
        elif item.id == DURATION:
            length = _real(window, item)
    return length * scale / 1e9


def _track(window: Window, entry: Element) -> _Track:
    track = _Track()
    for item in _elements(window, entry.data, entry.end):
        match item.id:
            case 0x83:
                track.kind = _whole(window, item)
            case 0x86:
                name = word(window.at(item.data, min(item.end - item.data, 32)))
                track.codec = MATROSKA.get(name, name)
            case 0x23E383:
                track.frame_ns = _whole(window, item)
            case 0xE0 | 0xE1:
                _shape(window, item, track)
    return track


def _shape(window: Window, outer: Element, track: _Track) -> None:
    for item in _elements(window, outer.data, outer.end):
        match item.id:
            case 0xB0:
                track.width = _counted(window, item)
            case 0xBA:
                track.height = _counted(window, item)
            case 0xB5:
                track.rate = _real(window, item)
            case 0x9F:
                track.channels = _counted(window, item)
            case 0x6264:
                track.bits = _counted(window, item)


def _whole(window: Window, item: Element) -> int:
    size = item.end - item.data
    return int.from_bytes(window.at(item.data, size), "big") if size <= 8 else 0


def _counted(window: Window, item: Element) -> int:
    value = _whole(window, item)
    return value if value < MAX_NUMBER else 0


def _real(window: Window, item: Element) -> float:
    size = item.end - item.data
    code = {4: ">f", 8: ">d"}.get(size)
    value: float = struct.unpack(code, window.at(item.data, size))[0] if code else 0.0
    return value
