"""The content blocks of one answer and what they add up to, whether they come whole or grow. Pure.

Blocks that are neither text nor a call of ours (thinking, redacted thinking, the server's own tools) are kept as they
came, each with its place, for the API wants them back unchanged and in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from llmspell.errors import BadResponseError
from llmspell.providers import wirejson
from llmspell.providers.call_ids import CallIds
from llmspell.providers.protocols.anthropic.request import KIND
from llmspell.providers.protocols.parts import (
    arguments_text,
    check_arguments,
    check_count,
    check_parts,
    kind_of,
    tool_call,
    word,
)
from llmspell.providers.protocols.text import Pieces
from llmspell.types import Delta, ModelRequest, Reasoning, ReasoningDelta, TextDelta, ToolCall, ToolCallDelta

CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")
"""Blocks whose `input` comes in pieces."""


@dataclass(slots=True)
class _Block:
    """`text` and `calls` are how much of the answer stood before it; `parts` are its thinking, or its input's JSON."""

    kind: str
    first: dict[str, Any]
    text: int
    calls: int
    parts: Pieces = field(default_factory=Pieces)
    size: int = 0
    """Characters of the input's JSON."""
    signature: str = ""
    id: str = ""
    whole: bool = True
    """False when something came of it that nobody knows how to join."""


class Content:
    """Raises BadResponseError for what breaks the protocol or its bounds."""

    def __init__(self, request: ModelRequest) -> None:
        self._ids = CallIds(request)
        self._text = Pieces()
        self._size = 0  # of the text
        self._blocks: list[_Block] = []
        self._by_index: dict[int, _Block] = {}
        self._calls = 0

    @property
    def text(self) -> str:
        return self._text.whole

    def begin(self, index: int, first: Any) -> Iterator[Delta]:
        """A block, whole or as it begins."""
        if not isinstance(first, dict):
            raise BadResponseError(f"a content block of the answer is {kind_of(first)}, not an object")
        block = _Block(word(first.get("type")), first, self._size, self._calls)
        check_parts(len(self._blocks) + 1)
        self._blocks.append(block)
        self._by_index[index] = block
        if block.kind == "text":
            yield from self._say(first.get("text"))
        elif block.kind == "thinking":
            yield from self._think(block, first.get("thinking"))
        elif block.kind == "tool_use":
            check_count(self._calls + 1)
            self._calls += 1
            block.id = self._ids.unique(word(first.get("id")))
            given = arguments_text(first.get("input") or None)
            check_arguments(len(given))
            yield self._progress(block, given)

    def grow(self, index: int, delta: Any) -> Iterator[Delta]:
        """A piece of a block."""
        block = self._by_index.get(index)
        if block is None or not isinstance(delta, dict):
            raise BadResponseError("a delta of the stream is not an object, or belongs to no content block")
        match block.kind, word(delta.get("type")):
            case "text", "text_delta":
                yield from self._say(delta.get("text"))
            case "thinking", "thinking_delta":
                yield from self._think(block, delta.get("thinking"))
            case "thinking", "signature_delta":
                signature = delta.get("signature")
                block.signature = signature if isinstance(signature, str) else ""
            case kind, "input_json_delta" if kind in CALLS:
                fragment = _string(delta.get("partial_json"))
                block.size += len(fragment)
                check_arguments(block.size)
                new = block.parts.add(fragment)
                if block.id and new:
                    yield self._progress(block, new)
            case _:
                block.whole = False

    def close(self) -> Iterator[Delta]:
        """What has waited for more."""
        yield from self._say("", last=True)
        for block in self._blocks:
            if block.kind == "thinking":
                yield from self._think(block, "", last=True)

    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(
            tool_call(block.id, word(block.first.get("name")), _input(block)) for block in self._blocks if block.id
        )

    def reasoning(self) -> tuple[Reasoning, ...]:
        """Thinking, and the other blocks that go back."""
        return tuple(
            Reasoning(kind=KIND, text=block.parts.whole if block.kind == "thinking" else "", data=_kept(block))
            for block in self._blocks
            if block.kind == "thinking" or (block.whole and block.kind not in ("text", "tool_use"))
        )

    def _say(self, piece: Any, *, last: bool = False) -> Iterator[Delta]:
        if text := self._text.add(_string(piece), last=last):
            self._size += len(text)
            yield TextDelta(text)

    @staticmethod
    def _think(block: _Block, piece: Any, *, last: bool = False) -> Iterator[Delta]:
        if text := block.parts.add(_string(piece), last=last):
            yield ReasoningDelta(text)

    @staticmethod
    def _progress(block: _Block, fragment: str) -> Delta:
        return ToolCallDelta(block.calls, block.id, word(block.first.get("name")), wirejson.clean(fragment))


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _input(block: _Block) -> Any:
    """The JSON text that came in pieces, or else what the block began with."""
    return block.parts.whole or block.first.get("input")


def _kept(block: _Block) -> dict[str, Any]:
    """The block as the API wants it back; empty where it is not whole."""
    made = dict(block.first)
    if block.kind == "thinking":
        made["thinking"] = block.parts.whole
        if block.signature:
            made["signature"] = block.signature
        if not block.whole or made.get("signature") == "":  # cut off by the length limit: the API would refuse it
            return {}
    elif block.kind in CALLS:
        call = tool_call("", "", _input(block))
        made["input"] = dict(call.arguments)
    try:
        return {"block": wirejson.plain(made), "text": block.text, "calls": block.calls}
    except ValueError as exc:
        raise BadResponseError(f"a content block of the answer cannot be kept: {exc}") from None
