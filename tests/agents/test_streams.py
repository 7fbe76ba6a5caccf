"""Streams of agents: chunks, their numbering, tools in them, errors, closing; mostly with the scripted provider."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from llmspell.agents.loop import AgentLoop
from llmspell.agents.payload import output_of
from llmspell.agents.shown import Sink
from llmspell.agents.spec import AgentSpec
from llmspell.agents.streams import BUFFER, Stream, Streams
from llmspell.errors import StreamingNotSupported
from llmspell.events import CallFinished
from llmspell.media.store import MediaStore
from llmspell.types import AgentInput, AgentOutput, ModelReply
from tests.agents.scripted import ECHO, calls, replies
from tests.agents.test_tools import UPPER
from tests.runtime.running import Ran, run

COLLECT = """
  local agent = Agent.create { name = "a", tools = TOOLS or {} }
  local chunks, failure = {}, nil
  local ok, e = pcall(function()
    for chunk in agent:stream_execute("Count to 5") do chunks[#chunks + 1] = chunk end
  end)
  return chunks, ok, not ok and e or nil
"""


def chunks_of(ended: Ran) -> list[dict[str, Any]]:
    assert ended.report.error is None, ended.report.error
    chunks: list[dict[str, Any]] = ended.report.output.results[0]
    assert [chunk["chunk_index"] for chunk in chunks] == list(range(len(chunks)))
    assert {chunk["stream_id"] for chunk in chunks} == {"stream-1"}
    return chunks


def contents(ended: Ran) -> list[dict[str, Any]]:
    return [chunk["content"] for chunk in chunks_of(ended)]


def test_a_stream_is_a_start_the_pieces_and_an_end() -> None:
    first, *pieces, last = contents(run(COLLECT, replies({"text": "one two three", "chunk_words": 1})))
    assert first == {"type": "control", "kind": "stream_start"}
    assert pieces == [{"type": "text", "text": text} for text in ("one ", "two ", "three")]
    assert (last["type"], last["kind"], last["finish_reason"]) == ("control", "stream_end", "stop")
    assert last["usage"]["output_tokens"] > 0


def test_an_empty_answer_is_a_start_and_an_end() -> None:
    assert [item["type"] for item in contents(run(COLLECT, replies({"text": ""})))] == ["control", "control"]


def test_a_thousand_chunks_come_without_gaps() -> None:
    text = " ".join(str(i) for i in range(1000))
    ended = run(COLLECT, replies({"text": text}))
    assert "".join(item.get("text", "") for item in contents(ended)) == text


def test_tools_of_both_kinds_run_within_a_stream() -> None:
    manifest = replies({**calls("upper", "mine", text="x"), "text": "let me see"}, ECHO)
    define = """
      local mine = Tool.define { name = "mine", run = function(args) Task.sleep(0) return "mine " .. args.text end }
      TOOLS = { "upper", mine }
    """
    ended = run(define + COLLECT, manifest, tools=[UPPER])
    found = contents(ended)
    kinds = [item["kind"] if item["type"] == "control" else item["type"] for item in found]
    assert kinds[0] == "stream_start"
    assert kinds[-1] == "stream_end"
    assert kinds.count("tool_call_progress") == 2
    complete = {item["name"]: item for item in found if item["type"] == "tool_call_complete"}
    assert complete["upper"]["result"] == "X"
    assert complete["mine"]["result"] == "mine x"
    assert complete["mine"]["args"] == {"text": "x"}
    assert not complete["mine"]["is_error"]
    progress = [item for item in found if item["type"] == "tool_call_progress"]
    assert {item["tool_id"] for item in progress} == {item["tool_id"] for item in complete.values()}
    text = "".join(item["text"] for item in found if item["type"] == "text")
    assert text == "let me seethe tools said: mine x"


def test_what_came_before_a_script_tool_is_seen_before_it_runs() -> None:
    source = """
      local seen = {}
      local tool = Tool.define { name = "t", run = function() return table.concat(seen, " ") end }
      for chunk in Agent.create { tools = { tool } }:stream_execute("go") do
        seen[#seen + 1] = chunk.content.kind or chunk.content.text or chunk.content.type
      end
      return table.concat(seen, " ")
    """
    ended = run(source, replies({**calls("t"), "text": "thinking"}, {"text": "end"}))
    before = "stream_start thinking tool_call_progress"
    assert ended.result == f"{before} tool_call_complete end stream_end"


def test_a_failing_tool_is_a_chunk_and_the_stream_goes_on() -> None:
    define = "TOOLS = { Tool.define { name = 't', run = function() error('broken', 0) end } }"
    found = contents(run(define + COLLECT, replies(calls("t"), ECHO)))
    (complete,) = (item for item in found if item["type"] == "tool_call_complete")
    assert (complete["result"], complete["is_error"]) == ("broken", True)
    assert found[-1]["kind"] == "stream_end"


def test_an_error_keeps_the_chunks_before_it() -> None:
    ended = run(COLLECT, replies({"text": "one two three four", "fault": "cut"}))
    chunks, ok, error = ended.report.output.results
    assert ok is False
    assert "".join(chunk["content"].get("text", "") for chunk in chunks) == "one two t"
    assert error["kind"] == "bad_response"
    assert error["details"]["partial_text"] == "one two t"


def test_an_error_of_the_provider_at_the_start_comes_with_the_first_chunk() -> None:
    ended = run(COLLECT, replies({"fault": "rate_limit"}))
    chunks, ok, error = ended.report.output.results
    assert ok is False
    assert error["kind"] == "rate_limit"
    assert error["retryable"] is True
    assert [chunk["content"]["kind"] for chunk in chunks] == ["stream_start"]


def test_after_an_error_a_stream_is_at_its_end() -> None:
    source = """
      local stream = Agent.create {}:stream_execute("x")
      local errors = 0
      repeat
        local ok, chunk = pcall(stream.next, stream)
        if not ok then errors = errors + 1 end
      until ok and chunk == nil
      return errors, stream:collect()
    """
    assert run(source, replies({"text": "a b", "fault": "cut"})).report.output.results == (1, None)


def test_several_tasks_may_read_one_stream() -> None:
    source = """
      local stream = Agent.create {}:stream_execute("x")
      local got, ended = {}, 0
      local function read()
        for chunk in stream do
          got[#got + 1] = chunk.chunk_index
          Task.sleep(0)
        end
        ended = ended + 1
      end
      Task.all { read, read, read, read }
      table.sort(got)
      for i, index in ipairs(got) do assert(index == i - 1) end
      return #got, ended, stream:collect().text
    """
    text = " ".join(["word"] * 50)
    ended = run(source, replies({"text": text, "chunk_delay_ms": 1}))
    assert ended.report.output.results == (52, 4, text)


def test_who_waits_for_a_stream_that_another_task_cancels_gets_its_end() -> None:
    source = """
      local stream = Agent.create {}:stream_execute("x")
      stream:next()
      local reader = Task.spawn(function() return stream:next().content.kind, stream:next() end)
      local other = Task.spawn(function() return stream:next() end)
      Task.sleep(0.01)
      stream:cancel()
      local kind, after = reader:await()
      return kind, after, other:await()
    """
    ended = run(source, replies({"text": "late", "delay_ms": 60_000}))
    assert ended.report.output.results == ("cancelled", None, None)


@pytest.mark.parametrize("read", [0, 1, 3, 5])
def test_the_last_chunk_of_a_cancelled_stream_says_so(read: int) -> None:
    """Its number follows the last one read, whatever had arrived and was dropped."""
    source = f"""
      local stream = Agent.create {{ name = "a" }}:stream_execute("x")
      for _ = 1, {read} do stream:next() end
      stream:cancel()
      assert(not stream:isDone())
      local last = stream:next()
      stream:cancel()
      return last, stream:next(), stream:isDone(), stream.status, stream:collect()
    """
    results = run(source, replies({"text": "one two three four five"})).report.output.results
    assert results[1:] == (None, True, "cancelled", None)
    last = results[0]
    assert last.pop("timestamp") > 1.7e9
    assert last == {
        "stream_id": "stream-1",
        "chunk_index": read,
        "metadata": {"agent": "a"},
        "content": {"type": "control", "kind": "cancelled"},
    }


def test_cancelling_a_stream_that_was_read_to_its_end_changes_nothing() -> None:
    source = """
      local stream = Agent.create {}:stream_execute("x")
      local text = stream:collect().text
      stream:cancel()
      return text, stream:next(), stream.status, stream:collect().text
    """
    assert run(source, replies({"text": "whole"})).report.output.results == ("whole", None, "done", "whole")


def test_a_reply_that_a_cancelled_task_did_not_take_is_not_lost() -> None:
    """The reader and main are answered in one turn; main runs first, and cancels it."""
    source = """
      local stream, index = Agent.create {}:stream_execute("x"), 0
      local function read()
        for chunk in stream do
          assert(chunk.chunk_index == index)
          index = index + 1
        end
      end
      while not stream:isDone() do
        local reader = Task.spawn(read)
        Task.sleep(0)
        reader:cancel()
      end
      return index, stream:collect().text
    """
    text = " ".join(["word"] * 200)
    ended = run(source, replies({"text": text}))
    assert ended.report.output.results == (202, text)


def test_a_script_tool_whose_reader_is_cancelled_runs_again_for_the_next_one() -> None:
    source = """
      local runs = 0
      local tool = Tool.define { name = "t", run = function()
        runs = runs + 1
        Task.sleep(runs == 1 and 60 or 0)
        return "run " .. runs
      end }
      local stream = Agent.create { tools = { tool } }:stream_execute("go")
      local reader = Task.spawn(stream.collect, stream)
      repeat Task.sleep(0) until runs == 1
      reader:cancel()
      return stream:text(), runs
    """
    ended = run(source, replies(calls("t"), ECHO, {"text": "never asked"}))
    assert ended.report.output.results == ("the tools said: run 2", 2)
    assert ended.usage["provider_calls"] == 2


def test_a_derived_stream_takes_its_source_through_the_tool_loop() -> None:
    source = """
      local tool = Tool.define { name = "t", run = function() return "done" end }
      local agent = Agent.create { tools = { tool } }
      local kinds = Stream.map(agent:stream_execute("go"), function(chunk)
        return chunk.content.kind or chunk.content.type
      end)
      return table.concat(kinds:collect(), " ")
    """
    assert run(source, replies(calls("t"), {"text": "end"})).result == (
        "stream_start tool_call_progress tool_call_complete text stream_end"
    )


@pytest.mark.parametrize("source", ["for i = 1, 20 do for c in agent:stream_execute('x') do break end end", """
  for i = 1, 20 do agent:stream_execute('x'):next() end
  for _ = 1, 3 do collectgarbage() end
"""])  # fmt: skip
def test_streams_that_are_left_or_dropped_are_closed(source: str) -> None:
    """More of them than may be open at once: each is closed before the limit is reached."""
    body = "" if "break" in source else "Task.sleep(0)"
    script = f"local agent = Agent.create {{}} for _ = 1, 3 do {source} {body} end return 'well'"
    ended = run(script, replies({"text": "a b", "delay_ms": 60_000}) + "\n[runtime]\nstreams = 25")
    assert ended.result == "well"
    assert len(ended.of(CallFinished)) == 60


def test_a_stream_of_a_cancelled_task_is_closed() -> None:
    source = """
      local agent = Agent.create {}
      for _ = 1, 30 do
        local t = Task.spawn(function() for _ in agent:stream_execute("x") do end end)
        Task.sleep(0)
        t:cancel()
      end
      -- also where it is opened and cancelled in one go
      for _ = 1, 30 do
        local t
        t = Task.spawn(function()
          local stream <close> = agent:stream_execute("x")
          t:cancel()
        end)
        pcall(t.await, t)
      end
      return "well"
    """
    ended = run(source, replies({"text": "a b", "delay_ms": 60_000}) + "\n[runtime]\nstreams = 2")
    assert ended.result == "well"


def test_streaming_can_be_switched_off() -> None:
    source = """
      local agent = Agent.create { name = "a" }
      assert(agent:supports_streaming() == false and agent:capabilities().streaming == false)
      return agent:execute("x").text, agent:stream_execute("x")
    """
    error = run(source, replies({"text": "whole"}) + "\n[runtime]\nenable_streaming = false").error
    assert isinstance(error, StreamingNotSupported)
    assert "agent 'a': streaming is not supported" in error.message


def test_a_stream_in_a_comparator_works_too() -> None:
    source = """
      local texts = {}
      table.sort({ 1, 2 }, function(a, b)
        for chunk in Agent.create {}:stream_execute("x") do texts[#texts + 1] = chunk.content.text end
        return a < b
      end)
      return table.concat(texts)
    """
    assert run(source, replies({"text": "a b c"})).result == "a b c"


# ---- the host's side alone ----


class Told:
    """Moves a loop on as the test tells it: gives these contents, then waits until it is let go, and is done."""

    def __init__(self, *contents: Mapping[str, Any]) -> None:
        self.contents = contents
        self.let_go = asyncio.Event()

    async def advance(self, loop: AgentLoop, sink: Sink | None = None) -> AgentOutput:
        assert sink is not None
        for content in self.contents:
            await sink(content)
        await self.let_go.wait()
        loop.replied(ModelReply(text="said"))
        return output_of(loop, "p")


async def reply_of(streams: Streams, stream: Stream, got: int) -> list[tuple[int, Mapping[str, Any]]]:
    reply = await streams.next({"stream": stream.id, "got": got})
    return [(chunk["chunk_index"], chunk["content"]) for chunk in reply["chunks"]]


def start(streams: Streams) -> Stream:
    stream = streams.open(AgentLoop.start([AgentSpec(name="a")], AgentInput(text="x")))
    stream.start()
    return stream


START = {"type": "control", "kind": "stream_start"}
HEARTBEAT = {"type": "control", "kind": "heartbeat"}


def test_contents_of_any_kind_pass_as_they_are() -> None:
    limited = {"type": "control", "kind": "rate_limit", "provider": "p", "retry_after": 1.5}
    media = {"type": "media", "media": {"mime": "image/png", "size": 3}, "is_final": True}

    async def told() -> list[tuple[int, Mapping[str, Any]]]:
        streams = Streams(Told(limited, media), MediaStore().resolve, 1)
        found = await reply_of(streams, start(streams), 0)
        await streams.aclose()
        return found

    assert asyncio.run(told()) == [(0, START), (1, limited), (2, media)]


def test_who_waits_hears_a_heartbeat_when_nothing_else_comes() -> None:
    """And no other one before that is taken; what comes afterwards has the next number."""

    async def silent() -> None:
        told = Told()
        streams = Streams(told, MediaStore().resolve, 1, heartbeat=0.01)
        stream = start(streams)
        assert await reply_of(streams, stream, 0) == [(0, START)]
        assert await reply_of(streams, stream, 1) == [(1, HEARTBEAT)]
        await asyncio.sleep(0.1)
        assert await reply_of(streams, stream, 2) == [(2, HEARTBEAT)]
        told.let_go.set()
        await asyncio.sleep(0)
        ((index, content),) = await reply_of(streams, stream, 3)
        assert (index, content["kind"]) == (3, "stream_end")
        await streams.aclose()

    asyncio.run(silent())


def test_nothing_is_buffered_beyond_the_bound() -> None:
    async def flood() -> tuple[int, int]:
        sent = 0

        class Floods:
            async def advance(self, loop: AgentLoop, sink: Sink | None = None) -> AgentOutput:
                nonlocal sent
                assert sink is not None
                while True:
                    await sink({"type": "text", "text": loop.spec.name})
                    sent += 1

        streams = Streams(Floods(), MediaStore().resolve, 1)
        stream = start(streams)
        for _ in range(10 * BUFFER):
            await asyncio.sleep(0)
        before = sent
        taken = len(await reply_of(streams, stream, 0))
        await streams.aclose()
        return before, taken

    before, taken = asyncio.run(flood())
    assert before < taken == BUFFER
