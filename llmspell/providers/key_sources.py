"""Where an API key is: in an environment variable, a file, or the system's keyring. It is read anew for every request.

The manifest names the place by `api_key_env`, `api_key_file` or `api_key_keyring`. Nothing here, no error included,
shows a key. The library `keyring` (90 ms, and an extra of the package) is imported only where a manifest names it.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from llmspell.errors import ProviderAuthError
from llmspell.providers.error_body import tidy

MAX_FILE: Final = 16 * 1024
"""Bytes of a key file. The longest keys, which are signed tokens, have some thousands."""
READABLE_BY_OTHERS: Final = 0o077


class Source(NamedTuple):
    """`key` is the manifest's word for the kind of place, `place` what it says."""

    key: str
    place: str

    def __str__(self) -> str:
        """In words, which go on a sentence."""
        return SOURCES[self.key].words.format(self.place)


class Kind(NamedTuple):
    """A kind of place. `short` is its name in JSON output; `there` tells whether there is something, as far as that
    can be told without reading it; `read` gives it, or raises ProviderAuthError."""

    short: str
    words: str
    there: Callable[[str, Mapping[str, str]], bool]
    read: Callable[[str, Mapping[str, str], str], str]


def read(source: Source, environ: Mapping[str, str], provider: str) -> str:
    """The key. Raises ProviderAuthError where it is missing or cannot be one."""
    value = SOURCES[source.key].read(source.place, environ, provider).strip()
    if not value:
        raise ProviderAuthError(f"{source} is empty, and the API key is read from it")
    if not (value.isascii() and value.isprintable()):  # it would break the header, and the message would show it
        raise ProviderAuthError(
            f"{source} holds characters that no API key has",
            hint="a line break or a quotation mark may have been copied with the key",
        )
    return value


def is_there(source: Source, environ: Mapping[str, str]) -> bool:
    """Whether something is there that could be a key, even one that cannot be used."""
    return SOURCES[source.key].there(source.place, environ)


def _is_set(name: str, environ: Mapping[str, str]) -> bool:
    return bool(environ.get(name))


def _from_env(name: str, environ: Mapping[str, str], provider: str) -> str:
    value = environ.get(name, "")
    if not value.strip():
        raise ProviderAuthError(
            f"the environment variable {name} is not set, and the API key is read from it",
            hint=f"set {name}, or name another variable with `api_key_env` under [providers.{provider}]",
        )
    return value


def _from_file(path: str, _environ: Mapping[str, str], provider: str) -> str:
    try:
        # not blocking: a pipe that nobody writes to would be waited for
        file = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a file name"
        raise ProviderAuthError(
            f"the API key cannot be read from the file {path}: {reason}",
            hint=f"`api_key_file` under [providers.{provider}] is relative to the manifest",
        ) from None
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise ProviderAuthError(f"the API key cannot be read from {path}: it is not a file")
        if os.name == "posix" and found.st_mode & READABLE_BY_OTHERS:
            raise ProviderAuthError(
                f"the key file {path} is open to others (mode {stat.S_IMODE(found.st_mode):03o}), and is not read",
                hint=f"run: chmod 600 {shlex.quote(path)}",
            )
        if found.st_size > MAX_FILE:
            raise ProviderAuthError(f"the file {path} is larger than any API key: {found.st_size:,} bytes")
        return os.read(file, MAX_FILE).decode("utf-8-sig", "replace")
    except OSError as error:
        raise ProviderAuthError(f"the API key cannot be read from the file {path}: {error.strerror}") from None
    finally:
        os.close(file)


def _from_keyring(entry: str, _environ: Mapping[str, str], _provider: str) -> str:
    service, _, user = entry.rpartition("/")
    try:
        import keyring
    except ImportError:
        raise ProviderAuthError(
            "the API key is kept in the system's keyring, and the package `keyring` is not installed",
            hint="install llmspell[keyring]",
        ) from None
    try:
        value = keyring.get_password(service, user)
    except Exception as error:  # a backend raises what its system raises
        reason = tidy(str(error), 200) or type(error).__name__
        raise ProviderAuthError(
            f"the system's keyring cannot be read: {reason}", hint="`keyring diagnose` shows what is set up"
        ) from None
    if value is None:
        raise ProviderAuthError(
            f"the system's keyring has no password of the user '{user}' for the service '{service}'",
            hint=f"store the key there: keyring set {shlex.quote(service)} {shlex.quote(user)}",
        )
    return value


SOURCES: Mapping[str, Kind] = MappingProxyType(
    {
        "api_key_env": Kind("variable", "the environment variable {}", _is_set, _from_env),
        "api_key_file": Kind("file", "the file {}", lambda path, _: os.path.isfile(path), _from_file),
        "api_key_keyring": Kind("keyring", "the keyring entry {}", lambda _entry, _environ: False, _from_keyring),
    }
)
