"""What of a medium goes to a provider: without its metadata, upright, and small enough where the manifest wants that.
A script's handle stays what was loaded; what is sent is made from it, once for all of its requests.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import Final

from llmspell.content import ImageMetadata, MediaContent
from llmspell.errors import InvalidMedia
from llmspell.media.blobs import Joined
from llmspell.media.kinds import KINDS
from llmspell.media.transform import called, scale, shrunk, upright
from llmspell.media.window import Window
from llmspell.settings import MediaSettings

MAX_KEPT: Final = 64
"""Prepared media that are kept for the next request. Of most, that is a list of ranges."""


class Outgoing:
    """Prepares the media of one run's requests. Blocking; on any thread."""

    def __init__(self, settings: MediaSettings) -> None:
        self._settings = settings
        self._made: OrderedDict[tuple[str, int | None, int | None], MediaContent] = OrderedDict()
        self._lock = threading.Lock()

    def prepare(self, medium: MediaContent, limit: int | None, side: int | None = None) -> MediaContent:
        """`limit` is the most that the model takes of its type, in bytes, `side` the most pixels of an image's width
        and height; what cannot be brought below them is given as it is. Raises InvalidMedia for what turns out not to
        be whole."""
        key = medium.sha256, limit, side
        with self._lock:
            made = self._made.get(key)
        if made is None:
            made = self._stripped(medium) if self._settings.strip_metadata else medium
            if self._settings.resize and medium.type == "image" and scale(made, limit, side) < 1:
                made = _fitting(self._stripped(medium), limit, side)  # which way up it is stands in the metadata
            with self._lock:
                self._made[key] = made
                if len(self._made) > MAX_KEPT:
                    self._made.popitem(last=False)
        named = made.filename is None or made.format == medium.format
        return replace(made, filename=medium.filename) if named else made

    def _stripped(self, medium: MediaContent) -> MediaContent:
        kind = KINDS.get(medium.format)
        if kind is None or not kind.parser:
            return medium
        window = Window(medium.blob, f"{called(medium)} is {kind.label}")
        if kind.format == "tiff":
            return upright(medium, 1, self._settings.max_pixels)  # Pillow turns a TIFF while it reads it
        if not kind.strips:
            return medium
        stripped = replace(medium, blob=Joined(medium.blob, kind.kept(window)))
        if kind.format in ("jpeg", "png", "webp") and isinstance(medium.metadata, ImageMetadata):
            turn = kind.function("orientation")(window)
            if turn != 1 and medium.metadata.frames == 1:  # frames of an animation would have to be turned one by one
                return upright(stripped, turn, self._settings.max_pixels)
        return stripped


def _fitting(medium: MediaContent, limit: int | None, side: int | None) -> MediaContent:
    try:
        return shrunk(medium, limit, side)
    except InvalidMedia as error:
        if error.details.get("reason") == "too_large":  # the caller says what it is too large for
            return medium
        raise
