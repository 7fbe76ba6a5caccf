"""MP3: frames of sound, with tags before and behind them, which go."""

from __future__ import annotations

from typing import Final, NamedTuple

from llmspell.content import AudioMetadata
from llmspell.media.blobs import Part
from llmspell.media.window import PAGE, Window

RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""Hertz, by the bits of the version: 1, 2 and 2.5."""
BITRATES: Final = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Kilobits a second, of version 1 and of the others."""
MAX_GAPS: Final = 16
"""Places where something else stands between two frames, as bad copies have it."""


class Frame(NamedTuple):
    size: int
    samples: int
    rate: int
    channels: int
    side: int
    """Bytes of side information behind the head."""


class _Sound(NamedTuple):
    first: Frame
    start: int
    end: int
    samples: int


def starts(window: Window) -> bool:
    """Whether there are two frames here, one behind the other, or a tag with one behind it."""
    if window.size < 8:
        return False
    if window.at(0, 3) == b"ID3":
        return True
    frame = _frame(window, 0)
    return frame is not None and (frame.size == window.size or _frame(window, frame.size) is not None)


def read(window: Window) -> AudioMetadata:
    sound = _sound(window)
    return AudioMetadata(
        codec="mp3",
        duration=round(sound.samples / sound.first.rate, 3),
        sample_rate=sound.first.rate,
        channels=sound.first.channels,
    )


def kept(window: Window) -> list[Part]:
    sound = _sound(window)
    return [(sound.start, sound.end)]


def _sound(window: Window) -> _Sound:
    at = _next(window, _behind_tags(window))
    first = None if at is None else _frame(window, at)
    if at is None or first is None:
        raise window.broken("it has no sound in it")
    start = at
    said, said_bytes = _info(window, at, first)
    if said_bytes and window.size - at < said_bytes - first.size:
        raise window.broken(f"it is cut off: it says that it has {said_bytes:,} bytes of sound")
    end, frames, gaps = at, 0, 0
    while at is not None and at < window.size:
        window.step()
        frame = _frame(window, at)
        if frame is not None:
            frames += 1
            at = end = min(at + frame.size, window.size)
            continue
        if gaps == MAX_GAPS or _is_tag(window, at):
            break
        gaps += 1
        at = _next(window, at)
    return _Sound(first, start, end, (said or frames - bool(said_bytes)) * first.samples)


def _behind_tags(window: Window) -> int:
    at = 0
    while window.size >= at + 10 and window.at(at, 3) == b"ID3":
        window.step()
        sizes = window.at(at + 6, 4)
        size = (
            10 + (sizes[0] << 21 | sizes[1] << 14 | sizes[2] << 7 | sizes[3]) + 10 * bool(window.at(at + 5, 1)[0] & 16)
        )
        if max(sizes) > 0x7F or at + size > window.size:
            raise window.broken(
                f"its ID3 tag claims {size:,} bytes, and the file has {window.size - at:,} from there on"
            )
        at += size
    return at


def _is_tag(window: Window, at: int) -> bool:
    rest = window.blob.part(at, 16)
    return rest.startswith((b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3", b"3DI")) or not rest.strip(b"\0")


def _next(window: Window, at: int) -> int | None:
    """The next place where two frames follow each other, or one and the end."""
    data = window.blob.part(at, PAGE)
    found = data.find(b"\xff")
    while found >= 0:
        window.step()
        frame = _frame(window, at + found)
        if frame is not None:
            behind = at + found + frame.size
            if behind >= window.size or _frame(window, behind) is not None or _is_tag(window, behind):
                return at + found
        found = data.find(b"\xff", found + 1)
    return None


def _frame(window: Window, at: int) -> Frame | None:
    """The head of a frame of layer III, if there is one."""
    head = window.blob.part(at, 4) if at + 4 > window.size else window.at(at, 4)
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return None
    samples, hertz = 1152 if version == 3 else 576, RATES[version][rate]
    bits = BITRATES[3 if version == 3 else 2][bitrate] * 1000
    mono = head[3] >> 6 == 3
    side = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    return Frame(samples // 8 * bits // hertz + (head[2] >> 1 & 1), samples, hertz, 1 if mono else 2, side)


def _info(window: Window, at: int, frame: Frame) -> tuple[int, int]:
    """Frames and bytes that the encoder says there are, in a first frame without sound; 0 where it does not say."""
    place = at + 4 + frame.side
    if place + 16 > window.size or window.at(place, 4) not in (b"Xing", b"Info"):
        return 0, 0
    flags, *numbers = window.unpack(">III", place + 4)
    frames = numbers.pop(0) if flags & 1 else 0
    size = numbers.pop(0) if flags & 2 else 0
    return (frames if frames < 2**28 else 0), size
