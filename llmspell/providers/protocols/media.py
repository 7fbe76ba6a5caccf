"""Media in requests and in answers, as far as the protocols share them. Pure: no byte of a medium is looked at here.

What a server sends is decoded and bounded by the answer's size; whoever keeps it checks what it really is.
"""

from __future__ import annotations

import base64
import binascii
import io
import wave
from collections.abc import Iterable

from llmspell.content import MediaContent
from llmspell.errors import BadResponseError, InvalidMedia
from llmspell.providers.body import Embedded
from llmspell.providers.protocols.parts import word
from llmspell.types import RawMedia

EXTENSIONS = {"text": "txt", "binary": "bin"}
"""Of the formats whose names are none."""


def data_url(medium: MediaContent) -> Embedded:
    return Embedded(medium.blob, f"data:{medium.mime};base64,")


def filename(medium: MediaContent) -> str:
    """What its maker calls it, or "file" with its format, where a protocol wants a name."""
    return medium.filename or f"file.{EXTENSIONS.get(medium.format, medium.format)}"


def text_of(medium: MediaContent) -> str:
    """A text file's text: every protocol takes it as it takes what the user writes."""
    return medium.blob.read().decode("utf-8", "replace")


def not_taken(medium: MediaContent, where: str, takes: Iterable[str]) -> InvalidMedia:
    """The error for a medium that a protocol has no place for: nothing is left out in silence."""
    return InvalidMedia(f"{where} takes {', '.join(takes)}, not {medium.type} ({medium.format})")


def from_base64(text: str, mime: str) -> RawMedia:
    """Raises BadResponseError for what is not base64. Missing padding is forgiven."""
    return RawMedia(data=_decoded("".join(text.split()).rstrip("=")), mime=word(mime))


def from_data_url(url: str) -> RawMedia | None:
    """None for an address of another scheme. Raises BadResponseError for what is not base64."""
    head, comma, data = url.partition(",")
    if not comma or not head.lower().startswith("data:") or not head.lower().endswith(";base64"):
        return None
    return from_base64(data, head[len("data:") :].partition(";")[0])


class Base64Pieces:
    """Base64 that comes in pieces: each of them on its own, as OpenAI sends audio, or one text cut anywhere."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._rest = ""

    def add(self, piece: str) -> None:
        text = self._rest + "".join(piece.split())
        end = len(text) if text.endswith("=") else len(text) // 4 * 4
        self._data += _decoded(text[:end].rstrip("="))
        self._rest = text[end:]

    def end(self) -> bytes:
        self._data += _decoded(self._rest)
        self._rest = ""
        return bytes(self._data)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadResponseError("a medium of the answer is not base64") from None


def wav(samples: bytes, rate: int) -> bytes:
    """A WAV file of bare samples: 16 bits, little-endian, one channel. A last half sample is dropped."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples[: len(samples) // 2 * 2])
    return made.getvalue()
