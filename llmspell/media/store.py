"""The media of one run, outside of the sandbox. A script holds handles, which name them by content.

Nothing that reads a format is imported before there is a medium: every run that asks a model makes a store.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from llmspell.content import MediaContent
from llmspell.errors import InvalidArgument, InvalidMedia, UsageError
from llmspell.settings import MediaSettings
from llmspell.types import RawMedia

if TYPE_CHECKING:
    from llmspell.access.files import Files
    from llmspell.access.web import Web
    from llmspell.media.outgoing import Outgoing

Rehearse = Callable[[str, Mapping[str, Any]], None]
"""Is told of what would be done: its name and arguments."""
MAX_COUNT: Final = 500
"""Each that is not small holds an open file, and a process usually has 1,024."""
MAX_FILENAME: Final = 255
"""Characters of a name that a script gives."""
MAX_AT_ONCE: Final = 31 * 1024 * 1024
"""Bytes of one medium that go into a script: what one message to it holds."""
PIECE: Final = 1 << 20


class MediaStore:
    """Media by the SHA-256 of their bytes; the same content is held once. `base` is where the folders of [media] are
    relative to, `environ` where its credentials are. With `rehearse`, a dry run's, nothing is saved or downloaded: it
    is told what would be. Used on several threads at once."""

    def __init__(
        self,
        settings: MediaSettings | None = None,
        base: Path | None = None,
        environ: Mapping[str, str] = MappingProxyType({}),
        *,
        rehearse: Rehearse | None = None,
    ) -> None:
        self._settings = settings if settings is not None else MediaSettings()
        self._base = base if base is not None else Path()
        self._environ = environ
        self._rehearse = rehearse
        self._kept: dict[str, MediaContent] = {}
        self._size = 0
        self._lock = threading.Lock()
        self._loading = threading.Lock()

    # ---- for scripts ----

    def create(self, payload: Any) -> Mapping[str, Any]:
        """{bytes, filename?} or {base64, filename?} -> what a handle shows. Immediate."""
        fields = payload if isinstance(payload, dict) else {}
        filename = fields.get("filename")
        if filename is not None and (not isinstance(filename, str) or len(filename) > MAX_FILENAME):
            raise InvalidArgument(f"field 'filename': text of at most {MAX_FILENAME} characters expected")
        data = _decoded(fields["base64"]) if "base64" in fields else _as_bytes(fields.get("bytes"))
        where = "Media.from_base64" if "base64" in fields else "Media.from_bytes"
        return self._keep([data], filename=filename, where=where).described()

    def content(self, digest: Any) -> bytes:
        """The bytes of a handle. Immediate."""
        medium = self.resolve({"sha256": digest})
        if medium.size > MAX_AT_ONCE:
            raise InvalidArgument(
                f"media:bytes: this has {medium.size >> 20:,} MB, and {MAX_AT_ONCE >> 20} MB at most go into a script",
                hint="an agent and media:save take the medium itself; its bytes need not be in the script for that",
            )
        return medium.blob.read()

    def resolve(self, handle: Any) -> MediaContent:
        """The medium that a script's handle stands for; only its `sha256` and `filename` count. Raises InvalidMedia for
        none."""
        fields = handle if isinstance(handle, dict) else {}
        digest, filename = fields.get("sha256"), fields.get("filename")
        found = self._kept.get(digest) if isinstance(digest, str) else None
        if found is None:
            raise InvalidMedia("there is no such medium in this run")
        return found if not isinstance(filename, str) else _named(found, filename)

    async def load(self, path: Any) -> Mapping[str, Any]:
        """From a granted folder, or by http or https from a granted host."""
        source = _as_path("Media.load", path)
        if "://" not in source:
            return (await asyncio.to_thread(self._load, source)).described()
        if self._rehearse is not None:
            self._rehearse("Media.load", {"url": source})
            return self._keep([b"[dry run: the medium was not loaded]"]).described()
        raw = await self._web.download(source)
        filename = source.partition("?")[0].partition("#")[0].rpartition("/")[2][:MAX_FILENAME]
        kept = await asyncio.to_thread(
            self._keep, [raw.data], filename=filename or None, mime=raw.mime, where="Media.load"
        )
        return kept.described()

    async def save(self, payload: Any) -> None:
        """{sha256, path}: write the medium into a folder that is granted for writing."""
        fields = payload if isinstance(payload, dict) else {}
        medium, path = self.resolve({"sha256": fields.get("sha256")}), _as_path("media:save", fields.get("path"))
        if self._rehearse is not None:
            self._rehearse("media:save", {"path": path, "mime": medium.mime, "size": medium.size})
            return
        try:
            await asyncio.to_thread(self._files.write_pieces, path, medium.blob.pieces(PIECE))
        except InvalidArgument as error:
            if error.details.get("reason") in ("too_large", "too_much"):
                error.hint = "`total_size` under [media] says how much a run may save"
            raise

    # ---- for the host ----

    def take(self, raw: RawMedia, of: str = "the answer") -> MediaContent:
        """Check and keep what a server or a tool gave; `of` says in messages where it is from. Raises InvalidMedia."""
        return self._keep([raw.data], mime=raw.mime, where=f"a medium of {of}")

    def attach(self, path: str) -> MediaContent:
        """Check and keep a file that the user names. Raises UsageError for one that cannot be read; InvalidMedia."""
        try:
            with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise UsageError(f"{path} is not a regular file, so it cannot be attached")
                return self._keep(self._pieces(file.fileno()), filename=Path(path).name)
        except FileNotFoundError:
            raise UsageError(f"there is no file {path} to attach") from None
        except OSError as error:
            raise UsageError(f"{path} cannot be attached: {error.strerror or error}") from None

    def prepare(self, medium: MediaContent, limit: int | None, side: int | None = None) -> MediaContent:
        """What of it is sent, to a model that takes at most `limit` bytes of its type, and images of at most `side`
        pixels in width and height. Blocking."""
        return self._outgoing.prepare(medium, limit, side)

    # ---- the parts ----

    @cached_property
    def _outgoing(self) -> Outgoing:
        from llmspell.media.outgoing import Outgoing

        return Outgoing(self._settings)

    @cached_property
    def _web(self) -> Web:
        from llmspell.access.web import Web

        return Web(self._settings, self._environ, name="Media.load", section="[media]")

    @property
    def _files(self) -> Files:
        with self._lock:  # one for the run: it counts what is written
            return self._granted

    @cached_property
    def _granted(self) -> Files:
        from llmspell.access.files import Files
        from llmspell.access.granted import Granted
        from llmspell.access.roots import roots

        granted = Granted(roots(self._settings.roots, self._base), "Media", "media", InvalidArgument)
        total = self._settings.total_bytes
        return Files(granted, max_file=total, max_written=total)

    def _load(self, path: str) -> MediaContent:
        with self._files.open(path) as file, self._loading:  # one at a time is on disk that may be too much
            return self._keep(self._pieces(file), filename=path.rpartition("/")[2], where="Media.load")

    def _pieces(self, file: int) -> Iterator[bytes]:
        """A file's bytes, and not many more than any type may have."""
        limits = self._settings.max_size
        left = max(limits.text, limits.image, limits.audio, limits.video, limits.binary) + 1
        while left > 0 and (piece := os.read(file, min(PIECE, left))):
            left -= len(piece)
            yield piece

    def _keep(
        self, pieces: Iterable[bytes], *, filename: str | None = None, mime: str = "", where: str = ""
    ) -> MediaContent:
        from llmspell.media.blobs import keep
        from llmspell.media.inspect import inspect

        blob = keep(pieces)
        known = self._kept.get(blob.sha256)
        medium = inspect(known.blob if known else blob, self._settings, filename=filename, mime=mime, where=where)
        with self._lock:
            if blob.sha256 not in self._kept:
                total = self._size + blob.size
                if problem := self._too_much(total, len(self._kept) + 1):
                    raise problem
                self._kept[blob.sha256] = replace(medium, filename=None)
                self._size = total
        return medium

    def _too_much(self, size: int, count: int) -> InvalidMedia | None:
        """The error for one more medium, with which there are so many and so many bytes."""
        forever = "a medium is held until the run ends, whether the script still uses it or not"
        details = {"reason": "too_much"}
        if count > MAX_COUNT:
            hint = f"{forever}; split the work over several runs"
            return InvalidMedia(f"the run holds {MAX_COUNT:,} media, which is the most", hint=hint, details=details)
        limit = self._settings.total_bytes
        if size > limit:
            message = f"the media of the run would have {size:,} bytes together, and may have {limit:,}"
            hint = f"{forever}; `total_size` under [media] says how much"
            return InvalidMedia(message, hint=hint, details=details)
        return None


def _named(medium: MediaContent, filename: str) -> MediaContent:
    from llmspell.media.inspect import clean_name

    return replace(medium, filename=clean_name(filename))


def _as_path(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{where}: a path that is UTF-8 text expected")
    return value


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
