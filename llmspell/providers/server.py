"""The provider for every server: it joins a protocol's translator to the network.

What is sent and what an answer means is decided in protocols/; how bytes travel, in http. Here is only the order of
steps, what time limit holds when, and that no error leaves undressed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmspell.errors import BadResponseError, ProviderError, UsageError
from llmspell.providers import faults
from llmspell.providers.address import address
from llmspell.providers.credentials import check_headers, read_key, secrets
from llmspell.providers.exchange import Answer, Call
from llmspell.providers.protocols.translator import Asking, Decoder, Translator
from llmspell.providers.sse import MAX_EVENT_BYTES
from llmspell.settings import ProviderSettings
from llmspell.types import Capabilities, Delta, ModelReply, ModelRequest, TextDelta, ToolCallDelta

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
        self.capabilities: Capabilities = translator.capabilities
        self.settings = settings
        self._environ = environ
        self._translator = translator
        self._address = address(
            settings.base_url, provider=settings.name, vendor_url=translator.vendor_url, prefix=translator.prefix
        )
        self.url = self._address.target("").label
        self._label = ""
        self._http: HttpClient | None = None
        check_headers(settings)
        if settings.http2 and importlib.util.find_spec("h2") is None:
            raise UsageError(
                f"provider '{settings.name}': `http2` needs the package h2, which is not installed",
                hint="install llmspell[http2], or leave out `http2`",
            )

    async def complete(self, request: ModelRequest) -> ModelReply:
        with self._dressed() as notes:
            answer = await self._open(request, notes, stream=False)
            try:
                return await self._whole(answer, request)
            finally:
                await answer.aclose()

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        with self._dressed() as notes:
            answer = await self._open(request, notes, stream=True)
            try:
                if self._is_whole(answer):  # the server does not stream: one piece is better than none
                    for delta in _pieces(await self._whole(answer, request)):
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
        return f"{self.url} {hashlib.sha256(key.encode()).hexdigest()}"

    async def aclose(self) -> None:
        client, self._http = self._http, None
        if client is not None:
            await client.aclose()

    async def _open(self, request: ModelRequest, notes: _Notes, *, stream: bool) -> Answer:
        call = self._call(request, notes, stream=stream)
        if self._http is None:
            from llmspell.providers.http import HttpClient  # after the call: a missing key costs no import of httpx

            self._http = HttpClient(self.settings)
        answer = await self._http.open(call)
        notes.request_id = answer.request_id
        return answer

    def _call(self, request: ModelRequest, notes: _Notes, *, stream: bool) -> Call:
        translator = self._translator
        key = read_key(self.settings, self._environ, translator.key_env)
        notes.secrets = secrets(self.settings, key)
        request = replace(
            request,
            max_tokens=self.settings.max_tokens if request.max_tokens is None else request.max_tokens,
            temperature=self.settings.temperature if request.temperature is None else request.temperature,
        )
        outgoing = translator.encode(request, Asking(stream=stream, official=self._address.official))
        target = self._address.target(outgoing.path, outgoing.query)
        self._label = target.label
        return Call(
            url=target.url,
            host=self._address.host,
            body=outgoing.body,
            headers={**outgoing.headers, **(translator.key_headers(key.value) if key.value else {})},
            accept=translator.stream_type if stream else "application/json",
            stream=stream,
            asked=faults.Asked(url=target.label, key_env=key.env or None),
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


def _pieces(reply: ModelReply) -> Iterator[Delta]:
    """A whole reply as a stream would have brought it."""
    if reply.text:
        yield TextDelta(reply.text)
    for index, call in enumerate(reply.tool_calls):
        fragment = "" if call.error else json.dumps(call.arguments, ensure_ascii=False)
        yield ToolCallDelta(index, call.id, call.name, fragment)
    yield reply
