"""A whole reply as a stream would have brought it: for those that stream and those that do not to look the same."""

from __future__ import annotations

import json
from collections.abc import Iterator

from llmspell.types import Delta, MediaDelta, ModelReply, ReasoningDelta, TextDelta, ToolCallDelta


def pieces(reply: ModelReply) -> Iterator[Delta]:
    """The last one is the reply itself."""
    for block in reply.reasoning:
        if block.text:
            yield ReasoningDelta(block.text)
    if reply.text:
        yield TextDelta(reply.text)
    for index, call in enumerate(reply.tool_calls):
        fragment = "" if call.error else json.dumps(dict(call.arguments), ensure_ascii=False)
        yield ToolCallDelta(index, call.id, call.name, fragment)
    for medium in reply.media:
        yield MediaDelta(medium)
    yield reply
