"""What somebody sees of a model turn while it comes, as contents of chunks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from llmspell.content import MediaContent
from llmspell.types import MediaDelta, RawMedia, ReasoningDelta, TextDelta, ToolCallDelta

TakeMedium = Callable[[RawMedia, str], MediaContent]
"""Checks and keeps a medium; the text says in messages what it is of. Raises InvalidMedia."""
OF_ANSWER: Final = "the answer"

Sink = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Takes the contents of a stream's chunks as they come."""


class Shown:
    """What somebody sees of one model turn while it comes: the script's stream, or the person before the terminal."""

    def __init__(
        self, agent: str, sink: Sink | None, on_text: Callable[[str, str], None] | None, take: TakeMedium
    ) -> None:
        self.agent = agent
        self.streamed = sink is not None
        """By the script, which may read as slowly as it likes."""
        self.wanted = sink is not None or on_text is not None
        self.any = False
        self._sink = sink
        self._on_text = on_text
        self._take = take
        self._ids: dict[int, tuple[str, str]] = {}

    async def content(self, content: Mapping[str, Any]) -> None:
        if self._sink is not None:
            await self._sink(content)

    async def delta(self, delta: TextDelta | ReasoningDelta | ToolCallDelta | MediaDelta) -> None:
        self.any = self.any or self.streamed or isinstance(delta, TextDelta)  # a person is shown nothing but text
        if isinstance(delta, TextDelta):
            if self._on_text is not None:
                self._on_text(self.agent, delta.text)
            await self.content({"type": "text", "text": delta.text})
            return
        if isinstance(delta, ReasoningDelta):
            await self.content({"type": "reasoning", "reasoning": delta.text})
            return
        if isinstance(delta, MediaDelta):
            if self._sink is not None:
                medium = self._take(delta.media, OF_ANSWER).described()
                await self.content({"type": "media", "media": medium, "is_final": delta.is_final})
            return
        known = self._ids.get(delta.index, ("", ""))
        self._ids[delta.index] = known = (delta.id or known[0], delta.name or known[1])
        await self.content(
            {"type": "tool_call_progress", "tool_id": known[0], "name": known[1], "partial_args": delta.fragment}
        )

    async def rate_limited(self, provider: str, retry_after: float | None) -> None:
        """A provider has no room, and another attempt or another model follows."""
        content = {"type": "control", "kind": "rate_limit", "provider": provider}
        await self.content(content if retry_after is None else {**content, "retry_after": retry_after})
