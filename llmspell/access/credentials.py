"""Secrets that a manifest attaches to requests: read from the environment when a request is made, and taken out of
everything that comes back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from llmspell.access.addresses import not_public
from llmspell.access.failures import failure
from llmspell.access.hosts import Pattern, granted, parse_pattern
from llmspell.access.urls import Url
from llmspell.errors import DeniedError
from llmspell.settings import Credential

HIDDEN: Final = "[secret]"


def problem_of(host: str) -> str:
    """What is wrong with the host of a credential, or "": a secret belongs to one host, and not to many."""
    try:
        pattern = parse_pattern(host)
    except ValueError as error:
        return f"does not name a host: {error}"
    network = pattern.network
    many = pattern.beneath or (network is not None and network.num_addresses > 1)
    return "must name one host, not many" if many else ""


class Credentials:
    """Of one grant. `environ` is looked at anew for each request."""

    def __init__(self, credentials: tuple[Credential, ...], environ: Mapping[str, str]) -> None:
        self._entries: list[tuple[Pattern, Credential]] = [(granted(entry.host), entry) for entry in credentials]
        self._environ = environ

    def headers(self, url: Url) -> dict[str, str]:
        """What is attached to a request, by lower-case name. Raises ToolError for a secret that is missing or cannot be
        sent, and DeniedError for one that everybody on the way could read."""
        found = {}
        for pattern, entry in self._entries:
            if pattern.at(url.port) and pattern.matches(url.host):
                if url.scheme != "https" and (isinstance(url.host, str) or not not_public(url.host)):
                    raise DeniedError(
                        f"the credential for {entry.host} is not sent over http, where others could read it",
                        hint="ask for the same by https",
                    )
                found[entry.header.lower()] = entry.prefix + self._secret(entry)
        return found

    def scrubbed(self, value: Any) -> Any:
        """Plain data or bytes, with HIDDEN where a secret stood."""
        return _scrubbed(value, [secret for _, entry in self._entries if (secret := self._value(entry))])

    def _value(self, entry: Credential) -> str:
        return self._environ.get(entry.env, "").strip()

    def _secret(self, entry: Credential) -> str:
        value = self._value(entry)
        if not value:
            raise failure(
                "credential",
                f"the environment variable {entry.env} is not set, and the credential for {entry.host} is read from it",
            )
        if not (value.isascii() and value.isprintable()):  # it would break the header, and the message would show it
            raise failure(
                "credential",
                f"the environment variable {entry.env} holds characters that a header cannot hold",
                hint="a line break or a quotation mark may have been copied with the secret",
            )
        return value


def _scrubbed(value: Any, secrets: list[str]) -> Any:
    if not secrets:
        return value
    match value:
        case str():
            for secret in secrets:
                value = re.sub(re.escape(secret), HIDDEN, value, flags=re.IGNORECASE)  # host names come in lower case
        case bytes():
            for secret in secrets:
                value = re.sub(re.escape(secret.encode()), HIDDEN.encode(), value, flags=re.IGNORECASE)
        case dict():
            return {_scrubbed(key, secrets): _scrubbed(item, secrets) for key, item in value.items()}
        case list():
            return [_scrubbed(item, secrets) for item in value]
    return value
