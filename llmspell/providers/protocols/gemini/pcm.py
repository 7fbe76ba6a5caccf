"""Speech that comes as bare samples ("audio/L16;codec=pcm;rate=24000"), in one piece or many, becomes one WAV file."""

from __future__ import annotations

import re

from llmspell.providers.protocols import media
from llmspell.types import RawMedia

DEFAULT_RATE = 24_000
"""What the vendor's speech models give."""
_RATE = re.compile(r"rate=([0-9]{4,6})\b")


class Samples:
    """The samples of one answer: 16 bits, one channel, the lower byte first."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._rate = DEFAULT_RATE

    def __bool__(self) -> bool:
        return bool(self._data)

    def take(self, medium: RawMedia) -> bool:
        """Whether these are samples; if so, they are kept."""
        if not medium.mime.lower().startswith(("audio/l16", "audio/pcm")):
            return False
        if found := _RATE.search(medium.mime):
            self._rate = int(found[1])
        self._data += medium.data
        return True

    def whole(self) -> RawMedia:
        return RawMedia(data=media.wav(bytes(self._data), self._rate), mime="audio/wav")
