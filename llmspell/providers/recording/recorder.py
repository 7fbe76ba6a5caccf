"""A provider around another one: it writes down each request and what came of it, and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager

from llmspell.errors import LlmspellError
from llmspell.providers.base import Access, Provider
from llmspell.providers.recording.file import Recording
from llmspell.providers.recording.form import RecordedCall, RecordedError, RecordedModel, recorded_error, request_data
from llmspell.settings import ProviderSettings
from llmspell.types import Capabilities, Delta, ModelReply, ModelRequest


class RecordingProvider:
    """Raises what the provider raises, and JournalError where the recording cannot go on."""

    def __init__(self, provider: Provider, recording: Recording) -> None:
        self.name = provider.name
        self.kind = provider.kind
        self.model = provider.model
        self._provider = provider
        self._recording = recording

    def capabilities_of(self, model: str) -> Capabilities:
        return self._provider.capabilities_of(model)

    @property
    def access(self) -> Access:
        return self._provider.access

    @property
    def settings(self) -> ProviderSettings:
        return self._provider.settings

    def account(self) -> str:
        return self._provider.account()

    @property
    def secrets(self) -> tuple[str, ...]:
        return self._provider.secrets

    async def inquire(self, model: str) -> Capabilities:
        return await self._provider.inquire(model)

    async def complete(self, request: ModelRequest) -> ModelReply:
        with self._noted(request, None) as note:
            reply = await self._provider.complete(request)
            note.end(reply=reply)
            return reply

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        pieces: list[Delta] = []
        with self._noted(request, pieces) as note:
            async with aclosing(self._provider.stream(request)) as deltas:
                async for delta in deltas:
                    if isinstance(delta, ModelReply):
                        note.end(reply=delta)
                    else:
                        pieces.append(delta)
                    yield delta

    async def aclose(self) -> None:
        await self._provider.aclose()

    @contextmanager
    def _noted(self, request: ModelRequest, pieces: list[Delta] | None) -> Iterator[_Note]:
        """Writes down how a request ended that has no reply."""
        note = _Note(self._provider, self._recording, request, pieces)
        try:
            yield note
        except LlmspellError as error:
            if not error.terminal:
                note.end(error=recorded_error(error))
            raise
        except (asyncio.CancelledError, GeneratorExit):
            note.end(left=True)
            raise


class _Note:
    """One request, which is written down once."""

    def __init__(
        self, provider: Provider, recording: Recording, request: ModelRequest, pieces: list[Delta] | None
    ) -> None:
        self._provider = provider
        self._recording = recording
        self._request = request
        self._pieces = pieces
        self._ended = False

    def end(self, *, reply: ModelReply | None = None, error: RecordedError | None = None, left: bool = False) -> None:
        if self._ended:
            return
        self._ended = True
        provider, model = self._provider, self._request.model
        asked = RecordedModel(
            provider=provider.name,
            kind=provider.kind,
            model=model,
            default=provider.model,
            capabilities=provider.capabilities_of(model),
        )
        call = RecordedCall(
            provider=provider.name,
            request=request_data(self._request),
            deltas=None if self._pieces is None else tuple(self._pieces),
            reply=reply,
            error=error,
            left=left,
        )
        self._recording.add(asked, call, provider.secrets)
