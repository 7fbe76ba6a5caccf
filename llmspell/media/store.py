"""The media of one run, outside of the sandbox. A script holds handles, which name them by content.

What a file really is (an image, its width) is not looked at yet: every medium is "binary".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from llmspell.content import MediaContent
from llmspell.errors import DeniedError, InvalidArgument, InvalidMedia
from llmspell.media.blobs import InMemory
from llmspell.types import RawMedia

MAX_BYTES: Final = 64 * 1024 * 1024
"""Of all media of a run together: a script can make them without spending memory of its own."""
MAX_COUNT: Final = 1_000
MAX_FILENAME: Final = 255


class MediaStore:
    """Media by the SHA-256 of their bytes; the same content is held once."""

    def __init__(self) -> None:
        self._kept: dict[str, MediaContent] = {}
        self._size = 0

    def create(self, payload: Any) -> Mapping[str, Any]:
        """{bytes, filename?} or {base64, filename?} -> what a handle shows. Immediate."""
        fields = payload if isinstance(payload, dict) else {}
        filename = fields.get("filename")
        if filename is not None and (not isinstance(filename, str) or len(filename) > MAX_FILENAME):
            raise InvalidArgument(f"field 'filename': text of at most {MAX_FILENAME} characters expected")
        data = _decoded(fields["base64"]) if "base64" in fields else _as_bytes(fields.get("bytes"))
        return self._keep(data, filename).described()

    def content(self, digest: Any) -> bytes:
        """The bytes of a handle. Immediate."""
        return self.resolve({"sha256": digest}).blob.read()

    def resolve(self, handle: Any) -> MediaContent:
        """The medium that a script's handle stands for; only its `sha256` counts. Raises InvalidMedia for none."""
        digest = handle.get("sha256") if isinstance(handle, dict) else None
        found = self._kept.get(digest) if isinstance(digest, str) else None
        if found is None:
            raise InvalidMedia("there is no such medium in this run")
        return found

    def take(self, raw: RawMedia) -> MediaContent:
        """Check and keep what a server or a tool gave. Raises InvalidMedia."""
        return self._keep(raw.data, None)

    async def load(self, path: Any) -> Mapping[str, Any]:
        raise _denied("Media.load", path)

    async def save(self, payload: Any) -> None:
        raise _denied("media:save", payload.get("path") if isinstance(payload, dict) else None)

    def _keep(self, data: bytes, filename: str | None) -> MediaContent:
        blob = InMemory(data)
        known = self._kept.get(blob.sha256)
        if known is not None:
            return known
        needed = self._size + len(data)
        if needed > MAX_BYTES or len(self._kept) >= MAX_COUNT:
            raise InvalidMedia(f"the run holds too many media: {MAX_COUNT:,}, or {MAX_BYTES >> 20} MB, at most")
        medium = MediaContent(
            type="binary", format="binary", mime="application/octet-stream", blob=blob, filename=filename
        )
        self._kept[blob.sha256] = medium
        self._size = needed
        return medium


def _denied(what: str, path: Any) -> DeniedError:
    return DeniedError(
        f"{what}: no folder and no host is granted to media, so '{str(path)[:200]}' is out of reach",
        hint="read files with the tool file_reader, and grant it a folder under [tools.file_reader]",
    )


def _as_bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise InvalidArgument("a string of bytes expected")


def _decoded(text: Any) -> bytes:
    if not isinstance(text, str):
        raise InvalidArgument("Media.from_base64: a string of base64 expected")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidArgument(f"Media.from_base64: this is not base64: {error}") from None
