"""What a protocol wants back with a conversation goes back, also through a script that keeps the conversation."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.providers.loopback import Handler, Loopback, Reply, Request, event
from tests.runtime.running import ran

SIGNED = {"thoughtSignature": "c2lnbmVk"}


def gemini(*answers: list[dict[str, Any]]) -> Handler:
    """A server that gives these parts in turn, streamed or whole, as it is asked."""
    left = list(answers)

    async def handler(request: Request, reply: Reply) -> None:
        body = event({"candidates": [{"content": {"parts": left.pop(0)}, "finishReason": "STOP"}]})
        if "stream" in request.path:
            await reply.stream([body])
        else:
            await reply.send(200, body.removeprefix(b"data: "), content_type="application/json")

    return handler


def asked(script: str, server: Loopback) -> Any:
    manifest = f'[providers.g]\nkind = "gemini"\nmodel = "gemini-3-flash"\nbase_url = "{server.url}"\n'
    return asyncio.run(ran(script, manifest)).result


def said_back(server: Loopback) -> list[dict[str, Any]]:
    """The parts of the model's that the last request holds."""
    return [
        part
        for content in server.requests[-1].json["contents"]
        if content["role"] == "model"
        for part in content["parts"]
    ]


CALLS = [{"functionCall": {"id": f"x{n}", "name": "add", "args": {"a": n}}} for n in (1, 2)]
TOOL = """
  local add = Tool.define { name = "add", parameters = { a = "number" }, run = function(args) return args.a + 1 end }
  local agent = Agent.create { name = "a", tools = { add } }
"""


def through_a_tool(finish: str) -> list[dict[str, Any]]:
    with Loopback(gemini([{**CALLS[0], **SIGNED}, CALLS[1]], [{"text": "done"}])) as server:
        assert asked(TOOL + finish, server) == "done"
        results = server.requests[-1].json["contents"][-1]["parts"]
        assert [result["functionResponse"] for result in results] == [
            {"id": "x1", "name": "add", "response": {"output": "2"}},
            {"id": "x2", "name": "add", "response": {"output": "3"}},
        ]
        return said_back(server)


def test_a_signed_call_goes_back_as_it_was_after_a_tool_of_the_script() -> None:
    expected = [{**CALLS[0], **SIGNED}, CALLS[1]]
    assert through_a_tool('return agent:execute("?").text') == expected
    assert through_a_tool('return agent:stream_execute("?"):collect().text') == expected


def test_a_signed_text_goes_back_with_a_conversation_that_the_script_keeps() -> None:
    answer: list[dict[str, Any]] = [{"text": "hm", "thought": True}, {"text": "one"}, {"text": "", **SIGNED}]
    script = """
      local agent = Agent.create { name = "a" }
      local talk = agent:conversation()
      local first = talk:execute("?")
      return first.text .. " " .. first.reasoning .. " " .. talk:execute("and?").text
    """
    with Loopback(gemini(answer, [{"text": "two"}])) as server:
        assert asked(script, server) == "one hm two"
    assert said_back(server) == [{"text": "one"}, {"text": "", **SIGNED}]
