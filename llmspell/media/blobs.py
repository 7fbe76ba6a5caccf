"""Where the bytes of media are: in memory, in a file of our own, or in ranges of another blob. A blob never changes."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from typing import Final

from llmspell.content import Blob
from llmspell.errors import InvalidMedia

SMALL: Final = 128 * 1024
"""Bytes that stay in memory; above, a blob is a file. All media of a run then take 64 MB at most."""
LARGE: Final = 256 * 1024
"""Bytes of a read after which a mapped file's pages are let go."""
PIECE: Final = 1 << 20
MANY_FILES: Final = "each of the run's media above 128 KB keeps a file open; `ulimit -n` says how many may be"

Span = tuple[int, int]
"""Bytes of another blob, from the first to before the second."""
Part = Span | bytes | int
"""Of a joined blob; a number stands for so many zeros."""


class InMemory:
    """Bytes that are in memory anyway."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    @cached_property
    def sha256(self) -> str:
        return sha256(self._data).hexdigest()

    def read(self) -> bytes:
        return self._data

    def part(self, start: int, size: int) -> bytes:
        return self._data[start : start + size]

    def pieces(self, size: int) -> Iterator[bytes]:
        return (self.part(start, size) for start in range(0, len(self._data), size))


class Mapped:
    """A file without a name, mapped into memory. Nobody else can write to it or cut it, which would end the process:
    so a file of somebody else's is copied first, and never mapped."""

    def __init__(self, file: int, size: int, digest: str) -> None:
        self._map = mmap.mmap(file, size, prot=mmap.PROT_READ)
        self.size = size
        self.sha256 = digest

    def read(self) -> bytes:
        return self._map[:]

    def part(self, start: int, size: int) -> bytes:
        data = self._map[start : start + size]
        begin = start // mmap.PAGESIZE * mmap.PAGESIZE
        if len(data) >= LARGE:  # or what was read of a film would count as our memory until the end
            self._map.madvise(mmap.MADV_DONTNEED, begin, start + len(data) - begin)
        return data

    def pieces(self, size: int) -> Iterator[bytes]:
        return (self.part(start, size) for start in range(0, self.size, size))


class Joined:
    """Ranges of another blob and bytes of our own, one behind the other; nothing is copied."""

    def __init__(self, base: Blob, parts: Iterable[Part]) -> None:
        self._base = base
        self._parts = _merged(parts)
        self.size = sum(map(length_of, self._parts))

    @cached_property
    def sha256(self) -> str:
        digest = sha256()
        for piece in self.pieces(PIECE):
            digest.update(piece)
        return digest.hexdigest()

    def read(self) -> bytes:
        return self.part(0, self.size)

    def part(self, start: int, size: int) -> bytes:
        wanted, found = start + size, []
        at = 0
        for part in self._parts:
            low, high = max(start - at, 0), min(wanted - at, length_of(part))
            if low < high:
                found.append(self._of(part, low, high - low))
            at += length_of(part)
            if at >= wanted:
                break
        return b"".join(found)

    def pieces(self, size: int) -> Iterator[bytes]:
        held = bytearray()
        for part in self._parts:
            at, length = 0, length_of(part)
            while at < length:
                step = min(size - len(held), length - at)
                held += self._of(part, at, step)
                at += step
                if len(held) == size:
                    yield bytes(held)
                    held.clear()
        if held:
            yield bytes(held)

    def _of(self, part: Part, start: int, size: int) -> bytes:
        if isinstance(part, bytes):
            return part[start : start + size]
        return bytes(size) if isinstance(part, int) else self._base.part(part[0] + start, size)


def _merged(parts: Iterable[Part]) -> Sequence[Part]:
    """Without empty ones, and with ranges that follow each other as one."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        if isinstance(part, tuple) and isinstance(last, tuple) and last[1] == part[0]:
            found[-1] = (last[0], part[1])
        elif length_of(part):
            found.append(part)
    return found


def length_of(part: Part) -> int:
    """Bytes."""
    return part if isinstance(part, int) else len(part) if isinstance(part, bytes) else part[1] - part[0]


def keep(pieces: Iterable[bytes]) -> Blob:
    """A blob of these bytes: in memory when it is small, else in a file that is gone when nobody holds the blob. Raises
    InvalidMedia where the disk is full or too many files are open."""
    try:
        return _keep(pieces)
    except OSError as error:
        files = error.errno in (errno.EMFILE, errno.ENFILE)
        raise InvalidMedia(
            f"a medium cannot be copied to disk: {(error.strerror or str(error)).lower()}",
            hint=MANY_FILES if files else "large media are kept in /var/tmp, or where TMPDIR says",
            details={"reason": "system"},
        ) from None


def _keep(pieces: Iterable[bytes]) -> Blob:
    held, digest, file = bytearray(), sha256(), None
    size = 0
    try:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            if file is None and size <= SMALL:
                held += piece
                continue
            if file is None:
                import tempfile  # 5 ms

                file = tempfile.TemporaryFile(dir=_folder())  # noqa: SIM115
                file.write(held)
            file.write(piece)
        if file is None:
            return InMemory(bytes(held))
        file.flush()
        return Mapped(file.fileno(), size, digest.hexdigest())
    finally:
        if file is not None:
            file.close()  # the mapping holds it


def _folder() -> str | None:
    """Where large media are kept: /var/tmp is on a disk where /tmp may be in memory. TMPDIR says otherwise."""
    return None if os.environ.get("TMPDIR") or not os.access("/var/tmp", os.W_OK) else "/var/tmp"
