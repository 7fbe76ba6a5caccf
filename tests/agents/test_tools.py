"""The tool loop: the model of the scripted provider asks for tools, of the host and of the script, and gets answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from llmspell.errors import LimitError, ProviderError, ToolError
from llmspell.events import CallFinished, CallStarted
from llmspell.tools.base import Tool
from tests.agents.scripted import ECHO, calls, replies
from tests.runtime.running import Ran, ran, run


async def upper(arguments: Mapping[str, Any]) -> Any:
    return str(arguments.get("text", "")).upper()


UPPER = Tool(
    name="upper",
    description="Shouts.",
    parameters={"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    run=upper,
)


def raising(name: str, error: BaseException) -> Tool:
    async def fail(_: Mapping[str, Any]) -> Any:
        raise error

    return Tool(name=name, run=fail)


def giving(name: str, value: Any) -> Tool:
    async def give(_: Mapping[str, Any]) -> Any:
        return value

    return Tool(name=name, run=give)


def execute(manifest: str, tools: str, *, given: list[Tool] | None = None, define: str = "") -> Ran:
    source = f"""
      {define}
      local agent = Agent.create {{ name = "a", tools = {tools} }}
      local output = agent:execute("go")
      return output.text, output
    """
    return run(source, manifest, tools=given or [])


def told(ended: Ran) -> str:
    """What the model's last message was: what the last tool gave."""
    assert isinstance(ended.result, str)
    return ended.result.removeprefix("the tools said: ")


def test_a_tool_of_the_host_answers_the_model() -> None:
    ended = execute(replies(calls("upper", text="hello"), ECHO), '{ "upper" }', given=[UPPER])
    assert told(ended) == "HELLO"
    output = ended.report.output.results[1]
    assert output["metadata"]["turns"] == 2
    assert output["metadata"]["finish_reason"] == "stop"
    (call,) = output["tool_calls"]
    assert (call["name"], call["arguments"]) == ("upper", {"text": "hello"})
    assert (ended.usage["provider_calls"], ended.usage["tool_calls"]) == (2, 1)
    assert [event.op for event in ended.of(CallStarted)] == ["model.turn", "tool.execute", "model.turn"]


def test_a_tool_of_the_script_answers_the_model() -> None:
    define = """
      local seen
      local add = Tool.define {
        name = "add", parameters = { a = "number", b = "number" },
        run = function(args) Task.sleep(0) seen = args return { sum = args.a + args.b } end,
      }
    """
    ended = execute(replies(calls("add", a=1, b=2.5), ECHO), "{ add }", define=define)
    assert json.loads(told(ended)) == {"sum": 3.5}
    assert ended.usage["tool_calls"] == 1
    assert ended.report.output.results[1]["metadata"]["turns"] == 2


def test_both_kinds_in_one_turn_and_over_several_turns() -> None:
    manifest = replies(calls("upper", "mine", text="x"), calls("mine", text="y"), calls("upper", text="z"), ECHO)
    define = """
      local log = {}
      Tool.define { name = "mine", run = function(args) log[#log + 1] = args.text return "mine " .. args.text end }
    """
    ended = execute(manifest, '{ "upper", "mine" }', given=[UPPER], define=define)
    assert told(ended) == "Z"
    output = ended.report.output.results[1]
    assert [call["name"] for call in output["tool_calls"]] == ["upper", "mine", "mine", "upper"]
    assert output["metadata"]["turns"] == 4
    assert output["metadata"]["usage"]["input_tokens"] == ended.usage["input_tokens"]
    assert output["metadata"]["duration_ms"] > 0
    assert (ended.usage["provider_calls"], ended.usage["tool_calls"]) == (4, 4)


def test_tools_of_one_turn_run_at_once() -> None:
    """Each waits for the other: one after the other they would never end."""

    async def both() -> Ran:
        first, second = asyncio.Event(), asyncio.Event()

        async def one(_: Mapping[str, Any]) -> str:
            first.set()
            await second.wait()
            return "one"

        async def two(_: Mapping[str, Any]) -> str:
            second.set()
            await first.wait()
            return "two"

        source = 'return Agent.create { tools = { "one", "two" } }:execute("go").text'
        manifest = replies(calls("one", "two"), ECHO)
        return await ran(source, manifest, tools=[Tool(name="one", run=one), Tool(name="two", run=two)])

    assert told(asyncio.run(both())) == "two"


def test_script_tools_of_one_turn_run_at_once() -> None:
    define = """
      local open, most = 0, 0
      local function tool(name)
        return Tool.define { name = name, run = function()
          open = open + 1
          most = math.max(most, open)
          Task.sleep(0.005)
          open = open - 1
          return tostring(most)
        end }
      end
    """
    ended = execute(replies(calls("a", "b", "c"), ECHO), '{ tool("a"), tool("b"), tool("c") }', define=define)
    assert told(ended) == "3"


def test_where_lua_cannot_be_suspended_script_tools_run_one_by_one() -> None:
    source = """
      local open, most = 0, 0
      local tool = Tool.define { name = "t", run = function()
        open = open + 1
        most = math.max(most, open)
        Task.sleep(0)
        open = open - 1
        return "done"
      end }
      local agent = Agent.create { tools = { tool } }
      local text
      table.sort({ 1, 2 }, function(a, b) text = text or agent:execute("go").text return a < b end)
      return text, most
    """
    ended = run(source, replies(calls("t", "t"), ECHO))
    assert ended.report.output.results == ("the tools said: done", 1)


@pytest.mark.parametrize("count", [1, 2])
def test_what_a_script_tool_spawned_ends_with_it(count: int) -> None:
    define = """
      local late = 0
      Tool.define { name = "t", run = function()
        Task.spawn(function()
          local ended <close> = setmetatable({}, { __close = function() late = late + 1 end })
          Task.sleep(9)
        end)
        Task.spawn(function() Task.sleep(9) error("never") end)
        Task.sleep(0)
        return "done"
      end }
      Tool.define { name = "late", run = function() return late end }
    """
    ended = execute(replies(calls(*["t"] * count), calls("late"), ECHO), '{ "t", "late" }', define=define)
    assert told(ended) == str(count)


def test_tools_may_call_agents_and_tools() -> None:
    define = """
      local inner = Agent.create { model = "mock" }
      Tool.define { name = "ask", run = function() return inner:execute("inner question").text end }
      Tool.define { name = "outer", run = function() return Tool.execute("upper", { text = Tool.execute("ask") }) end }
    """
    ended = execute(replies(calls("outer"), ECHO), '{ "outer" }', given=[UPPER], define=define)
    assert "INNER QUESTION" in told(ended)
    assert ended.usage["provider_calls"] == 3


# ---- failures that the model is told ----


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (raising("t", ToolError("it is broken")), "it is broken"),
        (raising("t", ValueError("bad value")), "tool 't' failed: ValueError: bad value"),
        (raising("t", StopAsyncIteration()), "tool 't' failed: StopAsyncIteration"),
        (raising("t", asyncio.CancelledError()), "cancelled from within"),
        (raising("t", TimeoutError()), "tool 't' failed: TimeoutError"),
        (giving("t", object()), "gave something that is not plain data"),
        (giving("t", {"a": {1, 2}}), "gave something that is not plain data"),
        (giving("t", None), "null"),
        (giving("t", b"\xff bytes"), "\ufffd bytes"),
        (giving("t", {"n": [1, 2.5, None, "ä", b"\xff"]}), '{"n": [1, 2.5, null, "ä", "\ufffd"]}'),
        (giving("t", {b"k": 1}), "the result has no JSON form"),
    ],
)
def test_what_a_host_tool_gives_or_raises_is_told_to_the_model(tool: Tool, expected: str) -> None:
    ended = execute(replies(calls("t"), ECHO), '{ "t" }', given=[tool])
    assert expected in told(ended)


@pytest.mark.parametrize("value", [object(), {"a": object()}, {1, 2}, 1 + 2j, [[]] and (lambda: 1)])
def test_what_is_not_data_is_an_error_of_the_tool_in_the_script(value: Any) -> None:
    ended = run("local ok, e = pcall(Tool.execute, 't') return e.kind, e.message", tools=[giving("t", value)])
    assert ended.result == "tool"
    assert "tool 't' gave something that is not plain data" in ended.report.output.results[1]


def test_what_is_nested_too_deeply_is_an_error_of_the_tool() -> None:
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    for value in (cyclic, deep):
        ended = run("local ok, e = pcall(Tool.execute, 't') return e.kind, e.message", tools=[giving("t", value)])
        assert ended.result == "tool"
        assert "nested more than 128 levels" in ended.report.output.results[1]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("error('in lua')", "test.lua:2: in lua"),
        ("error('as it is', 0)", "as it is"),
        ("error({ code = 7 })", '{"code":7}'),
        ("error({ code = print })", "the tool failed"),
        ("error(setmetatable({}, { __tostring = function() return 'shown' end }))", "shown"),
        ("error(setmetatable({}, { __tostring = error }))", "the tool failed"),
        ("Tool.execute('nowhere')", "the tools said: there is no tool 'nowhere'"),
        ("return print", "data expected, got a function"),
        ("return 0/0", "NaN"),
        ("return '\\xff'", "\ufffd"),
        ("return", "the tools said: "),
        ("return nil", "the tools said: "),
        ("return { a = JSON.null }", '{"a":null}'),
        ("return false", "false"),
    ],
)
def test_what_a_script_tool_gives_or_raises_is_told_to_the_model(body: str, expected: str) -> None:
    define = f"Tool.define {{ name = 't', run = function() {body} end }}"
    ended = execute(replies(calls("t"), ECHO), '{ "t" }', define=define)
    assert expected in ended.result


def test_arguments_that_do_not_fit_are_told_to_the_model() -> None:
    define = "Tool.define { name = 't', parameters = { a = 'number' }, run = error }"
    assert 'argument \'a\': "x" is not of type "number"' in told(
        execute(replies(calls("t", a="x"), ECHO), '{ "t" }', define=define)
    )
    assert "the argument 'text' is missing" in told(
        execute(replies(calls("upper"), ECHO), '{ "upper" }', given=[UPPER])
    )


@pytest.mark.parametrize(
    ("parameters", "given", "expected"),
    [
        ({"type": "object", "properties": {"n": {"type": "integer"}}}, "{ n = 'x' }", "argument 'n': \"x\" is not of"),
        ({"type": "object", "properties": {"n": {"enum": [1]}}}, "{ n = 2 }", "argument 'n': 2 is not one of 1"),
        ({"type": "object", "required": ["n"]}, "{}", "the argument 'n' is missing"),
        ({"type": "object", "required": ["n"]}, "JSON.array {}", "the argument 'n' is missing"),
        ({"type": "object", "properties": {}}, "{ 1, 2 }", "a table of named arguments expected"),
        ({"type": "nothing"}, "{}", "has parameters that cannot be checked: this is not a JSON Schema"),
    ],
)
def test_arguments_of_a_host_tool_are_checked_against_its_schema(
    parameters: dict[str, Any], given: str, expected: str
) -> None:
    async def never(_: Mapping[str, Any]) -> Any:
        raise AssertionError("it ran")

    tool = Tool(name="t", parameters=parameters, run=never)
    ended = run(f"local ok, e = pcall(Tool.execute, 't', {given}) return e.kind, e.message, e.details", tools=[tool])
    kind, message, details = ended.report.output.results
    assert (kind, details["tool"]) == ("tool", "t")
    assert message.startswith("tool 't'")
    assert expected in message


def test_an_empty_table_is_a_list_where_a_host_tool_wants_one() -> None:
    async def show(arguments: Mapping[str, Any]) -> Any:
        return json.dumps(arguments)

    of = {"type": "array", "items": {"type": "array"}}
    tool = Tool(name="t", parameters={"properties": {"a": of, "b": of, "c": {"type": "object"}}}, run=show)
    source = "return Tool.execute('t', { a = {}, b = { {}, { 1 } }, c = {}, d = {} })"
    assert json.loads(run(source, tools=[tool]).result) == {"a": [], "b": [[], [1]], "c": {}, "d": {}}


@pytest.mark.parametrize("value", [None, b"\xff", {"a": [], "b": {}, "c": b"\xff"}, 1.0, ToolError("broken")])
def test_a_host_tool_tells_the_model_the_same_beside_a_script_tool(value: Any) -> None:
    tool = raising("t", value) if isinstance(value, Exception) else giving("t", value)
    define = "Tool.define { name = 'mine', run = function() return 'x' end }"
    alone = execute(replies(calls("t"), ECHO), '{ "t" }', given=[tool])
    beside = execute(replies(calls("mine", "t"), ECHO), '{ "mine", "t" }', given=[tool], define=define)
    assert told(beside) == told(alone)
    assert beside.usage["tool_calls"] == 2


def test_a_script_tool_stands_before_one_of_the_host_with_its_name() -> None:
    source = """
      local theirs = Tool.get("upper")
      local mine = Tool.define { name = "upper", run = function(args) return theirs:execute(args) .. "!" end }
      return #Tool.list(), Tool.list()[1] == mine, Tool.get("upper") == mine, Tool.execute("upper", { text = "x" })
    """
    assert run(source, tools=[UPPER]).report.output.results == (1, True, True, "X!")


def test_a_model_can_call_only_what_its_agent_has() -> None:
    """A tool that the run has and the agent has not is no tool for its model."""
    for tools in ("{}", '{ "upper" }', "{ mine }"):
        define = "local mine = Tool.define { name = 'mine', run = function() return 'ran' end }"
        secret = giving("secret", "the secret")
        ended = execute(replies(calls("secret"), ECHO), tools, given=[UPPER, secret], define=define)
        assert told(ended) == "there is no tool 'secret'"
        assert ended.usage["tool_calls"] == 0


def test_one_failing_tool_does_not_keep_the_others_from_answering() -> None:
    manifest = replies(calls("t", "upper", text="fine"), ECHO)
    ended = execute(manifest, '{ "upper", "t" }', given=[UPPER, raising("t", ValueError("x"))])
    assert told(ended) == "FINE"
    failed = [event for event in ended.of(CallFinished) if not event.ok]
    assert [event.op for event in failed] == ["tool.execute"]
    assert "ValueError: x" in failed[0].error


# ---- what ends the loop ----


def test_a_model_that_never_stops_asking_is_stopped_by_max_turns() -> None:
    source = 'return pcall(Agent.create { tools = { "upper" }, max_turns = 3 }.execute, ...)'
    source = """
      local agent = Agent.create { name = "loops", tools = { "upper" }, max_turns = 3 }
      agent:execute("go")
    """
    ended = run(source, replies(calls("upper", text="x")), tools=[UPPER])
    assert isinstance(ended.error, ProviderError)
    assert ended.error.message == "agent 'loops' gave no answer within `max_turns` = 3"
    assert "max_turns" in ended.error.hint
    assert ended.usage["provider_calls"] == 3
    mine = source.replace('"upper" }', 'Tool.define { name = "upper", run = function() return "x" end } }')
    assert run(mine, replies(calls("upper", text="x"))).usage["provider_calls"] == 3


@pytest.mark.parametrize("where", ["host", "script", "both"])
def test_limits_hold_inside_the_tool_loop(where: str) -> None:
    define = "Tool.define { name = 'mine', run = function() return 'x' end }" if where != "host" else ""
    names = {"host": ["upper"], "script": ["mine"], "both": ["upper", "mine"]}[where]
    manifest = replies(calls(*names, text="x"))
    tools = "{ " + ", ".join(f'"{name}"' for name in names) + " }"
    agent = f"{define} local agent = Agent.create {{ tools = {tools}, max_turns = 100 }} "
    for limit in ("provider_calls", "tool_calls"):
        source = agent + "while true do pcall(agent.execute, agent, 'go') end"
        ended = run(source, f"{manifest}\n[runtime]\n{limit} = 5", tools=[UPPER])
        assert isinstance(ended.error, LimitError)
        assert (ended.error.limit, ended.error.granted) == (limit, 5)
        assert ended.usage[limit] <= 5


def test_a_limit_reached_inside_a_script_tool_ends_the_run() -> None:
    define = "Tool.define { name = 't', run = function() while true do Tool.execute('upper', { text = 'x' }) end end }"
    manifest = replies(calls("t"), ECHO) + "\n[runtime]\ntool_calls = 5"
    ended = execute(manifest, "{ 't' }", given=[UPPER], define=define)
    assert (ended.error.limit, ended.usage["tool_calls"]) == ("tool_calls", 5)


def test_a_tool_that_reaches_a_limit_of_its_own_ends_the_run() -> None:
    ended = execute(replies(calls("t"), ECHO), "{ 't' }", given=[raising("t", LimitError("fuel", 1, 2))])
    assert ended.error.limit == "fuel"


def test_an_error_of_the_provider_in_the_middle_of_the_loop_is_raised() -> None:
    manifest = replies(calls("upper", text="x"), {"fault": "overloaded"})
    ended = execute(manifest, "{ 'upper' }", given=[UPPER])
    assert ended.error.kind == "overloaded"
    assert ended.error.exit_code == 4
    assert (ended.error.file, ended.error.line) == ("test.lua", 4)


def test_cancelling_the_agent_cancels_its_tools() -> None:
    async def cancelled() -> list[str]:
        trail: list[str] = []

        async def slow(_: Mapping[str, Any]) -> str:
            trail.append("began")
            try:
                await asyncio.sleep(60)
            finally:
                trail.append("ended")
            return ""

        source = """
          local t = Task.spawn(function() Agent.create { tools = { "slow" } }:execute("go") end)
          pcall(Task.timeout, 0.05, t.await, t)
          t:cancel()
          Task.sleep(0.01)
          return "well"
        """
        ended = await ran(source, replies(calls("slow")), tools=[Tool(name="slow", run=slow)])
        assert ended.result == "well"
        return trail

    assert asyncio.run(cancelled()) == ["began", "ended"]


def test_agents_of_the_manifest_are_there() -> None:
    manifest = (
        replies(calls("upper", text="x"), ECHO)
        + """
      [agents.shouter]
      tools = ["upper"]
      prompt = "Shout."
      max_turns = 4
      parameters = { top_p = 0.5 }
    """
    )
    source = "local a = Agent.get('shouter') return a:execute('go').text, Agent.list()"
    ended = run(source, manifest, tools=[UPPER])
    assert ended.report.output.results == ("the tools said: X", ["shouter"])
