"""Addresses on the web: from a text to exactly one host, one port and one path, or a reason why not. Pure.

There is one reading of a URL here, and requests are made from its parts, never from the text again. What two programs
could read in two ways is refused: backslashes, white space, user names, and everything that is not http or https.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode, urljoin

from llmspell.access.addresses import Address, parse_ipv4, parse_ipv6

MAX_URL: Final = 8 * 1024
"""Characters; servers take 8 KB in the first line of a request."""
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

Host = str | Address
"""A name in lower case without its last dot, in ASCII; or an address."""

_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?")
_AUTHORITY: Final = re.compile(r"(?:\[([^\[\]]*)\]|([^:\[\]]*))(?::([0-9]{1,5})?)?")
_NAME: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_KEPT: Final = "%/:@!$&'()*+,;=-._~"


class Url(NamedTuple):
    """One place on the web. `target` is path and query, in ASCII, as they go into the request."""

    scheme: str
    host: Host
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The host, and the port where it is not the usual one: the Host header's value."""
        return shown_host(self.host) + ("" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}")

    @property
    def origin(self) -> tuple[str, Host, int]:
        return self.scheme, self.host, self.port

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    def with_query(self, pairs: list[tuple[str, str]]) -> Url:
        """With these behind the query that it has."""
        if not pairs:
            return self
        joined = self._replace(target=self.target + ("&" if "?" in self.target else "?") + urlencode(pairs))
        if len(str(joined)) > MAX_URL:
            raise ValueError(f"with its query it is longer than {MAX_URL:,} characters")
        return joined


def shown_host(host: Host) -> str:
    return f"[{host}]" if ":" in str(host) else str(host)


def parse_url(text: str) -> Url:
    """Raises ValueError, which says what is wrong and goes on from "the URL '...': "."""
    if len(text) > MAX_URL:
        raise ValueError(f"it is longer than {MAX_URL:,} characters")
    if "\\" in text or any(not char.isprintable() or char.isspace() for char in text):
        raise ValueError("it has a backslash, white space or a character that cannot be seen")
    match = _URL.fullmatch(text)
    if match is None:
        raise ValueError("it does not begin with http:// or https:// and a host")
    scheme, authority, path, query = match.groups(default="")
    scheme = scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise ValueError(f"only http and https are spoken, not {scheme}")
    if "@" in authority:
        raise ValueError("it holds a user name or a password, or looks as if it did")
    host, port = parse_authority(authority)
    target = quote(path or "/", safe=_KEPT) + quote(query, safe=_KEPT + "?")
    return Url(scheme, host, port or DEFAULT_PORTS[scheme], target)


def joined(base: Url, reference: str) -> Url:
    """Where a reference leads that was read at `base`. Raises ValueError."""
    if len(reference) > MAX_URL or any(not char.isprintable() for char in reference):
        raise ValueError("it is too long, or has characters that cannot be seen")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", reference):
        return parse_url(reference)
    if reference.startswith("///"):
        raise ValueError("its host is missing, or stands behind too many slashes")
    return parse_url(urljoin(str(base), reference))


def parse_authority(text: str) -> tuple[Host, int | None]:
    """HOST or HOST:PORT. Raises ValueError."""
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise ValueError("its host and port cannot be read")
    bracketed, name, digits = match.groups()
    port = int(digits) if digits else None
    if port is not None and not 0 < port < 65536:
        raise ValueError(f"there is no port {port}")
    return parse_ipv6(bracketed) if bracketed is not None else parse_host(name), port


def parse_host(text: str) -> Host:
    """A name or an IPv4 address. Raises ValueError."""
    if not text.isascii():
        text = _to_ascii(text)
    name = text.lower().removesuffix(".")
    address = parse_ipv4(name)
    if address is not None:
        return address
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise ValueError("its host is not a name that can be looked up" if name else "it has no host")
    return name


def _to_ascii(name: str) -> str:
    import idna  # its tables take a while to load, and names beyond ASCII are rare

    try:
        return idna.encode(name[:1000], uts46=True, std3_rules=True).decode("ascii")
    except UnicodeError:
        raise ValueError("its host is not a name, by the rules for names beyond ASCII") from None
