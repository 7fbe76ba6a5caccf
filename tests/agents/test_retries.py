"""Model turns that are asked for again, against a real server: when, how often, what is told of it, and what then."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import LimitError
from llmspell.events import CallFinished, CallRetried, CallStarted
from llmspell.manifest.load import parse_manifest
from llmspell.runtime import ScriptRuntime
from tests.providers.loopback import Handler, Loopback, Reply, Request, answer, chat, delta, stream, whole
from tests.runtime.running import Ran, ran

NOW = {"retry_after_ms": "0"}
BUSY = answer(503, b'{"error":{"message":"come back"}}', **NOW)
LIMITED = answer(429, b'{"error":{"message":"slow down"}}', **NOW)
ASK = 'return Agent.create { name = "a" }:execute("hi").text'
STREAM = """
  local kinds, text = {}, {}
  for chunk in Agent.create { name = "a" }:stream_execute("hi") do
    local c = chunk.content
    if c.type == "control" then kinds[#kinds + 1] = c end
    text[#text + 1] = c.text
  end
  return table.concat(text), kinds
"""


def in_turn(*handlers: Handler) -> Handler:
    """A server that answers its first request by the first of these, and so on, the last one again and again."""
    count = 0

    async def handler(request: Request, reply: Reply) -> None:
        nonlocal count
        chosen = handlers[min(count, len(handlers) - 1)]
        count += 1
        await chosen(request, reply)

    return handler


def asked(*handlers: Handler, source: str = ASK, provider: str = "", more: str = "") -> tuple[Ran, int]:
    """How the run ended, and how many requests the server had."""
    with Loopback(in_turn(*handlers)) as server:
        manifest = f'[providers.p]\nmodel = "m"\nbase_url = "{server.url}"\n{provider}\n{more}\n'
        ended = asyncio.run(ran(source, manifest))
        return ended, len(server.requests)


def test_a_server_that_is_busy_is_asked_again() -> None:
    ended, requests = asked(BUSY, LIMITED, chat("at last"))
    assert (ended.result, requests) == ("at last", 3)
    assert ended.usage["provider_calls"] == 3
    assert [event.ok for event in ended.of(CallFinished)] == [False, False, True]


def test_every_attempt_is_told_of() -> None:
    ended, _ = asked(BUSY, LIMITED, chat("at last"))
    first, second = ended.of(CallRetried)
    assert (first.attempt, first.delay, first.op, first.label) == (1, 0.0, "model.turn", "a (p/m)")
    assert "come back" in first.error
    assert (second.attempt, "slow down" in second.error) == (2, True)
    kinds = [type(event) for event in ended.events if isinstance(event, (CallStarted, CallFinished, CallRetried))]
    assert kinds == [CallStarted, CallFinished, CallRetried] * 2 + [CallStarted, CallFinished]


def test_after_two_more_attempts_it_is_given_up() -> None:
    ended, requests = asked(BUSY)
    assert (ended.error.kind, requests) == ("overloaded", 3)
    assert len(ended.of(CallRetried)) == 2


@pytest.mark.parametrize(("retries", "requests"), [(0, 1), (1, 2), (5, 6)])
def test_the_manifest_says_how_often(retries: int, requests: int) -> None:
    assert asked(BUSY, provider=f"max_retries = {retries}")[1] == requests


NO_CREDIT = b'{"error":{"message":"no money","code":"insufficient_quota"}}'


@pytest.mark.parametrize(
    ("failure", "requests"),
    [
        (answer(400, b"{}", **NOW), 1),
        (answer(401, b"{}", **NOW), 1),
        (answer(402, b"{}", **NOW), 1),
        (answer(404, b"{}", **NOW), 1),
        (answer(429, NO_CREDIT, **NOW), 1),
        (answer(503, b"{}", x_should_retry="false", **NOW), 1),
        (answer(400, b"{}", x_should_retry="true", **NOW), 3),
        (answer(408, b"{}", **NOW), 3),
        (answer(409, b"{}", **NOW), 3),
        (answer(429, b"{}", **NOW), 3),
        (answer(500, b"{}", **NOW), 3),
        (answer(529, b"{}", **NOW), 3),
    ],
    ids=lambda item: str(item) if isinstance(item, int) else "",
)
def test_what_another_attempt_may_mend_and_what_not(failure: Handler, requests: int) -> None:
    ended, count = asked(failure)
    assert ended.error is not None
    assert count == requests


def test_a_person_before_the_terminal_has_seen_nothing_of_what_the_model_only_thought() -> None:
    with Loopback(in_turn(stream(delta(reasoning="Let me see"), end=False), chat("fine"))) as server:
        manifest = f'[providers.p]\nmodel = "m"\nbase_url = "{server.url}"'
        live = ScriptRuntime(parse_manifest(manifest, file="test.toml", base=Path.cwd()), environ={}, live=True)
        output = asyncio.run(live.execute_script(ASK))
    assert (output.result, len(server.requests)) == ("fine", 2)


def test_an_answer_that_broke_off_before_anybody_saw_it_is_asked_for_again() -> None:
    async def cut(_: Request, reply: Reply) -> None:
        await reply.stream([whole("x")[:20]], content_type="application/json", end=False)

    ended, requests = asked(cut, chat("whole"))
    assert (ended.result, requests) == ("whole", 2)


def test_a_wait_beyond_the_runs_end_is_refused_and_the_error_says_so() -> None:
    ended, requests = asked(answer(429, b"{}", retry_after="3600"), more="[runtime]\ntimeout = '20s'")
    assert (ended.error.kind, requests) == ("rate_limit", 1)
    assert "the server asks to wait 3,600 s, and the run has" in ended.error.message
    assert "`timeout`" in ended.error.hint
    assert ended.of(CallRetried) == []


def test_where_a_wait_is_refused_the_next_model_is_asked() -> None:
    with Loopback(chat("from backup")) as backup:
        ended, requests = asked(
            answer(429, b"{}", retry_after="3600"),
            source='return Agent.create { fallback = { "backup/m" } }:execute("hi").text',
            provider="",
            more=f'[providers.backup]\nbase_url = "{backup.url}"\n[providers]\ndefault = "p"\n',
        )
    assert (ended.result, requests) == ("from backup", 1)


def test_a_stream_that_had_not_begun_is_asked_for_again_and_the_script_learns_of_it() -> None:
    ended, requests = asked(BUSY, LIMITED, chat("one two"), source=STREAM)
    text, controls = ended.report.output.results
    assert (text, requests) == ("one two", 3)
    assert [chunk["kind"] for chunk in controls] == ["stream_start", "rate_limit", "stream_end"]
    assert controls[1] == {"type": "control", "kind": "rate_limit", "provider": "p", "retry_after": 0.0}


def test_a_stream_of_which_the_script_has_seen_something_is_not_asked_for_again() -> None:
    async def cut(_: Request, reply: Reply) -> None:
        await reply.stream([delta("half ")], end=False)

    ended, requests = asked(cut, chat("whole"), source=STREAM)
    assert (ended.error.kind, ended.error.details["partial_text"], requests) == ("bad_response", "half ", 1)


def test_attempts_count_as_calls() -> None:
    ended, requests = asked(BUSY, more="[runtime]\nprovider_calls = 2")
    assert isinstance(ended.error, LimitError)
    assert (ended.error.limit, requests, ended.usage["provider_calls"]) == ("provider_calls", 2, 2)


def test_first_the_same_model_again_and_then_the_fallback() -> None:
    with Loopback(in_turn(BUSY, chat("from backup"))) as backup:
        ended, requests = asked(
            BUSY,
            source='local r = Agent.create { fallback = { "backup/n" } }:execute("x") return r.text',
            provider="max_retries = 1",
            more=f'[providers.backup]\nbase_url = "{backup.url}"\n[providers]\ndefault = "p"\n',
        )
        assert len(backup.requests) == 2
    assert ended.result == "from backup"
    assert requests == 2
    assert [event.label.split(" ")[-1] for event in ended.of(CallStarted)] == ["(p/m)"] * 2 + ["(backup/n)"] * 2


def test_a_run_that_is_stopped_while_it_waits_for_its_next_attempt_ends_at_once() -> None:
    source = """
      local ok, e = pcall(Task.timeout, 0.05, function() return Agent.create {}:execute("hi") end)
      return e.kind
    """
    ended, requests = asked(answer(429, b"{}", retry_after="25"), source=source)
    assert (ended.result, requests) == ("timeout", 1)
    assert len(ended.of(CallRetried)) == 1


def test_tools_are_not_run_again() -> None:
    source = """
      local count = 0
      local t = Tool.define { name = "t", run = function() count = count + 1 return "done" end }
      local text = Agent.create { tools = { t } }:execute("hi").text
      return text, count
    """
    call: dict[str, Any] = {"id": "1", "type": "function", "function": {"name": "t", "arguments": "{}"}}
    with_call = answer(200, whole("", tool_calls=[call]), content_type="application/json")
    ended, requests = asked(BUSY, with_call, BUSY, chat("after the tool"), source=source)
    assert ended.report.output.results == ("after the tool", 1)
    assert requests == 4
