"""Text, and PDF, of which no more is known than that it is whole."""

from __future__ import annotations

import codecs
import re
from typing import Final

from llmspell.errors import InvalidMedia
from llmspell.media.blobs import PIECE
from llmspell.media.window import Window

_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""What no text has; \x1b begins the colours of a terminal."""
PDF_TAIL: Final = 2048
END: Final = b"%%EOF"
OTHERS: Final = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"PK\x03\x04", b"Rar!", b"<", b"#!", b"MZ", b"\x7fELF", b"RIFF")
"""How a file of another kind begins that stands behind a PDF."""


def is_text(window: Window) -> bool:
    """Whether all of it is UTF-8 without control characters. Other encodings cannot be told from each other."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for piece in window.blob.pieces(PIECE):
        if _CONTROLS.search(piece):
            return False
        try:
            decoder.decode(piece)
        except UnicodeDecodeError:
            return False
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def read_text(_: Window) -> None:
    """There is nothing to know."""


def read_pdf(window: Window) -> None:
    """Raises InvalidMedia where its end is missing, or something else follows it."""
    tail = window.blob.part(max(window.size - PDF_TAIL, 0), PDF_TAIL)
    end = tail.rfind(END)
    if end < 0:
        raise window.broken("it is cut off: its end mark is missing")
    if tail[end + len(END) :].lstrip(b"\0\r\n ").startswith(OTHERS):
        raise InvalidMedia(
            f"{window.label}, and a file of another kind follows its end", details={"reason": "polyglot"}
        )
