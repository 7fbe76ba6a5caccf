"""The only network code of the providers: one request, its answer as bounded pieces of bytes, every failure our own.

One client a provider, on the event loop that first used it. Nothing is retried, redirects are not followed, cookies
are not kept, and the proxies of the environment are used as httpx understands them. Importing this module imports
httpx (75 ms), so providers import it when the first request is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, NamedTuple

import httpx

from llmspell.errors import (
    BadResponseError,
    ConnectError,
    HostError,
    ProviderError,
    ProviderTimeout,
    RefusedError,
)
from llmspell.providers import faults
from llmspell.providers.body import Body
from llmspell.providers.error_body import tidy
from llmspell.providers.exchange import Answer, Call
from llmspell.settings import ProviderSettings

KEEPALIVE_SECONDS = 4.0
"""Under the idle time after which servers close (node.js: 5 s, nginx: 75 s), or a request meets a closed door."""
KEEPALIVE_CONNECTIONS = 16
"""Idle ones. The pool walks through all of them for every request: starting 500 streams beside 64 idle connections took
4.3 s of CPU, beside 16 it took 1.6 s, beside none 1.4 s. Busy ones have no limit here: runs limit their streams."""
MAX_ERROR_BODY = 64 * 1024
ERROR_BODY_SECONDS = 5.0


class Row(NamedTuple):
    """What an exception becomes. In `sentence`, `{host}` is host:port and `{reason}` what the system said."""

    exception: type[BaseException]
    error: type[ProviderError]
    sentence: str
    within: bool | None = None
    """True: only in the middle of an answer; False: only before it began."""
    says: str = ""
    """Only where the exception's text holds this."""
    retryable: bool | None = None
    hint: str = ""


UNREACHED = "check `base_url`, the network, and the proxy variables of the environment"
BROKEN = "the connection to {host} broke in the middle of the answer: {reason}"
SILENT = "{host} closed the connection without answering"
TABLE = (
    Row(httpx.ConnectTimeout, ConnectError, "connecting to {host} took too long", hint=UNREACHED),
    Row(httpx.PoolTimeout, ConnectError, "no connection to {host} became free"),
    Row(httpx.WriteTimeout, ProviderTimeout, "sending the request to {host} took too long"),
    Row(httpx.TimeoutException, ProviderTimeout, "{host} sent nothing for too long"),
    Row(httpx.ProxyError, ConnectError, "the proxy did not connect to {host}: {reason}", hint=UNREACHED),
    Row(httpx.ConnectError, ConnectError, "could not connect to {host}: {reason}", hint=UNREACHED),
    Row(httpx.NetworkError, BadResponseError, BROKEN, within=True, retryable=True),
    Row(httpx.NetworkError, ConnectError, SILENT, within=False),
    Row(httpx.RemoteProtocolError, BadResponseError, BROKEN, within=True, retryable=True),
    Row(httpx.RemoteProtocolError, ConnectError, SILENT, within=False, says="disconnected"),
    Row(httpx.RemoteProtocolError, BadResponseError, "{host} does not answer in HTTP", hint="check `base_url`"),
    Row(httpx.LocalProtocolError, RefusedError, "the request to {host} is not valid HTTP", hint="check `headers`"),
    Row(httpx.UnsupportedProtocol, RefusedError, "the address of {host} is not http or https", hint=UNREACHED),
    Row(httpx.InvalidURL, RefusedError, "the address of {host} is not valid", hint="check `base_url`"),
    Row(httpx.DecodingError, BadResponseError, "the answer of {host} does not decompress"),
    Row(httpx.TooManyRedirects, BadResponseError, "{host} redirects"),
    Row(httpx.HTTPError, ProviderError, "the request to {host} failed: {reason}"),
    Row(httpx.StreamError, ProviderError, "the answer of {host} was read twice"),
    Row(httpx.CookieConflict, ProviderError, "{host} set conflicting cookies"),
    Row(UnicodeError, ConnectError, "the host name of {host} is not valid", hint="check `base_url`"),
    Row(OSError, BadResponseError, BROKEN, within=True, retryable=True),
    Row(OSError, ConnectError, "could not connect to {host}: {reason}", hint=UNREACHED),
)
"""Every exception that httpx documents and those that can pass through it, the more special first."""
MAPPED = tuple({row.exception for row in TABLE})


def translate(exc: BaseException, *, host: str, within: bool) -> ProviderError:
    """The one place where exceptions of the network become ours; `within` says that the answer had begun."""
    row = next(
        row for row in TABLE if isinstance(exc, row.exception) and row.within in (None, within) and row.says in str(exc)
    )
    return row.error(row.sentence.format(host=host, reason=_reason(exc)), retryable=row.retryable, hint=row.hint)


def _reason(exc: BaseException) -> str:
    """What the system said, which httpx keeps a few exceptions deep: "Connection refused"."""
    said, inner = tidy(str(exc), 200), exc
    for _ in range(12):
        if isinstance(inner, ssl.SSLError | socket.gaierror):  # their numbers are not the system's
            return tidy(inner.strerror or said, 200)
        if isinstance(inner, OSError) and inner.errno is not None:
            return os.strerror(inner.errno)
        if isinstance(inner, BaseExceptionGroup):
            following: BaseException | None = inner.exceptions[0]
        else:
            following = inner.__cause__ or inner.__context__
        if following is None:
            break
        inner = following
    return said or type(exc).__name__


class _Wire:
    """The bytes of one answer as they come."""

    def __init__(self, response: httpx.Response, host: str) -> None:
        self._response = response
        self._host = host
        self._raw = response.aiter_raw()

    async def receive(self) -> bytes:
        try:
            return await anext(self._raw, b"")
        except MAPPED as exc:
            raise translate(exc, host=self._host, within=True) from exc

    async def aclose(self) -> None:
        await self._response.aclose()


class HttpClient:
    """The connections of one provider, opened on the event loop that first uses them."""

    def __init__(self, settings: ProviderSettings) -> None:
        self._settings = settings
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self, call: Call) -> Answer:
        """Sends the request and waits for the status. Raises ProviderError, also for every status but 2xx.

        Connecting has its own time limit. The first token's begins when the request goes out, covers the upload, and
        goes on in the Answer, as does that of the whole.
        """
        loop = asyncio.get_running_loop()
        client = self._running(loop)
        connect = self._settings.connect_timeout_ms / 1000
        first = self._settings.first_token_timeout_ms / 1000
        total = (self._settings.total_timeout_ms or math.inf) / 1000
        began = sent = loop.time()
        end = began + total
        timer = asyncio.timeout_at(min(began + 2 * connect + first, end))  # TCP and TLS have `connect` each, by httpx

        too_long = f"the answer of {call.host} took longer than {total:g} s, the provider's `total_timeout`"

        connected = False

        async def trace(event: str, info: Any) -> None:
            nonlocal sent, connected
            # a proxy is asked to connect by a request of its own
            if event.endswith(".send_request_headers.started") and info["request"].method != b"CONNECT":
                connected, sent = True, loop.time()
                timer.reschedule(min(sent + first, end))

        try:
            request = client.build_request(
                "GET" if call.body is None else "POST",
                call.url,
                content=None if call.body is None else _content(call.body),
                headers=_headers(call),
                extensions={"trace": trace},
            )
            async with timer:
                response = await client.send(request, stream=True)
        except TimeoutError:
            if loop.time() >= end:
                late = too_long
            elif connected:
                late = f"no answer came from {call.host} within {first:g} s"
            else:
                late = f"connecting to {call.host} took too long"
            raise (ProviderTimeout if connected else ConnectError)(late) from None  # only what was sent is billed
        except MAPPED as exc:
            raise translate(exc, host=call.host, within=False) from exc
        try:
            if not response.is_success:
                raise await self._failure(response, call)
            limit = self._settings.max_reply_bytes
            answer = Answer(_Wire(response, call.host), response.headers, host=call.host, limit=limit)
        except BaseException:
            await response.aclose()
            raise
        answer.end_at(end, too_long)
        answer.allow(first, "first token", since=sent)
        return answer

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.aclose()

    async def _failure(self, response: httpx.Response, call: Call) -> ProviderError:
        body = bytearray()
        with contextlib.suppress(ProviderError):  # what has come of the body will do
            answer = Answer(_Wire(response, call.host), response.headers, host=call.host, limit=MAX_ERROR_BODY)
            answer.allow(ERROR_BODY_SECONDS, "error text")
            while piece := await answer.read():
                body += piece
        return faults.from_status(
            response.status_code, response.headers, bytes(body), asked=call.asked, now=time.time()
        )

    def _running(self, loop: asyncio.AbstractEventLoop) -> httpx.AsyncClient:
        if self._client is not None and self._loop is not loop:
            if self._loop is not None and not self._loop.is_closed():
                raise HostError("a provider was used on two event loops at once; close it before the second uses it")
            self._client = None
        if self._client is None:
            self._client, self._loop = _client(self._settings), loop
        return self._client


def _client(settings: ProviderSettings) -> httpx.AsyncClient:
    try:
        return httpx.AsyncClient(
            headers={"user-agent": "llmspell", **settings.headers},
            timeout=httpx.Timeout(None, connect=settings.connect_timeout_ms / 1000),
            limits=httpx.Limits(
                max_connections=None,
                max_keepalive_connections=KEEPALIVE_CONNECTIONS,
                keepalive_expiry=KEEPALIVE_SECONDS,
            ),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,
            verify=_trusted(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"), settings.http2),
            http2=settings.http2,
        )
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as exc:
        # The exception's own text may hold a proxy's password.
        problem = "a SOCKS proxy needs the package socksio" if isinstance(exc, ImportError) else "they cannot be used"
        raise ProviderError(
            f"no connection with the proxy and certificate settings of the environment: {problem}",
            hint="check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR",
        ) from None


@functools.lru_cache(maxsize=4)
def _trusted(_file: str | None, _folder: str | None, _http2: bool) -> ssl.SSLContext:
    """The certificates to trust, which the two variables may name. One for all clients: reading them takes 18 ms and
    0.8 MB, and a process may have hundreds of runs, each with clients of its own. Those that speak HTTP/2 have another,
    for httpcore writes into it what it offers the server."""
    return httpx.create_ssl_context()


async def _content(body: Body) -> AsyncIterator[bytes]:
    """Piece by piece: an upload of media takes no memory for all of them."""
    for piece in body.pieces():
        yield piece


def _headers(call: Call) -> dict[str, str]:
    headers = {
        "accept": call.accept,
        "accept-encoding": "identity" if call.stream else "gzip",  # compressing would hold back a stream's chunks
    }
    if call.body is not None:
        headers |= {"content-type": "application/json", "content-length": str(call.body.size)}
    return {**headers, **call.headers}
