"""API keys and configured headers: read when a request is made, checked before anything is sent, and kept nowhere."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import NamedTuple

from llmspell.errors import UsageError
from llmspell.providers.key_sources import SOURCES, Source, read
from llmspell.settings import ProviderSettings

FRAMING = frozenset(
    {"host", "content-type", "content-length", "content-encoding", "transfer-encoding", "accept-encoding", "connection"}
)
"""Headers that say how a request is written, which the manifest cannot know."""
_TOKEN = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")
_SECRET_WORDS = ("auth", "key", "token", "secret", "cookie", "password")


class Key(NamedTuple):
    """A key and where it was read; "" and None where none is to be sent."""

    value: str
    source: Source | None

    def __repr__(self) -> str:
        return f"Key(source={self.source!r})"


def key_source(settings: ProviderSettings, vendor_env: str) -> Source | None:
    """Where the key is; None where no key is sent. `vendor_env` is what the vendor's own tools read: it is used only
    for the vendor's own address, so that no other server is ever sent that key unasked."""
    for name in SOURCES:
        if place := getattr(settings, name):
            return Source(name, place)
    return Source("api_key_env", vendor_env) if vendor_env and settings.base_url is None else None


def read_key(settings: ProviderSettings, environ: Mapping[str, str], vendor_env: str) -> Key:
    """The key for one request. Raises ProviderAuthError where a key is needed and is missing or cannot be one."""
    source = key_source(settings, vendor_env)
    return Key("" if source is None else read(source, environ, settings.name), source)


def check_headers(settings: ProviderSettings) -> None:
    """Raises UsageError for a configured header that cannot be sent; its value is not shown."""
    for name, value in settings.headers.items():
        problem = ""
        if not name or not _TOKEN.issuperset(name):
            problem = "is not a header name"
        elif name.lower() in FRAMING:
            problem = "is set by llmspell itself"
        elif not (value.isascii() and value.isprintable()):
            problem = "has a value with characters that a header cannot hold"
        if problem:
            raise UsageError(f"provider '{settings.name}': the header {name[:60]!r} {problem}")


def secrets(settings: ProviderSettings, key: Key) -> tuple[str, ...]:
    """What must not appear in an error: the key, and the values of headers whose name suggests one."""
    named = (v for k, v in settings.headers.items() if any(word in k.lower() for word in _SECRET_WORDS))
    parts = (part for value in named for part in (value, value.rpartition(" ")[2]))  # "Bearer KEY": KEY too
    return tuple(dict.fromkeys(filter(None, (key.value, *parts))))
