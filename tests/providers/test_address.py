"""Where requests go, from what base_url says."""

from __future__ import annotations

import pytest

from llmspell.errors import UsageError
from llmspell.providers.address import Address, address


def at(base_url: str | None) -> Address:
    return address(base_url, provider="p", vendor_url="https://api.openai.com/v1", prefix="/v1")


@pytest.mark.parametrize(
    ("base_url", "url", "host"),
    [
        (None, "https://api.openai.com/v1/chat/completions", "api.openai.com:443"),
        ("http://h:1", "http://h:1/v1/chat/completions", "h:1"),
        ("http://h:1/", "http://h:1/v1/chat/completions", "h:1"),
        ("http://h:1/v1", "http://h:1/v1/chat/completions", "h:1"),
        ("http://h:1/v1/", "http://h:1/v1/chat/completions", "h:1"),
        ("http://h/api/openai", "http://h/api/openai/chat/completions", "h:80"),
        ("https://[::1]:8/v1", "https://[::1]:8/v1/chat/completions", "[::1]:8"),
        ("https://h/deployments/x?api-version=1", "https://h/deployments/x/chat/completions?api-version=1", "h:443"),
    ],
)
def test_the_path_is_added_to_base_url_and_v1_only_to_a_bare_host(base_url: str | None, url: str, host: str) -> None:
    server = at(base_url)
    target = server.target("/chat/completions")
    assert (target.url, server.host) == (url, host)
    assert target.label == url.partition("?")[0]


def test_a_requests_own_query_comes_after_that_of_base_url() -> None:
    assert at("http://h/v1?a=1").target("/x", "alt=sse").url == "http://h/v1/x?a=1&alt=sse"
    assert at("http://h/v1").target("/x", "alt=sse").url == "http://h/v1/x?alt=sse"


@pytest.mark.parametrize(
    ("base_url", "official"),
    [
        (None, True),
        ("https://eu.api.openai.com/v1", True),
        ("http://localhost:8000", False),
        ("https://api.openai.com.evil.example/v1", False),
        ("https://notapi.openai.com/v1", False),
    ],
)
def test_only_openais_own_hosts_are_official(base_url: str | None, official: bool) -> None:
    assert at(base_url).official is official


@pytest.mark.parametrize(
    "base_url",
    ["localhost:8000", "ftp://h/v1", "http://", "http://h:99999", "http://h:x", "http://[::1", "http://a b/", "h\n"],
)
def test_what_is_not_an_address_is_said_at_once(base_url: str) -> None:
    with pytest.raises(UsageError, match="provider 'p': base_url is not an http or https address"):
        at(base_url)


def test_a_password_in_base_url_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        at("https://me:hunter2@h/v1")
    assert "hunter2" not in caught.value.message + caught.value.hint
