"""A reply's body as the server meant it: compressed bytes in, bounded pieces of plain bytes out. Pure.

httpx would decompress each network read at once, and one read of 64 KB can hold 64 MB of zeros; here no piece is
larger than PIECE_BYTES, so the caller can count and stop.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

PIECE_BYTES = 64 * 1024
ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
"""Only gzip is asked for, and nothing for streams; `deflate` is understood as RFC 9110 defines it, with its header."""


class BadEncoding(ValueError):
    """A body that does not decompress. `cut` says that it is good as far as it goes."""

    def __init__(self, message: str, *, cut: bool = False) -> None:
        super().__init__(message)
        self.cut = cut


class Inflater:
    """Of one body. Raises BadEncoding for an encoding that is not known and for bytes that do not decompress."""

    def __init__(self, encoding: str) -> None:
        encoding = encoding.strip().lower()
        if encoding not in ENCODINGS:
            raise BadEncoding(f"the answer is encoded as '{encoding[:40]}', which was not asked for")
        self._compressed = encoding not in ("", "identity")
        self._stream = self._new()
        self._fed = False  # an empty body is empty, compressed or not

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Pieces, none of them empty. Take all of them before feeding more."""
        if not self._compressed:
            if data:
                yield data
            return
        self._fed = self._fed or bool(data)
        while True:
            if data and self._stream.eof:  # gzip allows one member after another
                self._stream = self._new()
            try:
                piece = self._stream.decompress(data, PIECE_BYTES)
            except zlib.error:
                raise BadEncoding("the answer's compressed bytes are damaged") from None
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            if piece:
                yield piece
            if not data and len(piece) < PIECE_BYTES:  # a full piece may have left more inside
                return

    def close(self) -> Iterator[bytes]:
        """What is left at the end of the body. Raises BadEncoding when the compressed bytes just stop."""
        if self._compressed and self._fed and not self._stream.eof:
            piece = self._stream.flush()
            if piece:
                yield piece
            if not self._stream.eof:
                raise BadEncoding("the answer's compressed bytes end too early", cut=True)

    @staticmethod
    def _new() -> zlib._Decompress:
        return zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, whichever the first bytes say
