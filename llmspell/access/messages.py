"""A request and its answer on the web, and what a redirect makes of a request. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmspell.access import fields
from llmspell.access.urls import Url


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`headers` are the script's own, by any spelling of their names."""

    method: str = "GET"
    url: Url
    headers: Mapping[Any, Any]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`headers` by lower-case name, `body` decompressed, `url` where it came from in the end. No secret is in it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def media_type(self) -> str:
        """Such as "text/html"; "" where the server says nothing."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def head(request: Request, attached: Mapping[str, str]) -> list[tuple[str, str]]:
    """The fields that go out; `attached` are the manifest's. Raises as fields.checked."""
    given = fields.checked(request.headers, attached)
    sent = {
        "host": request.url.authority,
        "user-agent": "llmspell",
        "accept": "*/*",
        "accept-encoding": "gzip",
        "connection": "close",
        **given,
        **attached,
    }
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        sent["content-length"] = str(len(request.body))
    return list(sent.items())


def redirected(request: Request, target: Url, status: int) -> Request:
    """The next request. As browsers do it, 303 is asked by GET, and so is what was posted at 301 and 302; what the
    script meant for one host does not follow to another."""
    as_get = request.method != "HEAD" and (status == 303 or (status in (301, 302) and request.method == "POST"))
    same = target.origin == request.url.origin
    return Request(
        method="GET" if as_get else request.method,
        url=target,
        headers={name: value for name, value in request.headers.items() if _follows(name.lower(), same, as_get)},
        body=b"" if as_get else request.body,
    )


def _follows(name: str, same_origin: bool, as_get: bool) -> bool:
    return (same_origin or name in fields.FOR_EVERYBODY) and not (as_get and name.startswith("content-"))
