"""IP addresses: every way in which people write one, and whether everybody on the internet can reach it. Pure.

What counts as public is a table of our own: the standard library's answer differs between versions of Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from types import MappingProxyType
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NOT_PUBLIC: Final[Mapping[Network, str]] = MappingProxyType(
    {
        ip_network(network): what
        for network, what in {
            "127.0.0.0/8": "loopback",
            "::1/128": "loopback",
            "0.0.0.0/32": "unspecified",
            "::/128": "unspecified",
            "0.0.0.0/8": "of this network only",
            "10.0.0.0/8": "private",
            "172.16.0.0/12": "private",
            "192.168.0.0/16": "private",
            "fc00::/7": "private",  # with the metadata of AWS and Google, fd00:ec2::254 and fd20:ce::254
            "fec0::/10": "private",
            "169.254.0.0/16": "link-local, where clouds keep their metadata",
            "fe80::/10": "link-local",
            "100.64.0.0/10": "shared by a carrier's customers",  # with the metadata of Alibaba, 100.100.100.200
            "168.63.129.16/32": "a cloud's metadata",  # of Azure
            "192.0.0.0/24": "reserved",  # with the metadata of Oracle, 192.0.0.192
            "192.0.2.0/24": "for documentation",
            "198.51.100.0/24": "for documentation",
            "203.0.113.0/24": "for documentation",
            "2001:db8::/32": "for documentation",
            "3fff::/20": "for documentation",
            "192.88.99.0/24": "reserved",
            "198.18.0.0/15": "for benchmarks",
            "224.0.0.0/4": "multicast",
            "ff00::/8": "multicast",
            "255.255.255.255/32": "broadcast",
            "240.0.0.0/4": "reserved",
            "64:ff9b:1::/48": "a local translation to IPv4",
            "2001::/23": "reserved",  # with Teredo, which embeds an address of a relay
        }.items()
    }
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_EMBEDDING: Final = (
    (IPv6Network("64:ff9b::/96"), 0, "NAT64"),
    (IPv6Network("2002::/16"), 80, "6to4"),
)
"""Networks whose addresses hold an IPv4 address, how many bits stand behind it, and what that is called."""
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+")


def not_public(address: Address) -> str:
    """What an address is that is not on the public internet, in a word or two; "" for one that is."""
    if isinstance(address, IPv6Address):
        for embedding, behind, name in _EMBEDDING:
            if address in embedding:
                what = not_public(IPv4Address(int(address) >> behind & 0xFFFFFFFF))
                return what and f"{what}, by {name}"
    for network, what in NOT_PUBLIC.items():
        if address in network:
            return what
    return "reserved" if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST else ""


def parse_ipv4(text: str) -> IPv4Address | None:
    """An address as browsers and C libraries read it: 1 to 4 numbers, decimal, octal (0...) or hexadecimal (0x...), the
    last one filling what is left. None where the last part is no number, and so is a name. Raises ValueError."""
    parts = text.split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) and len(part) <= 32 for part in parts):
        raise ValueError("it ends in a number and is not an address")
    *first, last = map(_number, parts)
    if any(number > 255 for number in first) or last >= 256 ** (4 - len(first)):
        raise ValueError("a number in it is too large for an address")
    return IPv4Address(sum(number << 8 * (3 - at) for at, number in enumerate(first)) + last)


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    if len(text) > 1 and text.startswith("0"):
        if not set(text) <= set("01234567"):
            raise ValueError("a number in it begins with 0 and is not octal")
        return int(text, 8)
    return int(text)


def parse_ipv6(text: str) -> Address:
    """An IPv6 address without its brackets; one that only wraps an IPv4 address is that. Raises ValueError."""
    if "%" in text:
        raise ValueError("an address with a zone means another machine on every machine")
    try:
        return plain(IPv6Address(text))
    except ValueError:
        raise ValueError("this is not an IPv6 address") from None


def plain(address: Address) -> Address:
    """The same, as IPv4 where it is IPv4 in the form of IPv6."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def parse_address(text: str) -> Address:
    """What a system or a resolver gives. Raises ValueError."""
    return plain(ip_address(text.partition("%")[0]))
