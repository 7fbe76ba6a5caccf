"""Which hosts a manifest grants. Pure.

    api.example.com         this name, at ports 80 and 443
    *.example.org:8443      every name beneath example.org, at this port only
    *                       every name, and every public address
    127.0.0.1:8080          this address
    10.1.0.0/16, [fd00::/8]:80   these networks

A name is granted by a pattern of names. Where it leads is another question: each of its addresses must be public, or be
granted as an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv6Network, ip_network
from typing import Final, NamedTuple

from llmspell.access.addresses import Address, Network, not_public
from llmspell.access.urls import DEFAULT_PORTS, Host, parse_host
from llmspell.errors import UsageError

_PATTERN: Final = re.compile(r"(?:\[([^\[\]]+)\]|(\*(?:\.(?=[^:])|(?=:|$)))?([^*:\[\]]*))(?::([0-9]{1,5}))?")
_WIDEST: Final = {4: 8, 6: 7}
"""Bits of the widest network that can be granted: 10.0.0.0/8 and fc00::/7 are the widest that anybody owns."""


class Pattern(NamedTuple):
    """One entry of `hosts`: a network, or else a name, which with `beneath` stands for all names beneath it; the empty
    one beneath which are all. Without a port it means 80 and 443."""

    network: Network | None
    name: str
    beneath: bool
    port: int | None

    def at(self, port: int) -> bool:
        return port == self.port if self.port is not None else port in DEFAULT_PORTS.values()

    def matches(self, host: Host) -> bool:
        if not isinstance(host, str):
            return self.everything or (self.network is not None and host in self.network)
        if self.network is not None:
            return False
        return self.everything or (host.endswith(f".{self.name}") if self.beneath else host == self.name)

    @property
    def everything(self) -> bool:
        return self.beneath and not self.name


def parse_pattern(text: str) -> Pattern:
    """Raises ValueError, which says what is wrong with it."""
    if text.count(":") > 1 and "[" not in text:
        return Pattern(_network(text), "", False, None)
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError("a host is written like api.example.com:8443, without http:// and without a path")
    bracketed, star, name, digits = match.groups()
    port = int(digits) if digits else None
    if port is not None and not 0 < port < 65536:
        raise ValueError(f"there is no port {port}")
    if bracketed is not None or "/" in name:
        return Pattern(_network(bracketed or name), "", False, port)
    if star and not name:
        return Pattern(None, "", True, port)
    host = parse_host(name)
    if isinstance(host, str):
        return Pattern(None, host, bool(star), port)
    if star:
        raise ValueError("`*.` stands before names only; a network is written like 10.1.0.0/16")
    return Pattern(ip_network(host), "", False, port)


def _network(text: str) -> Network:
    try:
        network = ip_network("" if "%" in text else text)  # a zone means another machine on every machine
    except ValueError:
        raise ValueError("it is not an address, and not a network such as 10.1.0.0/16") from None
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
        raise ValueError("it wraps an IPv4 address, which is to be written as such")
    if network.prefixlen < _WIDEST[network.version]:
        raise ValueError("it is too wide: * grants what is public, and private networks are granted one by one")
    return network


def problem_of(text: str) -> str:
    """What is wrong with a pattern, or ""."""
    try:
        parse_pattern(text)
    except ValueError as error:
        return f"does not name a host: {error}"
    return ""


def granted(text: str) -> Pattern:
    """A pattern of a grant. Raises UsageError: a manifest's have been looked at before, a program's have not."""
    if problem := problem_of(text):
        raise UsageError(f"`hosts`: '{text[:100]}' {problem}")
    return parse_pattern(text)


class Hosts:
    """All patterns of one grant."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(map(granted, patterns))

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def grants(self, host: Host, port: int) -> bool:
        return any(pattern.at(port) and pattern.matches(host) for pattern in self._patterns)

    def objection(self, address: Address, port: int) -> str:
        """What speaks against connecting to an address: "" where it is public or granted by itself."""
        what = not_public(address)
        granted = any(p.network is not None and p.at(port) and address in p.network for p in self._patterns)
        return "" if granted else what
