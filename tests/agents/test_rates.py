"""Limits of a provider's requests on our side, for all tasks of a run and all runs of a process; with a real server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from llmspell.events import CallStarted
from llmspell.manifest.load import parse_manifest
from llmspell.providers.traffic import Traffic
from llmspell.runtime import ScriptRuntime
from tests.providers.loopback import Loopback, Reply, Request, chat, whole
from tests.runtime.running import ran, runtime

MANY = """
  local list = {}
  for i = 1, 12 do list[i] = function() return Agent.create { model = "m" }:execute("hi").text end end
  return #Task.all(list)
"""


class Crowded:
    """A handler that counts how many requests it has at once, and holds each for a while."""

    def __init__(self) -> None:
        self.most = 0
        self._here = 0

    async def __call__(self, _: Request, reply: Reply) -> None:
        self._here += 1
        self.most = max(self.most, self._here)
        await asyncio.sleep(0.02)
        self._here -= 1
        await reply.send(200, whole("x"), content_type="application/json")


def manifest(server: Loopback, limits: str) -> str:
    return f'[providers.p]\nbase_url = "{server.url}"\napi_key_env = "KEY"\n{limits}\n'


def environ(key: str = "sk-1") -> dict[str, str]:
    return {"KEY": key}


def test_no_more_requests_at_once_than_the_manifest_says() -> None:
    handler = Crowded()
    with Loopback(handler) as server:
        ended = asyncio.run(ran(MANY, manifest(server, "max_concurrency = 3"), environ=environ()))
        assert (ended.result, len(server.requests)) == (12, 12)
    assert handler.most == 3


def test_runs_of_a_process_share_them() -> None:
    async def both(server: Loopback) -> None:
        text = manifest(server, "max_concurrency = 2")
        results = await asyncio.gather(*(ran(MANY, text, environ=environ()) for _ in range(3)))
        assert [ended.result for ended in results] == [12, 12, 12]

    handler = Crowded()
    with Loopback(handler) as server:
        asyncio.run(both(server))
    assert handler.most == 2


def test_another_key_is_another_account() -> None:
    async def both(server: Loopback) -> None:
        text = manifest(server, "requests_per_minute = 1")
        one = 'return Agent.create { model = "m" }:execute("hi").text'
        for key in ("sk-1", "sk-2", "sk-3"):
            assert (await ran(one, text, environ=environ(key))).result == "x"
        assert (await ran(one, text, environ=environ("sk-2"))).error.kind == "rate_limit"

    with Loopback(chat("x")) as server:
        asyncio.run(both(server))
        assert len(server.requests) == 3


def test_a_runtime_may_have_traffic_of_its_own() -> None:
    async def both(server: Loopback) -> None:
        parsed = parse_manifest(manifest(server, "requests_per_minute = 1"), file="m.toml", base=Path.cwd())
        for traffic in (Traffic(), Traffic()):
            program = ScriptRuntime(parsed, environ=environ(), traffic=traffic)
            output = await program.execute_script('return Agent.create { model = "m" }:execute("hi").text')
            assert output.result == "x"

    with Loopback(chat("x")) as server:
        asyncio.run(both(server))


@pytest.mark.parametrize("limit", ["requests_per_minute = 2", "tokens_per_minute = 24"])
def test_what_would_have_to_wait_for_longer_than_the_run_may_is_an_error(limit: str) -> None:
    source = """
      local agent = Agent.create { model = "m", max_tokens = 1 }
      agent:execute("hi") agent:execute("hi")
      local ok, e = pcall(agent.execute, agent, "hi")
      return e.kind, e.message, e.retryable
    """
    with Loopback(chat("x")) as server:
        ended = asyncio.run(ran(source, manifest(server, limit), environ=environ()))
        assert len(server.requests) == 2
    kind, message, retryable = ended.report.output.results
    assert (kind, retryable) == ("rate_limit", False)
    assert "of this minute are used up" in message
    assert len(ended.of(CallStarted)) == 2


def test_a_fallback_is_asked_where_a_minute_is_used_up() -> None:
    source = """
      local agent = Agent.create { model = "m", fallback = { "backup/n" } }
      return agent:execute("hi").text .. " " .. agent:execute("hi").text
    """
    with Loopback(chat("x")) as server, Loopback(chat("y")) as backup:
        text = manifest(server, "requests_per_minute = 1")
        text += f'[providers.backup]\nbase_url = "{backup.url}"\n[providers]\ndefault = "p"\n'
        assert asyncio.run(ran(source, text, environ=environ())).result == "x y"


def test_a_cancelled_task_leaves_its_place_to_others() -> None:
    source = """
      local agent = Agent.create { model = "m" }
      local waiting = {}
      for i = 1, 4 do waiting[i] = Task.spawn(agent.execute, agent, "hi") end
      waiting[2]:cancel() waiting[3]:cancel()
      return waiting[1]:await().text .. waiting[4]:await().text
    """
    with Loopback(Crowded()) as server:
        ended = asyncio.run(ran(source, manifest(server, "max_concurrency = 1"), environ=environ()))
        assert (ended.result, len(server.requests)) == ("xx", 2)


def test_a_key_that_is_missing_is_told_as_ever() -> None:
    with Loopback(chat("x")) as server:
        program = runtime(manifest(server, "max_concurrency = 1"))
        report = asyncio.run(program.report('Agent.create { model = "m" }:execute("hi")'))
    assert report.error is not None
    assert report.error.message.startswith("provider 'p': the environment variable KEY is not set")
