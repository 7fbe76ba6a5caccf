"""The scripted provider: a model server that is not there. Its replies stand in the manifest; it uses no network.

It behaves as a real server does, as far as a caller can see: pieces arrive one by one, after the delays it is told,
and its faults are the errors that the network layer raises. Everything it says depends only on what it was asked and
on what it said before.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from types import MappingProxyType

from llmspell.errors import BadResponseError, ConnectError, HostError, ProviderError, ProviderTimeout, RefusedError
from llmspell.providers import faults
from llmspell.providers.base import Access
from llmspell.providers.call_ids import CallIds
from llmspell.providers.capabilities import overridden
from llmspell.settings import ProviderSettings, ScriptedReply
from llmspell.types import (
    Capabilities,
    Delta,
    FinishReason,
    ModelReply,
    ModelRequest,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)

DEFAULT_MODEL = "mock"
QUOTED_CHARS = 200
CHARS_PER_TOKEN = 4
"""What English text comes to on common tokenizers; counts are estimates, and the same on every run."""
_WORD = re.compile(r"\s*\S+\s*|\s+")


def _status(status: int, message: str, **headers: str) -> Callable[[], ProviderError]:
    body = json.dumps({"error": {"message": message}}).encode()

    def make() -> ProviderError:
        error = faults.from_status(status, headers, body, asked=faults.Asked(url=""), now=0.0)
        error.hint = "it stands in the manifest, as `fault` of a scripted reply"
        return error

    return make


FAULTS: Mapping[str, Callable[[], ProviderError]] = MappingProxyType(
    {
        "connect": lambda: ConnectError("could not connect: a scripted fault"),
        "auth": _status(401, "a scripted fault"),
        "rate_limit": _status(429, "a scripted fault", **{"retry-after": "1"}),
        "overloaded": _status(503, "a scripted fault"),
        "timeout": lambda: ProviderTimeout("no first token came: a scripted fault"),
        "refused": _status(400, "a scripted fault"),
        "cut": lambda: BadResponseError("the answer was cut off: a scripted fault", retryable=True),
        "garbage": lambda: BadResponseError("the answer is not JSON: a scripted fault"),
    }
)
"""What each fault of a ScriptedReply raises: the class, and where there is one the status, of the real thing."""


class ScriptedProvider:
    """The replies of one [providers.NAME] section, used up in the order in which requests begin."""

    kind = "scripted"
    secrets: tuple[str, ...] = ()

    def __init__(self, settings: ProviderSettings, environ: Mapping[str, str] = MappingProxyType({})) -> None:  # noqa: ARG002
        self.name = settings.name
        self.model = settings.model or DEFAULT_MODEL
        self.settings = settings
        self._used: set[int] = set()
        self._account = f"scripted {os.urandom(8).hex()}"

    def capabilities_of(self, model: str) -> Capabilities:  # noqa: ARG002
        return overridden(Capabilities(), self.settings.capabilities)

    @property
    def access(self) -> Access:
        return Access()

    async def inquire(self, model: str) -> Capabilities:
        return self.capabilities_of(model)

    async def complete(self, request: ModelRequest) -> ModelReply:
        async with aclosing(self.stream(request)) as deltas:
            async for delta in deltas:
                if isinstance(delta, ModelReply):
                    return delta
        raise HostError("a scripted stream ended without its reply")

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        sent: list[str] = []
        try:
            asked = _subject(request)
            scripted = self._choose(asked)
            reply = self._reply(scripted, request, asked)
            await _pause(scripted.delay_ms)
            if scripted.fault and scripted.fault != "cut":
                raise FAULTS[scripted.fault]()
            text = reply.text[: len(reply.text) // 2] if scripted.fault == "cut" else reply.text
            for index, chunk in enumerate(_chunks(text, scripted.chunk_words)):
                if index:
                    await _pause(scripted.chunk_delay_ms)
                sent.append(chunk)
                yield TextDelta(chunk)
            if scripted.fault == "cut":
                raise FAULTS["cut"]()
            for index, call in enumerate(reply.tool_calls):
                yield ToolCallDelta(index, call.id, call.name, json.dumps(call.arguments, ensure_ascii=False))
            yield reply
        except ProviderError as error:
            faults.dress(error, provider=self.name, partial_text="".join(sent))
            raise

    def account(self) -> str:
        """Nobody else is asked these replies."""
        return self._account

    async def aclose(self) -> None:
        """There is nothing to close."""

    def _choose(self, asked: str) -> ScriptedReply:
        replies = self.settings.replies
        if not replies:
            return ScriptedReply(text=_quote(asked))
        fitting = [i for i, reply in enumerate(replies) if reply.match is not None and reply.match in asked]
        fitting = fitting or [i for i, reply in enumerate(replies) if reply.match is None]
        if not fitting:
            raise RefusedError(
                "no scripted reply matches the request",
                hint=f"add a reply without `match` to [[providers.{self.name}.replies]]",
            )
        index = next((i for i in fitting if i not in self._used), fitting[-1])
        self._used.add(index)
        return replies[index]

    def _reply(self, scripted: ScriptedReply, request: ModelRequest, asked: str) -> ModelReply:
        # A template that repeats a long input could ask for any amount of memory.
        size = len(scripted.text) + scripted.text.count("{input}") * len(asked)
        if self.settings.replies and size > self.settings.max_reply_bytes:
            raise BadResponseError(f"the answer is larger than {self.settings.max_reply_bytes:,} bytes")
        text = scripted.text.replace("{input}", asked) if self.settings.replies else scripted.text
        ids = CallIds(request)
        calls = tuple(
            ToolCall(id=ids.unique(""), name=call.name, arguments=dict(call.arguments)) for call in scripted.tool_calls
        )
        reason: FinishReason = scripted.finish_reason or ("tool_calls" if calls else "stop")
        written = len(text) + sum(len(call.name) + len(json.dumps(dict(call.arguments))) for call in calls)
        read = sum(len(message.text) for message in request.messages)
        return ModelReply(
            text=text,
            tool_calls=calls,
            usage=Usage(input_tokens=_tokens(read), output_tokens=_tokens(written)),
            finish_reason=reason,
            raw_finish_reason=reason,
            model=request.model,
        )


def _subject(request: ModelRequest) -> str:
    """What was asked: the text of the last user or tool message."""
    return next((m.text for m in reversed(request.messages) if m.role in ("user", "tool")), "")


def _quote(asked: str) -> str:
    quoted = asked if len(asked) <= QUOTED_CHARS else asked[:QUOTED_CHARS] + "…"
    return f'You said: "{quoted}" This is the scripted provider; no model was asked.'


def _chunks(text: str, words: int) -> list[str]:
    pieces = _WORD.findall(text)
    size = max(1, words)
    return ["".join(pieces[i : i + size]) for i in range(0, len(pieces), size)]


def _tokens(chars: int) -> int:
    return -(-chars // CHARS_PER_TOKEN)


async def _pause(ms: int) -> None:
    await asyncio.sleep(max(0, ms) / 1000)  # of 0 too: other tasks get their turn, as with a real server
