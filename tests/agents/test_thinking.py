"""What a model thought goes back to it unchanged, also when the script's own tools ran in between: the blocks have been
in the sandbox then, as plain data."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.providers.loopback import Loopback, Reply, Request
from tests.runtime.running import ran

THOUGHT = {"type": "thinking", "thinking": "Grüße \U0001f44b\u2028", "signature": "EqQB/+=="}
RESULT = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [{"title": "x", "page_age": None, "list": [], "map": {}, "n": 1, "big": 2**53 + 1, "f": 1.0}],
}
TEXT = {"type": "text", "text": "I look."}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"where": "here"}}
REDACTED = {"type": "redacted_thinking", "data": "EmwK"}
CONTENT = [THOUGHT, TEXT, RESULT, CALL, REDACTED]

SCRIPT = """
  local look = Tool.define { name = "look", parameters = { where = "string" }, run = function(given)
    return "seen " .. given.where
  end }
  local agent = Agent.create { name = "a", tools = { look } }
"""
EXECUTE = 'return agent:execute("Look.").text'
STREAM = """
  local text = ""
  for chunk in agent:stream_execute("Look.") do text = text .. (chunk.content.text or "") end
  return text
"""


async def served(request: Request, reply: Reply) -> None:
    """The thoughts first, and an answer where they came back with the result of the call."""
    again = len(request.json["messages"]) > 1
    content = [{"type": "text", "text": "Done."}] if again else CONTENT
    reason = "end_turn" if again else "tool_use"
    message: dict[str, Any] = {"id": "msg_1", "model": "m", "content": content, "stop_reason": reason, "usage": {}}
    await reply.send(200, json.dumps(message).encode(), content_type="application/json")


def written(value: Any) -> str:
    """So that 1 and 1.0 differ, and {} and []. A Lua table has no order."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("way", [EXECUTE, STREAM], ids=["execute", "stream"])
def test_thinking_goes_back_as_it_came(way: str) -> None:
    async def main(server: Loopback) -> Any:
        return await ran(SCRIPT + way, f'[providers.anthropic]\nmodel = "m"\nbase_url = "{server.url}"\n')

    with Loopback(served) as server:
        ended = asyncio.run(main(server))
    assert ended.report.error is None
    assert ended.result.endswith("Done.")
    said, results = server.requests[1].json["messages"][1:]
    assert written(said["content"]) == written(CONTENT)
    assert results["content"] == [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "seen here"}]
