"""Patterns of hosts, and what is public: pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.access.addresses import not_public, parse_ipv4
from llmspell.access.hosts import Hosts, problem_of
from llmspell.access.urls import joined, parse_authority, parse_url
from llmspell.errors import UsageError


@pytest.mark.parametrize(
    ("pattern", "granted", "others"),
    [
        ("api.test", "api.test:80 API.test.:443", "api.test:8080 x.api.test:80 xapi.test:80"),
        ("API.Test.", "api.test:443", "test:443"),
        ("api.test:8443", "api.test:8443", "api.test:443 api.test:80"),
        ("*.api.test", "x.api.test:80 y.x.api.test:443", "api.test:80 xapi.test:80 x.api.test:81"),
        ("*.api.test:81", "x.api.test:81", "x.api.test:80"),
        ("*", "any.test:80 host:443 8.8.8.8:80 [2606:4700::1111]:443", "any.test:81"),
        ("*:81", "any.test:81 8.8.8.8:81", "any.test:80"),
        ("bücher.test", "xn--bcher-kva.test:80 BÜCHER.test:80", "bucher.test:80"),
        ("127.0.0.1", "127.0.0.1:80 0x7f.1:443 [::ffff:127.0.0.1]:80", "127.0.0.2:80 localhost:80 127.0.0.1:81"),
        ("127.0.0.1:81", "127.1:81", "127.0.0.1:80"),
        ("10.1.0.0/16", "10.1.2.3:80", "10.2.0.1:80"),
        ("10.1.0.0/16:81", "10.1.2.3:81", "10.1.2.3:80"),
        ("::1", "[::1]:80", "[::2]:80 127.0.0.1:80"),
        ("[::1]:81", "[0::1]:81", "[::1]:80"),
        ("fd00::/8", "[fd12::1]:443", "[fc00::1]:443"),
        ("[fd00::/8]:81", "[fd12::1]:81", "[fd12::1]:80"),
    ],
)
def test_a_pattern_grants_what_it_says(pattern: str, granted: str, others: str) -> None:
    assert problem_of(pattern) == ""
    hosts = Hosts([pattern])
    for expected, places in ((True, granted), (False, others)):
        for place in places.split():
            host, port = parse_authority(place)
            assert port is not None
            assert hosts.grants(host, port) == expected, place


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("", "no host"),
        ("*.", "is written like"),
        ("*x.test", "is written like"),
        ("a.*.test", "is written like"),
        ("http://api.test", "without http://"),
        ("api.test/path", "not a network"),
        ("api.test:", "is written like"),
        ("api.test:0", "no port 0"),
        ("api.test:65536", "no port 65536"),
        ("me@api.test", "not a name"),
        ("a b", "not a name"),
        ("0.0.0.0/0", "too wide"),
        ("::/0", "too wide"),
        ("10.0.0.0/7", "too wide"),
        ("10.1.2.3/16", "not a network"),
        ("1.2.3.4.5", "not an address"),
        ("*.127.0.0.1", "before names only"),
        ("fe80::1%eth0", "not an address"),
        ("::ffff:127.0.0.1", "wraps an IPv4 address"),
        ("[::1", "is written like"),
    ],
)
def test_what_is_no_pattern_is_told(pattern: str, problem: str) -> None:
    assert problem in problem_of(pattern)


def test_a_program_that_grants_what_is_no_pattern_is_told() -> None:
    with pytest.raises(UsageError, match=r"`hosts`: 'http://a\.test' does not name a host"):
        Hosts(["http://a.test"])


def test_only_a_pattern_of_addresses_opens_what_is_not_public() -> None:
    loopback = IPv4Address("127.0.0.1")
    assert Hosts(["*", "localhost"]).objection(loopback, 80) == "loopback"
    assert Hosts(["127.0.0.0/8"]).objection(loopback, 80) == ""
    assert Hosts(["127.0.0.0/8"]).objection(loopback, 81) == "loopback"
    assert Hosts(["*"]).objection(IPv4Address("8.8.8.8"), 80) == ""


PUBLIC = [
    "8.8.8.8",
    "93.184.216.34",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_on_the_public_internet_is_public(text: str) -> None:
    host, _ = parse_authority(f"[{text}]" if ":" in text else text)
    assert isinstance(host, IPv4Address | IPv6Address)
    assert not_public(host) == ""


@given(number=st.integers(0, 2**32 - 1), parts=st.integers(1, 4), data=st.data())
def test_an_ipv4_address_is_the_same_however_it_is_written(number: int, parts: int, data: st.DataObject) -> None:
    address = IPv4Address(number)
    first, last = [number >> 8 * (3 - at) & 255 for at in range(parts - 1)], number & (1 << 8 * (5 - parts)) - 1
    written = [data.draw(st.sampled_from([str(n), hex(n), f"0{n:o}", f"0x0{n:x}"])) for n in (*first, last)]
    assert parse_ipv4(".".join(written)) == address


@given(st.text(max_size=30))
def test_any_text_is_a_url_with_one_reading_or_none(text: str) -> None:
    for candidate in (text, f"http://{text}", f"http://a.test/{text}", f"http://a.test:1{text}"):
        try:
            url = parse_url(candidate)
        except ValueError:
            continue
        assert parse_url(str(url)) == url
        assert str(url).isascii()
        assert str(url).isprintable()


@given(st.text(max_size=20))
def test_any_reference_leads_to_one_place_or_none(text: str) -> None:
    base = parse_url("http://a.test/b/c?d")
    try:
        url = joined(base, text)
    except ValueError:
        return
    assert parse_url(str(url)) == url
