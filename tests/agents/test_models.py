"""Which model is asked: fallback models, and agents as tools of other agents."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from llmspell.errors import LimitError
from llmspell.events import CallFinished
from tests.agents.scripted import ECHO, calls, replies
from tests.agents.test_retries import in_turn
from tests.providers.loopback import DONE, Loopback, answer, delta, stream
from tests.runtime.running import ran, run

AGENT = 'local agent = Agent.create { name = "a", fallback = { "backup/second", "third" } } '


def providers(*primary: Mapping[str, Any], backup: Mapping[str, Any] | None = None) -> str:
    """`p` is the default provider."""
    second = replies(backup or {"text": "from backup"}, provider="backup")
    return '[providers]\ndefault = "p"\n' + replies(*primary) + second


@pytest.mark.parametrize("fault", ["connect", "auth", "rate_limit", "overloaded", "timeout", "refused", "garbage"])
def test_where_a_model_fails_the_next_is_asked(fault: str) -> None:
    source = AGENT + "local r = agent:execute('x') return r.text, r.metadata.provider, r.metadata.model"
    ended = run(source, providers({"fault": fault}))
    assert ended.report.output.results == ("from backup", "backup", "second")
    assert [event.ok for event in ended.of(CallFinished)] == [False, True]
    assert ended.usage["provider_calls"] == 2


def test_a_name_without_a_provider_is_a_model_of_the_same_provider() -> None:
    source = AGENT + "local r = agent:execute('x') return r.text, r.metadata.provider, r.metadata.model"
    ended = run(source, providers({"fault": "overloaded"}, {"text": "mine"}, backup={"fault": "connect"}))
    assert ended.report.output.results == ("mine", "p", "third")


def test_when_all_fail_the_last_error_tells_of_the_others() -> None:
    ended = run(AGENT + "agent:execute('x')", providers({"fault": "overloaded"}, backup={"fault": "auth"}))
    assert ended.error.kind == "overloaded"
    attempts = ended.error.details["attempts"]
    assert [(item["model"], item["kind"]) for item in attempts] == [
        ("p/mock", "overloaded"),
        ("backup/second", "auth"),
        ("p/third", "overloaded"),
    ]


TOOLS = """
  local t = Tool.define { name = "t", run = function() return "ran" end }
  local agent = Agent.create { tools = { t }, fallback = { "backup/second", %s } }
  local r = agent:execute("x") return r.text, r.metadata.model
"""
UNABLE = "[providers.backup.capabilities]\ntools = false\n"


def test_a_fallback_that_cannot_do_what_is_asked_is_passed_over() -> None:
    ended = run(TOOLS % '"third"', providers({"fault": "overloaded"}, {"text": "mine"}) + UNABLE)
    assert ended.report.output.results == ("mine", "third")
    assert ended.usage["provider_calls"] == 2


def test_a_fallback_that_cannot_do_what_is_asked_does_not_hide_why_it_was_chosen() -> None:
    ended = run(TOOLS % "", providers({"fault": "overloaded"}) + UNABLE)
    assert (ended.error.kind, ended.error.exit_code) == ("overloaded", 4)
    second = ended.error.details["attempts"][1]
    assert (second["model"], second["kind"]) == ("backup/second", "argument")
    assert "cannot call tools" in second["message"]


def test_what_the_first_model_cannot_do_is_the_scripts_mistake_and_asks_no_other() -> None:
    ended = run(TOOLS % "", providers() + UNABLE.replace("backup", "p"))
    assert (ended.error.kind, ended.usage["provider_calls"]) == ("argument", 0)


def test_the_rest_of_an_execution_stays_with_the_model_that_answered() -> None:
    source = """
      local t = Tool.define { name = "t", run = function() return "ran" end }
      local agent = Agent.create { tools = { t }, fallback = { "backup/second" } }
      local r = agent:execute("go")
      return r.text, r.metadata.provider
    """
    manifest = providers({"fault": "overloaded"}, {"text": "p again"}) + (
        '[[providers.backup.replies]]\nmatch = "go"\ntool_calls = [{ name = "t" }]'
    )
    ended = run(source, manifest)
    assert ended.report.output.results == ("from backup", "backup")
    assert ended.usage["provider_calls"] == 3


def test_an_answer_that_broke_off_before_the_scripts_eyes_is_not_taken_back() -> None:
    source = (
        AGENT
        + """
      local seen = {}
      local ok, e = pcall(function()
        for chunk in agent:stream_execute("x") do seen[#seen + 1] = chunk.content.text end
      end)
      return ok, e.kind, table.concat(seen), e.details.partial_text
    """
    )
    ended = run(source, providers({"fault": "cut", "text": "half of it"}))
    ok, kind, seen, partial = ended.report.output.results
    assert (ok, kind) == (False, "bad_response")
    assert seen == partial != ""
    assert ended.usage["provider_calls"] == 1


def test_a_stream_that_had_not_begun_falls_back_and_says_why() -> None:
    source = (
        AGENT
        + """
      local kinds = {}
      local stream = agent:stream_execute("x")
      for chunk in stream do
        local c = chunk.content
        kinds[#kinds + 1] = c.kind and c.kind .. ":" .. tostring(c.provider) .. ":" .. tostring(c.retry_after) or c.text
      end
      return kinds, stream:collect().metadata.provider
    """
    )
    kinds, provider = run(source, providers({"fault": "rate_limit"})).report.output.results
    assert kinds[0].startswith("stream_start")
    assert kinds[1] == "rate_limit:p:1.0"
    assert "".join(kinds[2:-1]) == "from backup"
    assert provider == "backup"


def test_a_fallback_that_cannot_stream_gives_its_answer_in_one_piece() -> None:
    source = (
        AGENT
        + """
      local texts = {}
      for chunk in agent:stream_execute("x") do texts[#texts + 1] = chunk.content.text end
      return texts
    """
    )
    ended = run(source, providers({"fault": "connect"}) + "[providers.backup.capabilities]\nstreaming = false\n")
    assert ended.result == ["from backup"]


def test_a_limit_is_no_reason_to_fall_back() -> None:
    ended = run(AGENT + "agent:execute('x')", providers({"fault": "overloaded"}) + "[runtime]\nprovider_calls = 1")
    assert isinstance(ended.error, LimitError)


def test_agents_of_the_manifest_fall_back() -> None:
    manifest = providers({"fault": "overloaded"}) + '[agents.a]\nfallback = ["backup/second"]'
    assert run("return Agent.get('a'):execute('x').text", manifest).result == "from backup"


@pytest.mark.parametrize(
    ("fallback", "reason"),
    [("{ 1 }", "field 'fallback': item 1: string expected, got number"), ("'x'", "table expected, got string")],
)
def test_a_wrong_fallback_is_an_argument_error(fallback: str, reason: str) -> None:
    assert reason in run(f"Agent.create {{ fallback = {fallback} }}").error.message


# ---- agents as tools ----

HELPER = 'local helper = Agent.create { name = "my helper", description = "Knows all.", provider = "backup" } '


def test_an_agent_may_be_the_tool_of_another() -> None:
    source = HELPER + "return Agent.create { tools = { helper } }:execute('go').text"
    ended = run(source, providers(calls("my_helper", text="sub question"), ECHO, backup={"text": "heard {input}"}))
    assert ended.result == "the tools said: heard sub question"
    assert (ended.usage["provider_calls"], ended.usage["tool_calls"]) == (3, 1)


def test_its_data_is_the_result_where_it_has_a_schema() -> None:
    source = """
      local helper = Agent.create { name = "helper", provider = "backup", schema = { a = "integer" } }
      return Agent.create { tools = { "helper" } }:execute('go').text
    """
    ended = run(source, providers(calls("helper", text="x"), ECHO, backup={"text": '{"a": 1}'}))
    assert ended.result == 'the tools said: {"a":1}'


def test_its_failure_is_told_to_the_model() -> None:
    source = HELPER + "return Agent.create { tools = { helper } }:execute('go').text"
    ended = run(source, providers(calls("my_helper", text="x"), ECHO, backup={"fault": "auth"}))
    assert ended.result.startswith("the tools said: provider 'backup': ")
    assert "the argument 'text' is missing" in run(source, providers(calls("my_helper"), ECHO)).result


def test_the_answer_of_a_tool_that_hands_over_is_the_others() -> None:
    source = """
      local expert = Agent.create { name = "expert", provider = "backup" }
      local first = Agent.create { name = "first", transfer_to = { expert } }
      return Agent.create { tools = { first } }:execute("go").text
    """
    ended = run(source, providers(calls("first", text="x"), calls("transfer_to_expert"), ECHO))
    assert ended.result == "the tools said: from backup"


def test_limits_hold_beneath_agents_that_call_each_other() -> None:
    manifest = replies(calls("a", "b", text="x")) + (
        '[agents.a]\ntools = ["b"]\n[agents.b]\ntools = ["a"]\n[runtime]\nprovider_calls = 20'
    )
    ended = run("pcall(function() Agent.get('a'):execute('x') end)", manifest)
    assert isinstance(ended.error, LimitError)
    assert (ended.error.limit, ended.usage["provider_calls"]) == ("provider_calls", 20)


def test_agents_that_ask_each_other_nest_within_a_bound() -> None:
    """The innermost is told, and everybody answers."""
    source = """
      local a = Agent.create { name = "a", tools = { "b" } }
      Agent.create { name = "b", tools = { a } }
      return a:execute("go").text
    """
    asks = [calls("ba"[level % 2], text="x") for level in range(17)]
    ended = run(source, replies(*asks, ECHO))
    assert ended.result.endswith("the tools said: agents that ask each other nest at most 16 deep")
    assert ended.usage["provider_calls"] == 34


def test_agents_asked_in_one_turn_answer_at_once() -> None:
    """Each answer takes longer than half of what the two together may."""
    source = """
      local function helper(name) return Agent.create { name = name, provider = "backup" } end
      return Agent.create { tools = { helper "one", helper "two", helper "three" } }:execute("go").text
    """
    manifest = providers(calls("one", "two", "three", text="x"), ECHO, backup={"text": "ok", "delay_ms": 400})
    ended = run(source, manifest + "[runtime]\nscript_timeout_ms = 1000")
    assert ended.result == "the tools said: ok"


def test_tools_of_both_kinds_run_at_once() -> None:
    """Each waits for the other: one after the other they would never end."""
    from llmspell.tools.base import Tool

    async def both() -> str:
        begun, may_end = asyncio.Event(), asyncio.Event()

        async def host(_: object) -> str:
            begun.set()
            await may_end.wait()
            return "host"

        async def wait(_: object) -> str:
            await begun.wait()
            may_end.set()
            return ""

        source = """
          local mine = Tool.define { name = "mine", run = function() Tool.execute("wait") return "script" end }
          local c = Agent.create { tools = { "host", mine } }:conversation()
          c:execute("go")
          return c:history()[3].text .. " " .. c:history()[4].text
        """
        tools = [Tool(name="host", run=host), Tool(name="wait", run=wait)]
        result = (await ran(source, replies(calls("host", "mine"), ECHO), tools=tools)).result
        assert isinstance(result, str)
        return result

    assert asyncio.run(both()) == "host script"


def test_two_tools_of_one_name_are_an_error() -> None:
    source = """
      local function tool() return Tool.define { name = "t", run = print } end
      Agent.create { tools = { tool(), tool() } }:execute("x")
    """
    assert "field 'tools': item 2: there is a tool 't' before it" in run(source).error.message


def test_what_is_wrong_with_a_fallbacks_answer_is_not_hidden_by_why_it_was_chosen() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,eHh4"}}
    handler = in_turn(answer(503), stream(delta("see: "), delta(images=[picture]), delta(finish="stop"), DONE))
    with Loopback(handler) as server:
        manifest = f'[providers.p]\nmodel = "m"\nmax_retries = 0\nbase_url = "{server.url}"'
        source = """
          for i = 1, 1000 do Media.from_base64(("%04d"):format(i)) end  -- and no more fit
          for _ in Agent.create { fallback = { "other" } }:stream_execute("x") do end
        """
        ended = run(source, manifest)
    assert ended.error.kind == "invalid_media"
    assert [attempt["kind"] for attempt in ended.error.details["attempts"]] == ["overloaded", "invalid_media"]
