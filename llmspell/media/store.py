"""The media of one run: their bytes by content, outside of the sandbox. A script holds handles, which name them.

What a file really is (an image, its width) is not looked at yet: every medium is "binary".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from llmspell.errors import DeniedError, InvalidArgument, InvalidMedia

MAX_BYTES: Final = 64 * 1024 * 1024
"""Of all media of a run together: a script can make them without spending memory of its own."""
MAX_COUNT: Final = 1_000
MAX_FILENAME: Final = 255


class MediaStore:
    """Bytes by their SHA-256; the same content is held once."""

    def __init__(self) -> None:
        self._content: dict[str, bytes] = {}
        self._size = 0

    def create(self, payload: Any) -> Mapping[str, Any]:
        """{bytes, filename?} or {base64, filename?} -> what a handle shows. Immediate."""
        fields = payload if isinstance(payload, dict) else {}
        filename = fields.get("filename")
        if filename is not None and (not isinstance(filename, str) or len(filename) > MAX_FILENAME):
            raise InvalidArgument(f"field 'filename': text of at most {MAX_FILENAME} characters expected")
        data = _decoded(fields["base64"]) if "base64" in fields else _as_bytes(fields.get("bytes"))
        digest = sha256(data).hexdigest()
        if digest not in self._content:
            needed = self._size + len(data)
            if needed > MAX_BYTES or len(self._content) >= MAX_COUNT:
                raise InvalidMedia(f"the run holds too many media: {MAX_COUNT:,}, or {MAX_BYTES >> 20} MB, at most")
            self._content[digest] = data
            self._size = needed
        return {
            "type": "binary",
            "format": "binary",
            "mime": "application/octet-stream",
            "size": len(data),
            "sha256": digest,
            "metadata": {} if filename is None else {"filename": filename},
        }

    def content(self, digest: Any) -> bytes:
        """The bytes of a handle. Immediate."""
        found = self._content.get(digest) if isinstance(digest, str) else None
        if found is None:
            raise InvalidMedia("there is no such medium in this run")
        return found

    async def load(self, path: Any) -> Mapping[str, Any]:
        raise _denied("Media.load", path)

    async def save(self, payload: Any) -> None:
        raise _denied("media:save", payload.get("path") if isinstance(payload, dict) else None)


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
