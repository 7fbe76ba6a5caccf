"""Conversations: what was said goes along with the next question; handing one over to another agent."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.agents.scripted import calls, replies
from tests.providers.loopback import Loopback, chat
from tests.runtime.running import Ran, ran, run

HAND_OVER = calls("transfer_to_billing")
DESK = """
  local billing = Agent.create { name = "billing", description = "Knows invoices.", prompt = "You bill." }
  local front = Agent.create { name = "front", prompt = "You greet.", transfer_to = { billing } }
"""


def asked(source: str, *answers: str) -> tuple[Ran, list[dict[str, Any]]]:
    """Run with a real server that gives these answers in turn; what it was sent."""
    given = iter(answers)

    async def handler(request: Any, reply: Any) -> None:
        await chat(next(given))(request, reply)

    async def both(server: Loopback) -> Ran:
        return await ran(source, f'[providers.p]\nkind = "openai"\nmodel = "m"\nbase_url = "{server.url}/v1"')

    with Loopback(handler) as server:
        ended = asyncio.run(both(server))
    return ended, [request.json for request in server.requests]


def test_what_was_said_goes_along() -> None:
    source = """
      local c = Agent.create { prompt = "Be brief." }:conversation()
      c:execute("one")
      c:execute { text = "two", parameters = { temperature = 0 } }
      return c:execute("three").text, c:history()
    """
    ended, sent = asked(source, "first", "second", "third")
    said = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "first"},
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": "second"},
        {"role": "user", "content": "three"},
    ]
    assert [body["messages"] for body in sent] == [said[:2], said[:4], said]
    assert ended.result == "third"
    assert ended.report.output.results[1] == [
        {"role": message["role"], "text": message["content"]} for message in said[1:]
    ] + [{"role": "assistant", "text": "third"}]


def test_an_agent_itself_remembers_nothing() -> None:
    _, sent = asked("local a = Agent.create {} a:conversation():execute('x') a:execute('y')", "1", "2")
    assert [len(body["messages"]) for body in sent] == [1, 1]


def test_two_conversations_of_one_agent_are_apart() -> None:
    source = """
      local a = Agent.create { model = "mock" }
      local one, two = a:conversation(), a:conversation()
      one:execute("x") one:execute("y") two:execute("z")
      return #one:history(), #two:history()
    """
    assert run(source).report.output.results == (4, 2)


def test_reset_forgets_and_the_history_is_a_copy() -> None:
    source = """
      local c = Agent.create { model = "mock" }:conversation()
      c:execute("x")
      c:history()[1].text = "changed"
      local before = c:history()[1].text
      c:reset()
      c:execute("y")
      return before, #c:history(), c:history()[1].text
    """
    assert run(source).report.output.results == ("x", 2, "y")


def test_tool_calls_and_their_results_are_part_of_it() -> None:
    source = """
      local clock = Tool.define { name = "clock", run = function() return "noon" end }
      local c = Agent.create { tools = { clock } }:conversation()
      c:execute("what time?")
      return c:history()
    """
    history = run(source, replies(calls("clock"), {"text": "it is noon"})).result
    assert [message["role"] for message in history] == ["user", "assistant", "tool", "assistant"]
    assert history[1]["tool_calls"][0]["name"] == "clock"
    assert (history[2]["text"], history[2]["name"]) == ("noon", "clock")
    assert history[2]["tool_call_id"] == history[1]["tool_calls"][0]["id"]


def test_a_call_that_fails_leaves_it_as_it_was() -> None:
    source = """
      local c = Agent.create {}:conversation()
      c:execute("one")
      local ok, e = pcall(c.execute, c, "two")
      return ok, e.kind, #c:history(), c:execute("three").text, #c:history()
    """
    manifest = replies({"text": "1"}, {"fault": "overloaded"}, {"text": "3"})
    assert run(source, manifest).report.output.results == (False, "overloaded", 2, "3", 4)


def test_streams_remember_when_they_come_to_their_end() -> None:
    source = """
      local c = Agent.create { model = "mock" }:conversation()
      for chunk in c:stream_execute("one") do end
      local first = #c:history()
      for chunk in c:stream_execute("two") do break end
      local second = #c:history()
      local text = c:stream_execute("three"):collect().text
      return first, second, #c:history(), c:history()[4].text == text
    """
    assert run(source).report.output.results == (2, 2, 4, True)


@pytest.mark.parametrize("method", ["execute", "stream_execute", "reset"])
@pytest.mark.parametrize("first", ["c:stream_execute('x')", "Task.spawn(c.execute, c, 'x')"])
def test_a_second_question_waits_for_the_first_answer(first: str, method: str) -> None:
    source = f"""
      local c = Agent.create {{ model = "mock" }}:conversation()
      local open = {first}
      Task.sleep(0)
      local ok, e = pcall(c.{method}, c, "y")
      if open.collect then open:collect() else open:await() end
      return ok, e, #c:history(), c:execute("z").text ~= nil
    """
    ok, message, length, after = run(source, replies({"text": "slow", "delay_ms": 20})).report.output.results
    assert (ok, length, after) == (False, 2, True)
    assert f"conversation:{method}: it still waits for an answer" in message


def test_one_that_was_cancelled_can_go_on() -> None:
    source = """
      local c = Agent.create {}:conversation()
      local ok, e = pcall(Task.timeout, 0.01, c.execute, c, "x")
      return e.kind, #c:history(), c:execute("y").text
    """
    manifest = replies({"text": "slow", "delay_ms": 60_000}, {"text": "quick"})
    assert run(source, manifest).report.output.results == ("timeout", 0, "quick")


# ---- handing over ----


def test_a_handover_ends_an_execution_and_names_the_agent() -> None:
    source = DESK + "local r = front:execute('my bill') return r.transfer_to, r.metadata.agent, r.text"
    ended = run(source, replies(HAND_OVER, {"text": "not asked"}))
    assert ended.report.output.results == ("billing", "front", "")
    assert ended.usage["provider_calls"] == 1


def test_a_conversation_goes_over_with_all_that_was_said() -> None:
    source = (
        DESK
        + """
      local c = front:conversation()
      c:execute("hello")
      local r = c:execute("my bill")
      return r.text, r.transfer_to, r.metadata.agent, r.metadata.turns, c:agent().name, c:execute("and?").metadata.agent
    """
    )
    manifest = replies({"text": "hi"}, HAND_OVER, {"text": "you owe 3"}, {"text": "no more"})
    ended = run(source, manifest)
    assert ended.report.output.results == ("you owe 3", None, "billing", 2, "billing", "billing")


def test_the_new_agent_has_its_own_prompt_and_tools() -> None:
    source = """
      local lookup = Tool.define { name = "lookup", run = function() return "3" end }
      local front = Agent.create { name = "front", prompt = "You greet.", transfer_to = { "billing" } }
      local billing = Agent.create { name = "billing", prompt = "You bill.", tools = { lookup } }
      return front:conversation():execute("bill").text
    """

    async def handler(request: Any, reply: Any) -> None:
        messages = request.json["messages"]
        offered = [tool["function"]["name"] for tool in request.json.get("tools", [])]
        system = messages[0]["content"]
        if system == "You greet.":
            assert offered == ["transfer_to_billing"]
            await _ask(reply, "transfer_to_billing")
        elif messages[-1]["content"] != "3":
            assert (system, offered, messages[-1]["role"]) == ("You bill.", ["lookup"], "tool")
            await _ask(reply, "lookup")
        else:
            await chat("you owe 3")(request, reply)

    async def both(server: Loopback) -> Ran:
        return await ran(source, f'[providers.p]\nkind = "openai"\nmodel = "m"\nbase_url = "{server.url}/v1"')

    with Loopback(handler) as server:
        assert asyncio.run(both(server)).result == "you owe 3"


async def _ask(reply: Any, name: str) -> None:
    call = {"id": f"id-{name}", "type": "function", "function": {"name": name, "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    body = json.dumps({"choices": [{"message": message, "finish_reason": "tool_calls"}]})
    await reply.send(200, body.encode(), **{"content-type": "application/json"})


def test_every_call_of_the_turn_that_hands_over_gets_an_answer() -> None:
    tool = 'tools = { Tool.define { name = "t", run = print } }'
    source = (
        DESK.replace("transfer_to = {", f"{tool}, transfer_to = {{")
        + """
      local c = front:conversation()
      c:execute("x")
      return c:history()
    """
    )
    history = run(source, replies(calls("t", "transfer_to_billing", "transfer_to_billing"), {"text": "done"})).result
    told = [(message["text"], message.get("is_error", False)) for message in history if message["role"] == "tool"]
    assert told == [
        ("not run: the conversation was handed over to billing", True),
        ("handed over to billing", False),
        ("not run: the conversation was handed over to billing", True),
    ]


def test_agents_that_hand_over_in_a_ring_are_stopped() -> None:
    source = """
      local a = Agent.create { name = "a", transfer_to = { "b" } }
      local b = Agent.create { name = "b", transfer_to = { "a" } }
      a:conversation():execute("x")
    """
    ring = {"text": "", "tool_calls": [{"name": "transfer_to_b"}, {"name": "transfer_to_a"}]}
    ended = run(source, replies(ring))
    assert ended.error.message == "the conversation was handed over more than 8 times without an answer"
    assert ended.usage["provider_calls"] == 9


def test_streams_go_over_too() -> None:
    source = (
        DESK
        + """
      local c, text, stream = front:conversation(), {}, nil
      stream = c:stream_execute("my bill")
      for chunk in stream do
        text[#text + 1] = chunk.content.text
        if chunk.content.type == "tool_call_complete" then told = chunk.content.name .. ": " .. chunk.content.result end
      end
      return table.concat(text), stream:collect().metadata.agent, c:agent().name, #c:history(), told
    """
    )
    told = "transfer_to_billing: handed over to billing"
    manifest = replies(HAND_OVER, {"text": "you owe 3"})
    assert run(source, manifest).report.output.results == ("you owe 3", "billing", "billing", 4, told)


def test_max_turns_counts_for_each_agent() -> None:
    source = """
      local t = Tool.define { name = "t", run = function() return "x" end }
      local b = Agent.create { name = "b", tools = { t }, max_turns = 2 }
      local a = Agent.create { name = "a", tools = { t }, max_turns = 2, transfer_to = { b } }
      return a:conversation():execute("x").metadata.turns
    """
    assert run(source, replies(calls("t"), calls("transfer_to_b"), calls("t"), {"text": "end"})).result == 4


def test_agents_of_the_manifest_hand_over() -> None:
    manifest = replies(HAND_OVER, {"text": "you owe 3"}) + (
        "[agents.front]\ntransfer_to = ['billing']\n[agents.billing]\nprompt = 'You bill.'"
    )
    assert run("return Agent.get('front'):conversation():execute('x').text", manifest).result == "you owe 3"


def test_an_unknown_agent_to_hand_over_to_is_an_error_before_anything_is_paid() -> None:
    ended = run("Agent.create { name = 'a', transfer_to = { 'nobody' } }:execute('x')", replies({"text": "x"}))
    assert ended.error.message == "agent 'a': there is no agent 'nobody' to hand over to"
    assert ended.error.details["kind"] == "not_found"
    assert ended.usage["provider_calls"] == 0
    misspelt = run("Agent.create { name = 'bob', transfer_to = { 'bobb' } }:execute('x')", replies({"text": "x"}))
    assert misspelt.error.message.endswith("to hand over to; did you mean 'bob'?")
