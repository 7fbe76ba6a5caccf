"""Agents with a schema: what they answer is checked, they are asked again within a bound, and then it is an error."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from llmspell.errors import AnswerError
from tests.agents.scripted import calls, replies
from tests.providers.loopback import Loopback, chat
from tests.runtime.running import Ran, ran, run

PERSON = 'local agent = Agent.create { name = "a", schema = { name = "string", age = "integer?" } } '
GOOD = {"text": '{"name": "Ada", "age": 36}'}


def test_an_answer_that_fits_is_data() -> None:
    ended = run(PERSON + 'local r = agent:execute("who?") return r.data, r.text, r.metadata.turns', replies(GOOD))
    assert ended.result == {"name": "Ada", "age": 36}
    assert ended.report.output.results[1:] == (GOOD["text"], 1)


@pytest.mark.parametrize(
    ("text", "schema", "data"),
    [
        ("null", "{ type = 'null' }", None),
        ("[]", "{ type = 'array', items = { type = 'string' } }", []),
        ("3", "{ type = 'integer' }", 3),
        ('"x"', "{ enum = { 'x', 'y' } }", "x"),
        ('```json\n{"a": 1}\n```', "{ a = 'integer' }", {"a": 1}),
        ('\n```\n{"a": 1}\n```\n', "{ a = 'integer' }", {"a": 1}),
        ('{"type": "book"}', "{ type = 'string', title = 'string?' }", {"type": "book"}),
        ('{"a": {"b": []}}', "{ a = { type = 'object', properties = { b = { type = 'array' } } } }", {"a": {"b": []}}),
        ('{"n": 9223372036854775807}', "{ n = 'integer' }", {"n": 2**63 - 1}),
    ],
)
def test_schemas_of_every_kind(text: str, schema: str, data: Any) -> None:
    source = f"return JSON.stringify(Agent.create {{ schema = {schema} }}:execute('go').data)"
    assert json.loads(run(source, replies({"text": text})).result) == data


def test_without_a_schema_there_is_no_data() -> None:
    assert run("return Agent.create {}:execute('go').data == nil", replies({"text": "1"})).result is True


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ("no JSON at all", "it is not JSON: "),
        ('{"name": 5}', '$.name: 5 is not of type "string"'),
        ("{}", '$: "name" is a required property'),
        ('{"name": "x", "age": "y"}', "$.age: "),
        ('{"name": "x"} and more', "it is not JSON: Extra data"),
        ('{"name": 1e999}', "it is not JSON: it holds a number that is out of range"),
        ("[" * 100_000, "it is not JSON: it is nested too deeply"),
        ("[" * 65 + "]" * 65, "it is not JSON: it is nested deeper"),
    ],
)
def test_a_bad_answer_is_asked_for_again_with_what_is_wrong(bad: str, problem: str) -> None:
    """The scripted provider quotes what it was told last."""
    ended = run(
        PERSON + 'local c = agent:conversation() return c:execute("who?").data, c:history()',
        replies({"text": bad}, GOOD),
    )
    assert ended.result["name"] == "Ada"
    question, wrong, complaint, answer = ended.report.output.results[1]
    assert [question["role"], wrong["role"], complaint["role"], answer["role"]] == ["user", "assistant"] * 2
    assert complaint["text"].startswith("The answer does not fit the JSON Schema:\n- ")
    assert problem in complaint["text"]
    assert complaint["text"].endswith("Give the whole answer again, as JSON only.")
    assert ended.usage["provider_calls"] == 2


def test_after_two_more_tries_it_is_an_error() -> None:
    ended = run(PERSON + 'agent:execute("who?")', replies({"text": '{"name": 5}'}, {"text": "hm"}))
    assert isinstance(ended.error, AnswerError)
    assert ended.error.message.startswith("agent 'a': the answer does not fit the schema: it is not JSON: ")
    assert (ended.error.kind, ended.error.exit_code, ended.error.retryable) == ("bad_answer", 4, False)
    assert ended.error.partial_text == "hm"
    assert ended.error.hint == "the last answer was: hm"
    assert ended.usage["provider_calls"] == 3


def test_the_script_can_catch_it_and_see_what_was_wrong() -> None:
    source = PERSON + 'local ok, e = pcall(agent.execute, agent, "x") return e.kind, e.details.problems, e.details'
    ended = run(source, replies({"text": '{"name": 5}'}))
    kind, problems, details = ended.report.output.results
    assert (kind, problems) == ("bad_answer", ['$.name: 5 is not of type "string"'])
    assert details["partial_text"] == '{"name": 5}'


def test_of_a_long_answer_the_error_shows_the_beginning_on_one_line() -> None:
    ended = run(PERSON + 'agent:execute("x")', replies({"text": "Dear\n\nuser, " + "I " * 1000}))
    assert ended.error.hint.startswith("the last answer was: Dear user, I I")
    assert len(ended.error.hint) < 150


def test_an_answer_that_was_cut_off_says_what_to_do() -> None:
    ended = run(PERSON + 'agent:execute("x")', replies({"text": '{"name": "A', "finish_reason": "length"}))
    assert ended.error.hint == "raise `max_tokens`: the answer was cut off"


def test_asking_again_counts_towards_max_turns() -> None:
    ended = run(
        'Agent.create { schema = { a = "string" }, max_turns = 2 }:execute("x")', replies({"text": "never JSON"})
    )
    assert "within `max_turns` = 2" in ended.error.message
    assert ended.usage["provider_calls"] == 2


def test_tools_come_first_and_the_answer_is_checked() -> None:
    source = """
      local tool = Tool.define { name = "age", run = function() return 36 end }
      return Agent.create { tools = { tool }, schema = { name = "string" } }:execute("who?").data.name
    """
    assert run(source, replies(calls("age"), {"text": "36"}, GOOD)).result == "Ada"


def test_streams_give_data_too() -> None:
    source = (
        PERSON
        + """
      local texts = {}
      local stream = agent:stream_execute("who?")
      for chunk in stream do texts[#texts + 1] = chunk.content.text end
      return stream:collect().data.name, table.concat(texts)
    """
    )
    ended = run(source, replies({"text": '{"name": 5}'}, GOOD))
    assert ended.report.output.results == ("Ada", '{"name": 5}' + GOOD["text"])


def test_the_provider_is_told_the_schema() -> None:
    async def both(server: Loopback) -> Ran:
        manifest = f'[providers.p]\nkind = "openai"\nmodel = "m"\nbase_url = "{server.url}/v1"'
        return await ran(PERSON + 'return agent:execute("who?").data, agent:capabilities().json_schema', manifest)

    with Loopback(chat(GOOD["text"])) as server:
        ended = asyncio.run(both(server))
    assert ended.report.output.results == ({"name": "Ada", "age": 36}, True)
    assert server.requests[0].json["response_format"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "answer",
            "schema": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
                "required": ["name"],
            },
        },
    }


def test_agents_of_the_manifest_have_schemas() -> None:
    manifest = replies(GOOD) + "[agents.a.schema]\ntype = 'object'\nrequired = ['age']"
    assert run("return Agent.get('a'):execute('x').data.age", manifest).result == 36


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("{ type = 'strin', properties = {} }", "this is not a JSON Schema: $.type: "),
        ("{ ['$ref'] = 'http://127.0.0.1:1/x' }", "the schema refers to 'http://127.0.0.1:1/x'"),
        ("{ ['$ref'] = '#' }", "the schema refers to itself without going deeper into the value"),
        ("{ a = 'strin' }", "a JSON Schema type expected"),
        ("{ 'string' }", "field 'schema.1': a JSON Schema type expected"),
        ("{ a = print }", "field 'schema.a': a JSON Schema type expected"),
        ("{ a = { pattern = '(?=x)' } }", "this is not a JSON Schema: $.properties.a.pattern"),
    ],
)
def test_a_bad_schema_is_an_error_where_the_agent_is_created(schema: str, reason: str) -> None:
    ended = run(f"\nAgent.create {{ schema = {schema} }}")
    assert ended.error.message.startswith("test.lua:2: bad argument #1 to 'Agent.create' (field 'schema")
    assert reason in ended.error.message
