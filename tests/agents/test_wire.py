"""Agents on a real HTTP server on loopback: what is asked, when chunks arrive, and when connections are closed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from llmspell.tools.base import Tool
from tests.providers.loopback import DONE, Loopback, Reply, Request, chat, delta, event, stream
from tests.runtime.running import Ran, ran

AGENT = 'local agent = Agent.create { name = "a" } '


def manifest(server: Loopback, extra: str = "") -> str:
    return f'[providers.p]\nkind = "openai"\nmodel = "m"\nbase_url = "{server.url}/v1"\n{extra}\n'


def tool(name: str, act: Callable[[], Awaitable[Any]]) -> Tool:
    async def run(_: Mapping[str, Any]) -> Any:
        return await act()

    return Tool(name=name, run=run)


def with_server(handler: Any, source: str, extra: str = "") -> tuple[Ran, Loopback]:
    """Run a script whose tools tell it when the server was `asked` and when the client is `gone`."""

    async def both(server: Loopback) -> Ran:
        tools = [tool("asked", server.wait_asked), tool("gone", server.wait_gone)]
        return await ran(AGENT + source, manifest(server, extra), tools=tools)

    with Loopback(handler) as server:
        return asyncio.run(both(server)), server


async def silent(_: Request, reply: Reply) -> None:
    await reply.client_gone()


async def one_chunk_then_silent(_: Request, reply: Reply) -> None:
    await reply.stream([delta("first ")], end=False)
    await reply.client_gone()


def test_execute_asks_the_server_and_gives_its_answer() -> None:
    ended, server = with_server(chat("Hello from the server"), 'return agent:execute("What?")')
    assert ended.result["text"] == "Hello from the server"
    assert ended.result["metadata"]["usage"]["input_tokens"] == 5
    assert ended.result["metadata"]["model"] == "served-model"
    (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.json["messages"] == [{"role": "user", "content": "What?"}]
    assert not request.json.get("stream")
    assert (ended.usage["input_tokens"], ended.usage["output_tokens"]) == (5, 7)


def test_what_the_script_passes_is_what_is_sent() -> None:
    source = """
      local agent = Agent.create {
        prompt = "Be brief.", temperature = 0.5, max_tokens = 50, parameters = { top_p = 0.9, seed = 1 },
        tools = { Tool.define { name = "t", description = "d", parameters = { a = "number" }, run = print } },
      }
      agent:execute { text = "Hi", parameters = { temperature = 0.25, seed = 2, logit_bias = JSON.parse("{}") } }
    """
    ended, server = with_server(chat("x"), source)
    assert ended.report.error is None
    body = server.requests[0].json
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert (body["temperature"], body["top_p"], body["seed"], body["logit_bias"]) == (0.25, 0.9, 2, {})
    assert 50 in (body.get("max_tokens"), body.get("max_completion_tokens"))
    (function,) = (item["function"] for item in body["tools"])
    assert (function["name"], function["description"]) == ("t", "d")
    assert function["parameters"]["required"] == ["a"]


def test_chunks_arrive_when_the_server_sends_them() -> None:
    """The server sends the second chunk only when the script has told that it has the first."""

    async def both() -> Ran:
        seen = asyncio.Event()

        async def handler(_: Request, reply: Reply) -> None:
            await reply.start(content_type="text/event-stream")
            await reply.chunk(delta("first "))
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(seen.wait(), script_loop))
            await reply.chunk(delta("second") + delta(finish="stop") + DONE)
            await reply.end()

        async def tell() -> bool:
            seen.set()
            return True

        script_loop = asyncio.get_running_loop()
        source = """
          local texts = {}
          for chunk in agent:stream_execute("x") do
            texts[#texts + 1] = chunk.content.text
            if chunk.content.text == "first " then Tool.execute("seen") end
          end
          return texts
        """
        with Loopback(handler) as server:
            return await ran(AGENT + source, manifest(server), tools=[tool("seen", tell)])

    assert asyncio.run(both()).result == ["first ", "second"]


LEAVING = {
    "break": 'for chunk in agent:stream_execute("x") do if chunk.content.text then break end end',
    "return": """
      local function first() for c in agent:stream_execute("x") do if c.content.text then return end end end
      first()""",
    "an error": """
      pcall(function() for c in agent:stream_execute("x") do if c.content.text then error("leave") end end end)""",
    "cancel": 'local s = agent:stream_execute("x") s:next() s:next() s:cancel()',
    "to be closed": 'do local s <close> = agent:stream_execute("x") s:next() s:next() end',
    "collected": 'do local s = agent:stream_execute("x") s:next() s:next() end collectgarbage() collectgarbage()',
    "never read": 'agent:stream_execute("x") Tool.execute("asked") collectgarbage() collectgarbage()',
    "a map of it is left": """
      local function text_of(chunk) return chunk.content.text end
      for _ in Stream.map(agent:stream_execute("x"), text_of) do break end""",
    "enough is taken": 'Stream.take(agent:stream_execute("x"), 2):collect()',
    "a merged stream is left": """
      for given in Stream.merge { Stream.create(Task.sleep, 60), agent:stream_execute("x") } do
        if given.item.content.text then break end
      end""",
    "a merged stream is collected": """
      do Stream.merge { agent:stream_execute("x") }:next() end
      Tool.execute("asked") collectgarbage() collectgarbage()""",
    "a stream that reads it is cancelled": """
      local s = Stream.create(function()
        for chunk in agent:stream_execute("x") do coroutine.yield(chunk) end
      end)
      s:next() s:next() s:cancel()""",
    "its task is cancelled": """
      local t = Task.spawn(function() for _ in agent:stream_execute("x") do end end)
      Tool.execute("asked")
      t:cancel()""",
    "in a coroutine that is closed": """
      local co = coroutine.create(function() for _ in agent:stream_execute("x") do coroutine.yield() end end)
      coroutine.resume(co) coroutine.resume(co)
      coroutine.close(co)""",
}


@pytest.mark.parametrize("way", sorted(LEAVING))
def test_leaving_a_stream_closes_its_connection(way: str) -> None:
    ended, _ = with_server(one_chunk_then_silent, LEAVING[way] + ' return Tool.execute("gone")')
    assert ended.result is True


GIVING_UP = {
    "cancel": 'local t = Task.spawn(agent.execute, agent, "x") Tool.execute("asked") t:cancel()',
    "race": 'Task.race { function() agent:execute("x") end, function() Tool.execute("asked") end }',
    "all": 'pcall(Task.all, { function() agent:execute("x") end, function() Tool.execute("asked") error("x") end })',
    "timeout": 'pcall(Task.timeout, 0.2, agent.execute, agent, "x")',
    "the parent ends": """
      Task.spawn(function()
        Task.spawn(agent.execute, agent, "x")
        Tool.execute("asked")
      end):await()""",
    "cancelled in a coroutine": """
      local t = Task.spawn(function()
        coroutine.wrap(function() coroutine.wrap(function() agent:execute("x") end)() end)()
      end)
      Tool.execute("asked")
      t:cancel()""",
}


@pytest.mark.parametrize("way", sorted(GIVING_UP))
def test_cancelling_who_waits_for_the_provider_closes_the_connection(way: str) -> None:
    ended, server = with_server(silent, GIVING_UP[way] + ' return Tool.execute("gone")')
    assert ended.result is True
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", ['agent:execute("x")', 'for _ in agent:stream_execute("x") do end'])
def test_the_end_of_the_run_closes_what_is_open(body: str) -> None:
    """However it ends: by its time, by an error, by being cancelled, or well."""
    endings: dict[str, tuple[str, str]] = {
        "by its time": (body, '[runtime]\ntimeout = "200ms"'),
        "by an error": (f"Task.spawn(function() {body} end) Tool.execute('asked') error('end')", ""),
        "well": (f"Task.spawn(function() {body} end) Tool.execute('asked')", ""),
        "by its fuel": (
            f"Task.spawn(function() {body} end) Tool.execute('asked') while true do end",
            "[runtime]\nfuel = 10_000_000",
        ),
        "in a comparator": (f"table.sort({{ 1, 2 }}, function() {body} end)", '[runtime]\ntimeout = "200ms"'),
    }

    async def ends(source: str, extra: str) -> bool:
        with Loopback(one_chunk_then_silent if "stream" in body else silent) as server:
            await ran(AGENT + source, manifest(server, extra), tools=[tool("asked", server.wait_asked)])
            return await server.wait_gone()

    for how, (source, extra) in endings.items():
        assert asyncio.run(ends(source, extra)), how


@pytest.mark.parametrize("body", ['agent:execute("x")', 'agent:stream_execute("x"):text()'])
def test_cancelling_the_run_from_outside_closes_the_connection(body: str) -> None:
    async def cancelled() -> bool:
        with Loopback(silent) as server:
            task = asyncio.ensure_future(ran(AGENT + body, manifest(server)))
            assert await server.wait_asked()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return await server.wait_gone()

    assert asyncio.run(cancelled())


def test_a_slow_script_bounds_what_is_read() -> None:
    """The server would send 200 MB; the script reads one chunk and waits. What was sent is what fits on the way."""
    sent = 0

    async def flood(_: Request, reply: Reply) -> None:
        nonlocal sent
        piece = delta("x" * 16_000)
        await reply.start(content_type="text/event-stream")
        for _n in range(12_500):
            await reply.chunk(piece)
            sent += len(piece)

    source = """
      local stream = agent:stream_execute("x")
      stream:next() stream:next()
      Task.sleep(0.5)
      stream:cancel()
      return "well"
    """
    ended, _ = with_server(flood, source, "max_reply_bytes = 1_000_000_000")
    assert ended.result == "well"
    assert 16_000 < sent < 20_000_000


def test_an_error_in_a_stream_keeps_what_came() -> None:
    source = """
      local texts = {}
      local ok, e = pcall(function()
        for chunk in agent:stream_execute("x") do texts[#texts + 1] = chunk.content.text end
      end)
      return ok, texts, e.kind, e.details
    """
    handler = stream(delta("one "), delta("two "), event({"error": {"message": "overloaded", "type": "server_error"}}))
    ok, texts, _, details = with_server(handler, source)[0].report.output.results
    assert (ok, texts, details["partial_text"]) == (False, ["one ", "two "], "one two ")
    ok, texts, kind, details = with_server(stream(delta("one "), end=False), source)[0].report.output.results
    assert (ok, texts, details["partial_text"]) == (False, ["one "], "one ")
    assert kind in ("bad_response", "connect")


def test_tool_calls_stream_in_fragments_and_bad_arguments_are_told() -> None:
    """The server asks for a tool of the script twice, once with arguments that are no JSON."""

    def asks(index: int, call_id: str, fragments: list[str]) -> list[bytes]:
        head = {"index": index, "id": call_id, "function": {"name": "t", "arguments": ""}}
        rest = [{"index": index, "function": {"arguments": text}} for text in fragments]
        return [delta(tool_calls=[item]) for item in (head, *rest)]

    async def handler(request: Request, reply: Reply) -> None:
        if request.json["messages"][-1]["role"] == "tool":
            said = " / ".join(m["content"] for m in request.json["messages"] if m["role"] == "tool")
            await reply.stream([delta(said), delta(finish="stop"), DONE])
        else:
            good, bad = asks(0, "call_a", ['{"x"', ": 4", "2}"]), asks(1, "call_b", ['{"x": '])
            await reply.stream([*good, *bad, delta(finish="tool_calls"), DONE])

    source = """
      local ran = 0
      local tool = Tool.define { name = "t", run = function(args) ran = ran + 1 return "got " .. tostring(args.x) end }
      local texts, fragments = {}, {}
      for chunk in Agent.create { tools = { tool } }:stream_execute("x") do
        local content = chunk.content
        if content.type == "tool_call_progress" and content.tool_id == "call_a" then
          fragments[#fragments + 1] = content.partial_args
        end
        texts[#texts + 1] = content.text
      end
      return table.concat(texts), ran, table.concat(fragments)
    """
    ended, _ = with_server(handler, source)
    text, times, fragments = ended.report.output.results
    assert times == 1
    assert fragments == '{"x": 42}'
    assert "got 42" in text
    assert "not valid JSON" in text


def test_the_results_of_one_turn_stand_in_the_order_of_its_calls() -> None:
    """Whoever ran them, and whichever could not be run."""
    wanted = [
        ("mine", '{"n": 1}'),
        ("host", "{}"),
        ("mine", "{bad"),
        ("nowhere", "{}"),
        ("mine", '{"n": "x"}'),
        ("mine", "[]"),
    ]
    asked = [
        {"id": f"c{i}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for i, (name, arguments) in enumerate(wanted)
    ]

    async def answer(request: Request, reply: Reply) -> None:
        if request.json["messages"][-1]["role"] == "tool":
            await chat("done")(request, reply)
            return
        message = {"role": "assistant", "content": None, "tool_calls": asked}
        body = {"id": "x", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
        await reply.send(200, json.dumps(body).encode(), content_type="application/json")

    async def host() -> str:
        return "from the host"

    source = (
        AGENT
        + """
      local mine = Tool.define {
        name = "mine", parameters = { n = "number" }, run = function(args) Task.sleep(0.001) return args.n end,
      }
      return Agent.create { tools = { "host", mine } }:execute("x").text
    """
    )
    with Loopback(answer) as server:
        ended = asyncio.run(ran(source, manifest(server), tools=[tool("host", host)]))
    assert ended.result == "done"
    results = [message for message in server.requests[1].json["messages"] if message["role"] == "tool"]
    assert [result["tool_call_id"] for result in results] == ["c0", "c1", "c2", "c3", "c4", "c5"]
    told = [result["content"] for result in results]
    assert told[:2] == ["1", "from the host"]
    assert told[2].startswith("the arguments are not valid JSON (")
    assert told[3:5] == ["there is no tool 'nowhere'", "tool 'mine': argument 'n': \"x\" is not of type \"number\""]
    assert told[5] == "the arguments are a list, not an object"


def test_many_agents_at_once_on_one_server() -> None:
    source = """
      local list = {}
      for i = 1, 60 do list[i] = i end
      local answers = Task.map(list, function(i) return agent:execute("question " .. i).text end)
      return #answers, answers[60]
    """
    ended, server = with_server(chat("an answer"), source)
    assert ended.report.output.results == (60, "an answer")
    asked = {request.json["messages"][0]["content"] for request in server.requests}
    assert asked == {f"question {i}" for i in range(1, 61)}


def test_what_has_no_json_form_is_an_error_of_the_script() -> None:
    for value in ("0/0", "math.huge", "'\\xff'", "{ ['\\xff'] = 1 }", "{ a = { '\\xff' } }"):
        source = "local ok, e = pcall(agent.execute, agent, { text = 'x', parameters = { p = %s } }) return ok, e.kind"
        ended, server = with_server(chat("x"), source % value)
        assert ended.report.output.results == (False, "argument"), value
        assert server.requests == []
