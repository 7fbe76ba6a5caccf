"""GIF: blocks of at most 255 bytes. Comments and application data go, but for how often an animation repeats."""

from __future__ import annotations

from collections.abc import Iterator

from llmspell.content import ImageMetadata
from llmspell.media.blobs import Part
from llmspell.media.formats.pictures import MAX_FRAMES, look
from llmspell.media.window import Window

LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
IMAGE, EXTENSION, END = 0x2C, 0x21, 0x3B
COMMENT, APPLICATION = 0xFE, 0xFF


def read(window: Window) -> ImageMetadata:
    parts = kept(window)
    frames = sum(kind == IMAGE for kind, _, _ in _blocks(window))
    if frames == 0:
        raise window.broken("it has no picture in it")
    return look("gif", window, parts, frames=frames)


def kept(window: Window) -> list[Part]:
    parts: list[Part] = [(0, _table(window, 10, 13))]
    for kind, start, end in _blocks(window):
        label = window.at(start + 1, 1)[0] if kind == EXTENSION else 0
        repeats = label == APPLICATION and window.at(start, 14)[3:] in LOOPS
        if repeats or label not in (COMMENT, APPLICATION):
            parts.append((start, end))
    return parts


def _blocks(window: Window) -> Iterator[tuple[int, int, int]]:
    """Kind, start and end of each, the end mark included."""
    at, frames = _table(window, 10, 13), 0
    while True:
        kind, start = window.at(at, 1)[0], at
        if kind == END:
            yield END, at, at + 1
            break
        if kind == IMAGE:
            frames += 1
            if frames > MAX_FRAMES:
                raise window.broken(f"it has more than {MAX_FRAMES:,} frames")
            at = _table(window, at + 9, at + 10) + 1  # one byte for the code size
        elif kind == EXTENSION:
            at += 2
        else:
            raise window.broken(f"there is no block at byte {at:,}")
        while size := window.at(at, 1)[0]:
            window.step()
            at += 1 + size
        window.step()
        at += 1
        yield kind, start, at
    if (error := window.trailed(at + 1)) is not None:
        raise error


def _table(window: Window, flags: int, start: int) -> int:
    """Where a colour table ends that begins at `start`, if its flags say that there is one."""
    bits = window.at(flags, 1)[0]
    return start + (3 << (bits & 7) + 1 if bits & 0x80 else 0)
