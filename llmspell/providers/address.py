"""Where a provider's requests go: base_url as written, and what the protocol adds. Pure."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit, urlunsplit

from llmspell.errors import UsageError


class Target(NamedTuple):
    """One request's address. `url` may have a query, `label` never has: it is for messages."""

    url: str
    label: str


class Address(NamedTuple):
    """A server. `host` is host:port for messages; `official` is true for the vendor's own hosts."""

    parts: SplitResult
    host: str
    official: bool

    def target(self, path: str, query: str = "") -> Target:
        """The address of one request; the query of base_url goes first."""
        parts = self.parts
        whole = parts.path + path
        queries = "&".join(filter(None, (parts.query, query)))
        return Target(
            url=urlunsplit((parts.scheme, parts.netloc, whole, queries, "")),
            label=urlunsplit((parts.scheme, parts.netloc, whole, "", "")),
        )


def address(base_url: str | None, *, provider: str, vendor_url: str, prefix: str) -> Address:
    """The rule: a request's path is added to base_url as written, and `prefix` before it when base_url has no path.

    So with the prefix "/v1", "http://h:1/v1" and "http://h:1" are the same, and "http://h:1/api" is another place.
    Without a base_url it is the vendor's. Raises UsageError for what is not an http(s) address, and for one with a user
    name or a password in it.
    """
    text = base_url or vendor_url
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or any(not c.isprintable() or c.isspace() for c in text):
        raise UsageError(
            f"provider '{provider}': base_url is not an http or https address",
            hint=f'write it like base_url = "{vendor_url}"',
        )
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            f"provider '{provider}': base_url holds a user name or a password",
            hint="put the key into an environment variable and name that with `api_key_env`",
        )
    where = f"[{host}]" if ":" in host else host
    vendor = urlsplit(vendor_url).hostname or ""
    return Address(
        parts=parts._replace(path=parts.path.rstrip("/") or prefix),
        host=f"{where}:{port or (443 if parts.scheme == 'https' else 80)}",
        official=host == vendor or host.endswith(f".{vendor}"),
    )
