"""Ids for tool calls: every call of a conversation has one of its own, whatever the server sent. Pure."""

from __future__ import annotations

import re

from llmspell.types import ModelRequest

_MADE = re.compile(r"call_[0-9]+_*")


def is_made(call_id: str) -> bool:
    """Whether an id is one that CallIds made up: to the server it says nothing."""
    return not call_id or _MADE.fullmatch(call_id) is not None


class CallIds:
    """Gives each tool call of a turn an id: the server's, or where that is missing or taken, one that is new in the
    conversation and the same whenever the same turn is translated again."""

    def __init__(self, request: ModelRequest) -> None:
        self._count = sum(len(message.tool_calls) for message in request.messages)
        self._taken: set[str] = set()

    def unique(self, call_id: str) -> str:
        if not call_id or call_id in self._taken:
            call_id = f"call_{self._count}"
            while call_id in self._taken:
                call_id += "_"
        self._count += 1
        self._taken.add(call_id)
        return call_id
