"""Streams of agents with the scripted provider: chunks, their numbering, tools in them, errors, closing."""

from __future__ import annotations

from typing import Any

import pytest

from llmspell.errors import StreamingNotSupported
from llmspell.events import CallFinished
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
      local reader = Task.spawn(function() return stream:next() == nil end)
      Task.sleep(0.01)
      stream:cancel()
      return reader:await()
    """
    assert run(source, replies({"text": "late", "delay_ms": 60_000})).result is True


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
