"""API keys and configured headers: read when a request is made, checked before anything is sent, and kept nowhere."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import NamedTuple

from llmspell.errors import ProviderAuthError, UsageError
from llmspell.settings import ProviderSettings

FRAMING = frozenset(
    {"host", "content-type", "content-length", "content-encoding", "transfer-encoding", "accept-encoding", "connection"}
)
"""Headers that say how a request is written, which the manifest cannot know."""
_TOKEN = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")
_SECRET_WORDS = ("auth", "key", "token", "secret", "cookie", "password")


class Key(NamedTuple):
    """A key and the variable it came from; both empty where none is to be sent."""

    value: str
    env: str

    def __repr__(self) -> str:
        return f"Key(env={self.env!r})"


def key_variable(settings: ProviderSettings, vendor_env: str) -> str:
    """The variable that the key is read from; "" where no key is sent. `vendor_env` is what the vendor's own tools
    read: it is used only for the vendor's own address, so that no other server is ever sent that key unasked."""
    return settings.api_key_env or (vendor_env if settings.base_url is None else "")


def read_key(settings: ProviderSettings, environ: Mapping[str, str], vendor_env: str) -> Key:
    """The key for one request. Raises ProviderAuthError where a key is needed and is missing or cannot be one."""
    env = key_variable(settings, vendor_env)
    if not env:
        return Key("", "")
    value = environ.get(env, "").strip()
    if not value:
        raise ProviderAuthError(
            f"the environment variable {env} is not set, and the API key is read from it",
            hint=f"set {env}, or name another variable with `api_key_env` under [providers.{settings.name}]",
        )
    if not (value.isascii() and value.isprintable()):  # it would break the header, and the message would show it
        raise ProviderAuthError(
            f"the environment variable {env} holds characters that no API key has",
            hint="a line break or a quotation mark may have been copied with the key",
        )
    return Key(value, env)


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
