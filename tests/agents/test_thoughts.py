"""What a model thinks and shows, from a real server through the script's tools and back: nothing of it is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.providers.loopback import Loopback, Reply, Request
from tests.providers.recorded import RECORDINGS
from tests.runtime.running import Ran, ran


def recorded(kind: str, name: str) -> bytes:
    return next(each.source for each in RECORDINGS if each[:2] == (kind, name) and each.is_stream)


def answering(kind: str, source: str, *names: str) -> tuple[Ran, list[Any]]:
    """Run a script against a server that streams these recordings, one a request; gives what the server was sent."""
    waiting = [recorded(kind, name) for name in names]

    async def handler(_: Request, reply: Reply) -> None:
        await reply.stream([waiting.pop(0)])

    with Loopback(handler) as server:
        manifest = f'[providers.p]\nkind = "{kind}"\nmodel = "m"\nbase_url = "{server.url}"\n'
        return asyncio.run(ran(source, manifest)), [request.json for request in server.requests]


TOOL_LOOP = """
  local asked = {}
  local function tool(name)
    return Tool.define {
      name = name, description = "d", parameters = { city = "string?", q = "number?" },
      run = function(args) asked[#asked + 1] = args.city or args.q return "snow" end,
    }
  end
  local agent = Agent.create { tools = { tool("get_weather"), tool("lookup") } }
  local thought, text = {}, {}
  for chunk in agent:stream_execute("Weather?") do
    if chunk.content.type == "reasoning" then thought[#thought + 1] = chunk.content.reasoning end
    if chunk.content.type == "text" then text[#text + 1] = chunk.content.text end
  end
  return { thought = table.concat(thought), text = table.concat(text), asked = asked }
"""


def test_responses_thoughts_go_through_the_scripts_tools_and_back() -> None:
    ended, sent = answering("openai-responses", TOOL_LOOP, "reasoning_and_parallel_tools", "text")
    assert ended.result == {
        "thought": "**Weather**\n\nTwo cities.\n\n**Calls**\n\nBoth at once.",
        "text": "Hi there 👋",
        "asked": ["Oslo", "Turku"],
    }
    assert [item.get("type", item.get("role")) for item in sent[1]["input"]] == [
        "user",
        "reasoning",
        "function_call",
        "function_call",
        "function_call_output",
        "function_call_output",
    ]
    assert sent[1]["input"][1]["encrypted_content"] == "gAAAAABo="
    assert (ended.usage["input_tokens"], ended.usage["output_tokens"]) == (79, 134)


def test_chat_thoughts_go_through_the_scripts_tools_and_back() -> None:
    ended, sent = answering("openai", TOOL_LOOP, "openrouter_reasoning_details", "text")
    assert (ended.result["thought"], ended.result["asked"]) == ("Look it up.", [1])
    details = sent[1]["messages"][1]["reasoning_details"]
    assert [(block["type"], block.get("signature"), block.get("data")) for block in details] == [
        ("reasoning.text", "ErUB=", None),
        ("reasoning.encrypted", None, "EvAC="),
        ("reasoning.encrypted", None, "Evxx="),
    ]


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("openai", "openrouter_images", ["67 true"]),
        ("openai-responses", "image_with_partial", ["67 false", "67 true"]),
    ],
)
def test_images_of_an_answer_are_media_of_the_script(kind: str, name: str, expected: list[str]) -> None:
    source = """
      local agent, seen = Agent.create {}, {}
      for chunk in agent:stream_execute("Draw") do
        if chunk.content.type == "media" then
          local medium = chunk.content.media
          seen[#seen + 1] = ("%d %s"):format(medium.size, chunk.content.is_final)
        end
      end
      return seen
    """
    ended, _ = answering(kind, source, name)
    assert ended.report.error is None
    assert ended.result == expected
