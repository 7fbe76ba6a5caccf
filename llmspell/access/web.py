"""The only network code of tools and media: one request to a granted host, its redirects, and an answer within bounds.

Each request has a connection of its own (dial.py), so that each is judged anew; nothing is kept between two, neither
cookies nor connections. The proxies of the environment are not used: a proxy looks names up itself, and nobody here
would see where it leads. Importing this module imports httpcore (25 ms), so tools do when they are called.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

import httpcore

from llmspell.access import fields
from llmspell.access.credentials import Credentials
from llmspell.access.dial import Dialler, Resolver, system_resolver
from llmspell.access.failures import Reason, failure
from llmspell.access.hosts import Hosts
from llmspell.access.inflate import BadEncoding, Inflater
from llmspell.access.messages import Answer, Request, head, redirected
from llmspell.access.urls import Url, joined, parse_url
from llmspell.errors import DeniedError, ToolError
from llmspell.settings import Reach
from llmspell.types import RawMedia

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MAX_AT_ONCE: Final = 16
"""Requests of one grant; further ones wait. A script has thousands of tasks, and each request takes a connection, a
thread while its name is looked up, and its answer's memory."""
WIRE_ALLOWANCE: Final = 256 * 1024
"""What a connection may bring beside a body and what stands between its chunks: heads, and a TLS record or two."""
FAILURES: Final[tuple[tuple[type[Exception], Reason, str, bool], ...]] = (
    (httpcore.ConnectTimeout, "timeout", "connecting to {host} took too long", True),
    (httpcore.ConnectError, "unreachable", "could not connect to {host}: {reason}", True),
    (httpcore.LocalProtocolError, "arguments", "the request to {host} is not valid HTTP: {reason}", False),
    (httpcore.RemoteProtocolError, "bad_answer", "{host} does not answer in HTTP as it should: {reason}", False),
    (httpcore.NetworkError, "unreachable", "the connection to {host} broke: {reason}", True),
    (BadEncoding, "bad_answer", "{host}: {reason}", False),
)
"""What an exception becomes: `details.reason`, a sentence, and whether trying again may help."""


class Web:
    """The network as one grant shows it. `name` begins its errors, `section` is where the grant stands in the manifest.

    Raises DeniedError for what is not granted, and ToolError for what fails."""

    def __init__(
        self,
        reach: Reach,
        environ: Mapping[str, str],
        *,
        name: str,
        section: str,
        resolve: Resolver | None = None,
    ) -> None:
        self._reach = reach
        self._hosts = Hosts(reach.hosts)
        self._credentials = Credentials(reach.credentials, environ)
        self._environ = environ
        self._name = name
        self._section = section
        self._resolve = resolve or system_resolver
        self._places = asyncio.Semaphore(MAX_AT_ONCE)

    async def fetch(
        self, url: object, *, method: str = "GET", query: Sequence[tuple[object, object]] = (), **sent: Any
    ) -> Answer:
        """Ask, follow redirects, read all of the answer. `headers` and `body` are as in Request; what stands in `query`
        is added to the URL."""
        try:
            if not self._hosts:
                raise DeniedError(
                    "no host is granted", hint=f'grant one with `hosts = ["api.example.com"]` under {self._section}'
                )
            if method not in self._reach.methods:
                hint = f'add "{method}" to `methods` under {self._section}' if method.isalpha() else ""
                raise DeniedError(f"the method {method[:20]!r} is not granted", hint=hint[:200])
            place = _parsed(url, query)
            async with self._places, asyncio.timeout(self._reach.timeout_ms / 1000):
                return await self._follow(Request(**{"method": method, "url": place, "headers": {}, **sent}))
        except TimeoutError:
            seconds = self._reach.timeout_ms / 1000
            raise self._told(
                failure("timeout", f"no complete answer came within {seconds:g} s", retryable=True)
            ) from None
        except (DeniedError, ToolError) as error:
            raise self._told(error) from None

    async def download(self, url: str) -> RawMedia:
        """The bytes at a URL, and what the server says they are."""
        answer = await self.fetch(url)
        if answer.status != 200:
            raise self.failed("status", f"{answer.url} answers with the status {answer.status}")
        return RawMedia(data=answer.body, mime=answer.media_type)

    def failed(self, reason: Reason, message: str, *, hint: str = "") -> DeniedError | ToolError:
        """An error as this module's own: with the name before it, and no secret in it."""
        return self._told(failure(reason, message, hint=hint))

    def scrubbed(self, value: Any) -> Any:
        """Plain data that was made of an answer, without secrets that only now can be seen."""
        return self._credentials.scrubbed(value)

    def _told(self, error: DeniedError | ToolError) -> DeniedError | ToolError:
        details = {"tool": self._name, **error.details}
        told = type(error)(self._said(f"{self._name}: {error.message}"), hint=self._said(error.hint), details=details)
        told.retryable = error.retryable
        return told

    def _said(self, text: str) -> str:
        text = str(self.scrubbed(text))[:1000]
        return "".join(char if char.isprintable() else "\ufffd" for char in text)

    def _translated(self, error: Exception, url: Url) -> ToolError:
        _, reason, sentence, retryable = next(row for row in FAILURES if isinstance(error, row[0]))
        said = self.scrubbed(_reason(error))[:200]  # in this order: half a secret would not be found
        return failure(reason, sentence.format(host=url.authority, reason=said), retryable=retryable)

    async def _follow(self, request: Request) -> Answer:
        first, attach = request.url, True
        for _ in range(self._reach.max_redirects + 1):
            try:
                answer = await self._ask(request, attach=attach)
            except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, BadEncoding) as error:
                raise self._translated(error, request.url) from None
            target = self._target(answer, request.url)
            if target is None:
                return replace(answer, headers=self.scrubbed(answer.headers), url=self.scrubbed(str(request.url)))
            attach = attach and target.origin == first.origin  # another host does not say what a secret is used for
            request = redirected(request, target, answer.status)
            if request.method not in self._reach.methods:
                raise DeniedError(
                    f"{first.authority} redirects to another place, which would be asked by {request.method}",
                    hint=f'add "{request.method}" to `methods` under {self._section}',
                )
        raise failure("bad_answer", f"{first.authority} redirects more than {self._reach.max_redirects} times")

    async def _ask(self, request: Request, *, attach: bool) -> Answer:
        """One request and its answer; the body of a redirect that is followed is not read."""
        url, limit = request.url, self._reach.max_response_bytes
        attached = self._credentials.headers(url) if attach else {}
        dialler = Dialler(self._hosts, self._section, self._resolve, 2 * limit + WIRE_ALLOWANCE)
        host = str(url.host).encode()
        place = httpcore.URL(scheme=url.scheme, host=host, port=url.port, target=url.target)
        async with httpcore.AsyncHTTPConnection(
            place.origin,
            ssl_context=self._tls if url.scheme == "https" else None,
            network_backend=dialler,
        ) as connection:
            message = httpcore.Request(request.method, place, headers=head(request, attached), content=request.body)
            response = await connection.handle_async_request(message)
            found = fields.received(response.headers)
            if response.status < 200:
                raise failure("bad_answer", f"{url.authority} switches to another protocol")
            answer = Answer(status=response.status, headers=found, body=b"", url="")
            if self._target(answer, url) is not None or request.method == "HEAD":
                return answer
            return replace(answer, body=self.scrubbed(await self._body(response, found, url)))

    async def _body(self, response: httpcore.Response, found: Mapping[str, str], url: Url) -> bytes:
        limit, size, raw = self._reach.max_response_bytes, 0, 0
        too_large = failure(
            "too_large",
            f"the answer of {url.authority} is larger than {limit:,} bytes",
            hint=f"`max_response_size` under {self._section} sets the limit",
        )
        if int(found.get("content-length", "0").partition(",")[0]) > limit:
            raise too_large
        inflater, pieces = Inflater(self.scrubbed(found.get("content-encoding", ""))), []
        async for data in response.aiter_stream():
            raw += len(data)  # bytes that decompress to nothing end somewhere, too
            for piece in inflater.feed(data):
                size += len(piece)
                if size > limit:
                    raise too_large
                pieces.append(piece)
            if raw > limit:
                raise too_large
        pieces += inflater.close()
        body = b"".join(pieces)
        if len(body) > limit:
            raise too_large
        return body

    def _target(self, answer: Answer, base: Url) -> Url | None:
        """Where an answer sends us, if we go there."""
        location = answer.headers.get("location")
        if location is None or answer.status not in REDIRECTS or not self._reach.max_redirects:
            return None
        try:
            target = joined(base, location.encode("latin-1").decode("utf-8"))
        except ValueError as error:
            said = f"{base.authority} redirects to a place that is no URL: {error}"
            raise failure("bad_answer", said) from None
        if base.scheme == "https" and target.scheme != "https":
            raise DeniedError(f"{base.authority} redirects from https to http, at {target.authority}")
        return target

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The usual authorities, and those that the environment names."""
        context = httpcore.default_ssl_context()
        file, folder = self._environ.get("SSL_CERT_FILE"), self._environ.get("SSL_CERT_DIR")
        if file or folder:
            try:
                context.load_verify_locations(file or None, folder or None)
            except OSError as error:
                reason = os.strerror(error.errno) if error.errno else "they cannot be read"
                said = f"the certificates of SSL_CERT_FILE or SSL_CERT_DIR: {reason}"
                raise failure("credential", said) from None
        return context


def _parsed(url: object, query: Sequence[tuple[object, object]]) -> Url:
    pairs = [(name, value) for name, value in query if isinstance(name, str) and isinstance(value, str)]
    if not isinstance(url, str) or len(pairs) < len(query):  # a script's string of other bytes comes as bytes
        raise failure("arguments", "a URL and its query must be UTF-8 text")
    try:
        return parse_url(url).with_query(pairs)
    except ValueError as error:
        raise failure("arguments", f"the URL {url[:200]!r}: {error}") from None


def _reason(error: BaseException) -> str:
    """What the system said, which stands a few exceptions deep: "Connection refused"."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ssl.SSLCertVerificationError):
            return inner.verify_message
        if isinstance(inner, OSError) and inner.errno and not isinstance(inner, ssl.SSLError):
            return os.strerror(inner.errno)
        inner = inner.__cause__ or inner.__context__
    return str(error) or "it was closed"
