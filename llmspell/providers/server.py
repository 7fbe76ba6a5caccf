"""The provider for every server: it joins a protocol's translator to the network.

What is sent and what an answer means is decided in protocols/; how bytes travel, in http. Here is only the order of
steps, what time limit holds when, and that no error leaves undressed.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmspell.errors import BadResponseError, ProviderAuthError, ProviderError, UsageError
from llmspell.providers import faults
from llmspell.providers.address import address
from llmspell.providers.base import Access
from llmspell.providers.body import Body
from llmspell.providers.capabilities import capabilities_of
from llmspell.providers.credentials import check_headers, key_source, read_key, secrets
from llmspell.providers.exchange import Answer, Call
from llmspell.providers.inquiry import INQUIRIES, Told, told
from llmspell.providers.key_sources import is_there
from llmspell.providers.pieces import pieces
from llmspell.providers.protocols.translator import Asking, Decoder, Translator
from llmspell.providers.sse import MAX_EVENT_BYTES
from llmspell.settings import ProviderSettings
from llmspell.types import Capabilities, Delta, ModelReply, ModelRequest

if TYPE_CHECKING:
    from llmspell.providers.http import HttpClient

END_SECONDS = 5.0
"""After the finish reason only token counts and the end mark follow, at once; a server that holds the connection open
instead does not cost the answer."""
HTML = ("text/html", "application/xhtml+xml")


@dataclass(slots=True)
class _Notes:
    """What is known of a request so far, for the error that may come of it."""

    secrets: tuple[str, ...] = ()
    request_id: str = ""
    decoder: Decoder | None = None


class ServerProvider:
    """One server. Settings are checked here (UsageError); nothing is opened before the first request.

    `settings.max_tokens` and `settings.temperature` hold where a request says nothing.
    """

    def __init__(self, settings: ProviderSettings, environ: Mapping[str, str], translator: Translator) -> None:
        self.name = settings.name
        self.kind = translator.kind
        self.model = settings.model
        longest = translator.max_tokens if settings.max_tokens is None else settings.max_tokens
        self.settings = replace(settings, max_tokens=longest)  # what is sent is what budgets reserve
        self._environ = environ
        self._translator = translator
        self._address = address(
            settings.base_url, provider=settings.name, vendor_url=translator.vendor_url, prefix=translator.prefix
        )
        self._label = ""
        self._secrets: dict[str, None] = {}
        self._http: HttpClient | None = None
        check_headers(settings)
        if settings.http2 and importlib.util.find_spec("h2") is None:
            raise UsageError(
                f"provider '{settings.name}': `http2` needs the package h2, which is not installed",
                hint="install llmspell[http2], or leave out `http2`",
            )

    def capabilities_of(self, model: str) -> Capabilities:
        return self._capabilities(model, {})

    @property
    def access(self) -> Access:
        vendor_env = self._translator.key_env
        source, problem = key_source(self.settings, vendor_env), ""
        try:
            read_key(self.settings, self._environ, vendor_env)
        except ProviderAuthError as error:
            problem = error.message
        there = source is not None and (not problem or is_there(source, self._environ))
        return Access(self._address.target("").label, source, there, problem)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(self._secrets)

    async def inquire(self, model: str) -> Capabilities:
        if self.kind not in INQUIRIES:
            return self.capabilities_of(model)
        inquiry = INQUIRIES[self.kind](model)
        with self._dressed() as notes:
            call = self._addressed(notes, inquiry.path, inquiry.body, headers=inquiry.headers)
            answer = await self._send(call, notes)
            try:
                body = await answer.read_all(self.settings.chunk_timeout_ms / 1000)
            finally:
                await answer.aclose()
        return self._capabilities(model, told(inquiry, body, model))

    async def complete(self, request: ModelRequest) -> ModelReply:
        with self._dressed() as notes:
            answer = await self._send(self._call(request, notes, stream=False), notes)
            try:
                return await self._whole(answer, request)
            finally:
                await answer.aclose()

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        with self._dressed() as notes:
            answer = await self._send(self._call(request, notes, stream=True), notes)
            try:
                if self._is_whole(answer):  # the server does not stream: one piece is better than none
                    for delta in pieces(await self._whole(answer, request)):
                        yield delta
                    return
                self._refuse_html(answer)
                size = min(MAX_EVENT_BYTES, self.settings.max_reply_bytes)
                notes.decoder = decoder = self._translator.decoder(request, answer.request_id, size)
                while not decoder.done:
                    events = decoder.events
                    for delta in decoder.feed(data := await self._next(answer, decoder)):
                        yield delta
                    if not data:
                        break
                    if decoder.started and decoder.events != events:  # keep-alives are no events, and buy no time
                        self._allow_next(answer, decoder)
                for delta in decoder.close():
                    yield delta
                if decoder.done:
                    await answer.drain()
            finally:
                await answer.aclose()

    def account(self) -> str:
        with self._dressed():
            key = read_key(self.settings, self._environ, self._translator.key_env).value
        return f"{self._address.target('').label} {hashlib.sha256(key.encode()).hexdigest()}"

    def _capabilities(self, model: str, told: Told) -> Capabilities:
        return capabilities_of(
            self._translator.capabilities, kind=self.kind, model=model, settings=self.settings.capabilities, told=told
        )

    async def aclose(self) -> None:
        client, self._http = self._http, None
        if client is not None:
            await client.aclose()

    async def _send(self, call: Call, notes: _Notes) -> Answer:
        if self._http is None:
            from llmspell.providers.http import HttpClient  # when there is a call: a missing key costs no import

            self._http = HttpClient(self.settings)
        answer = await self._http.open(call)
        notes.request_id = answer.request_id
        return answer

    def _call(self, request: ModelRequest, notes: _Notes, *, stream: bool) -> Call:
        request = replace(
            request,
            max_tokens=self.settings.max_tokens if request.max_tokens is None else request.max_tokens,
            temperature=self.settings.temperature if request.temperature is None else request.temperature,
        )
        asking = Asking(stream=stream, official=self._address.official, host=self._address.host)
        outgoing = self._translator.encode(request, asking)
        return self._addressed(
            notes, outgoing.path, outgoing.body, query=outgoing.query, headers=outgoing.headers, stream=stream
        )

    def _addressed(
        self,
        notes: _Notes,
        path: str,
        body: Body | None,
        *,
        query: str = "",
        headers: Mapping[str, str],
        stream: bool = False,
    ) -> Call:
        """A request to this server, with the key. What the manifest sets as `headers` replaces `headers`."""
        translator = self._translator
        key = read_key(self.settings, self._environ, translator.key_env)
        notes.secrets = secrets(self.settings, key)
        self._secrets.update(dict.fromkeys(notes.secrets))
        configured = {name.lower() for name in self.settings.headers}
        fixed = {name: value for name, value in headers.items() if name not in configured}
        target = self._address.target(path, query)
        self._label = target.label
        return Call(
            url=target.url,
            host=self._address.host,
            body=body,
            headers={**fixed, **(translator.key_headers(key.value) if key.value else {})},
            accept=translator.stream_type if stream else "application/json",
            stream=stream,
            asked=faults.Asked(url=target.label, key_source=str(key.source) if key.source else None),
        )

    async def _whole(self, answer: Answer, request: ModelRequest) -> ModelReply:
        self._refuse_html(answer)
        body = await answer.read_all(self.settings.chunk_timeout_ms / 1000)
        if not body.strip():
            raise BadResponseError("the answer is empty", retryable=True)
        return self._translator.decode(body, request, answer.request_id)

    async def _next(self, answer: Answer, decoder: Decoder) -> bytes:
        try:
            return await answer.read()
        except ProviderError:
            if decoder.finished:  # the answer is whole; only its end mark is missing
                return b""
            raise

    def _allow_next(self, answer: Answer, decoder: Decoder) -> None:
        if decoder.finished:
            answer.allow(END_SECONDS, "end of the answer")
        else:
            answer.allow(self.settings.chunk_timeout_ms / 1000, "further chunk")

    def _is_whole(self, answer: Answer) -> bool:
        return answer.content_type.endswith("json") and answer.content_type != self._translator.stream_type

    def _refuse_html(self, answer: Answer) -> None:
        if answer.content_type in HTML:
            raise BadResponseError(
                "the answer is an HTML page, not what an API sends",
                hint=f"check `base_url`: the request went to {self._label}",
            )

    @contextmanager
    def _dressed(self) -> Iterator[_Notes]:
        notes = _Notes()
        try:
            yield notes
        except ProviderError as error:
            faults.dress(
                error,
                provider=self.name,
                request_id=notes.request_id,
                partial_text=notes.decoder.text if notes.decoder else "",
                secrets=notes.secrets,
            )
            raise
