"""The provider that plays a recording: it knows what was answered to what, uses no network, and guesses nothing.

It plays what was recorded of the provider of its own name. A stream is a stream again, with the pieces that it had; an
error is that error again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Final

from llmspell.content import MEDIA_TYPES
from llmspell.errors import JournalError, LlmspellError, UsageError
from llmspell.providers.base import Access
from llmspell.providers.capabilities import overridden
from llmspell.providers.pieces import pieces
from llmspell.providers.recording.file import PlacedCall, load
from llmspell.providers.recording.form import RecordedCall, raised, request_data, request_key
from llmspell.providers.recording.nearest import nearest
from llmspell.settings import ProviderSettings
from llmspell.types import Capabilities, Delta, ModelReply, ModelRequest

UNRECORDED_MODEL: Final = "replay"
"""The default model where the recording knows none."""
ANYTHING: Final = Capabilities(json_schema=True, input_modalities=MEDIA_TYPES, output_modalities=MEDIA_TYPES)
"""Of a model that was not recorded: what is asked of it then differs from everything recorded, and that is said."""
DIFFERENCES: Final = 3
"""In a message; `details` have more."""


class ReplayProvider:
    """Raises UsageError, when it is made, for a recording that cannot be read, and JournalError, which no script can
    catch, for a request that it does not hold, or not once more."""

    kind = "replay"
    secrets: tuple[str, ...] = ()

    def __init__(self, settings: ProviderSettings, environ: Mapping[str, str]) -> None:  # noqa: ARG002
        if settings.file is None:
            raise UsageError(f"provider '{settings.name}': a replay provider needs `file`, the recording that it plays")
        self.name = settings.name
        self.settings = settings
        self._path = Path(settings.file)
        models, calls = load(self._path)
        own = [model for model in models if model.provider == self.name]
        self._able = {model.model: model.capabilities for model in own}
        self._calls = [placed for placed in calls if placed.call.provider == self.name]
        self._others = sorted({model.provider for model in models} - {self.name})
        self._by_request: dict[str, list[PlacedCall]] = defaultdict(list)
        for placed in self._calls:
            self._by_request[request_key(placed.call.request)].append(placed)
        self._played: dict[str, int] = defaultdict(int)
        self.model = settings.model or next((model.default for model in own if model.default), UNRECORDED_MODEL)

    def capabilities_of(self, model: str) -> Capabilities:
        return overridden(self._able.get(model, ANYTHING), self.settings.capabilities)

    def account(self) -> str:
        return f"replay {id(self)}"

    @property
    def access(self) -> Access:
        return Access(str(self._path))

    async def inquire(self, model: str) -> Capabilities:
        return self.capabilities_of(model)

    async def complete(self, request: ModelRequest) -> ModelReply:
        line, call = self._next(request)
        await asyncio.sleep(0)  # other tasks get their turn, as with a real server
        return await self._end(line, call, self.settings.first_token_timeout_ms)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        line, call = self._next(request)
        if call.deltas is None and call.reply is not None:  # it came whole
            for delta in pieces(call.reply):
                await asyncio.sleep(0)
                yield delta
            return
        settings = self.settings
        for delta in call.deltas or ():
            await asyncio.sleep(0)
            yield delta
        yield await self._end(line, call, settings.chunk_timeout_ms if call.deltas else settings.first_token_timeout_ms)

    async def aclose(self) -> None:
        """There is nothing to close."""

    async def _end(self, line: int, call: RecordedCall, patience_ms: int) -> ModelReply:
        if call.error is not None:
            raise raised(call.error, self.name)
        if call.reply is not None:
            return call.reply
        await asyncio.sleep(patience_ms / 1000)  # it is about to leave again
        raise self._wrong(
            f"{self._path}:{line} ends here: whoever asked did not wait for the rest then, and now waits for it",
            hint="record again",
        )

    def _next(self, request: ModelRequest) -> PlacedCall:
        asked = request_data(request)
        key = request_key(asked)
        calls = self._by_request.get(key)
        if calls is None:
            raise self._unknown(asked)
        played = self._played[key]
        if played == len(calls):
            times = "once" if played == 1 else f"{played} times"
            raise self._wrong(
                f"this request was recorded {times} (last in {self._path}:{calls[-1].line}), and is now made once more",
                hint="where the script has changed, record again",
            )
        self._played[key] = played + 1
        return calls[played]

    def _unknown(self, asked: Mapping[str, object]) -> LlmspellError:
        found = nearest(asked, (placed.call.request for placed in self._calls))
        if found is None:
            others = ", ".join(f"'{name}'" for name in self._others[:10])
            return self._wrong(
                f"{self._path} holds no request to a provider of this name" + (f", only to {others}" if others else ""),
                hint="a replay provider has the name of the provider that was recorded",
            )
        index, differences = found
        line = self._calls[index].line
        shown = "; ".join(map(str, differences[:DIFFERENCES]))
        more = len(differences) - DIFFERENCES
        error = self._wrong(
            f"no recorded request is the same as this one. Nearest is {self._path}:{line}: {shown}"
            + (f"; and {more} more" if more > 0 else ""),
            hint="where the script has changed, record again with --record",
        )
        error.details |= {"line": line, "differences": [found._asdict() for found in differences[:50]]}
        return error

    def _wrong(self, message: str, hint: str) -> LlmspellError:
        return JournalError(f"provider '{self.name}': {message}", hint=hint, details={"provider": self.name})
