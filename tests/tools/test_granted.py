"""Which tools a run has: `allowed_tools`, aliases, confirmations and dry runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from llmspell.errors import DeniedError, ToolError, UsageError
from llmspell.events import CallStarted
from llmspell.settings import ToolSettings
from llmspell.tools.base import Tool
from llmspell.tools.builtin import BUILT_IN, built_in
from llmspell.tools.granted import granted_tools, settings_of
from llmspell.tools.registry import ToolRegistry
from tests.runtime.running import run
from tests.tools import offers
from tests.tools.files import HERE, call

LIST = "local names = {} for i, tool in ipairs(Tool.list()) do names[i] = tool.name end return names"


@pytest.mark.parametrize(
    ("security", "names"),
    [
        ("", ["bounded", "waits"]),
        ("[security]\n", ["bounded", "waits"]),
        ("[security]\nallowed_tools = []\n", []),
        ('[security]\nallowed_tools = ["waits"]\n', ["waits"]),
        ('[security]\nallowed_tools = ["uuid", "bounded"]\n', ["bounded", "uuid"]),
    ],
)
def test_without_a_list_the_programs_tools_are_granted_and_with_one_only_what_it_names(
    security: str, names: list[str]
) -> None:
    assert list(run(LIST, security, tools=[offers.bounded, offers.waits]).result) == names


def test_without_a_list_and_without_a_programs_tools_there_are_none() -> None:
    ended = run('return #Tool.list(), pcall(Tool.execute, "uuid")')
    count, fine, error = ended.report.output.results
    assert (count, fine, error["kind"]) == (0, False, "denied")


def test_a_name_that_no_tool_has_ends_the_run_before_it_begins() -> None:
    with pytest.raises(UsageError) as caught:
        run("return 1", '[security]\nallowed_tools = ["calculater"]\n')
    assert caught.value.message == "`allowed_tools` names 'calculater', and there is no such tool"
    assert caught.value.hint == "did you mean 'calculator'?"


@pytest.mark.parametrize(
    ("section", "hint"),
    [("calculater", "did you mean 'calculator'?"), ("waitz", "did you mean 'waits'?"), ("zzz", "llmspell tools")],
)
def test_a_section_whose_name_no_tool_has_ends_the_run_before_it_begins(section: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        run("return 1", f"[tools.{section}]\nconfirm = true\n", tools=[offers.waits])
    assert caught.value.message == f"[tools.{section}] names no tool"
    assert hint in caught.value.hint
    assert run("return 1", "[tools.waits]\nconfirm = true\n", tools=[offers.waits]).result == 1


@pytest.mark.parametrize("granted", ["uuid", "uuid-generator", "uuid_generator"])
@pytest.mark.parametrize("called", ["uuid", "uuid-generator", "uuid_generator"])
def test_a_tool_answers_to_each_of_its_names_whichever_is_granted(granted: str, called: str) -> None:
    source = f"""
    local given = Tool.execute("{called}", {{}})
    assert(Tool.exists("{called}") and Tool.get("{called}").name == "{called}")
    return type(given) == "table" and given.result.uuid or given
    """
    assert len(run(source, f'[security]\nallowed_tools = ["{granted}"]\n').result) == 36


def test_one_tool_may_be_named_twice_and_is_configured_once() -> None:
    first, second = granted_tools(["text-manipulator", "template-creator"], {}, HERE, {})
    assert first.alias_of is second.alias_of
    both = {name: ToolSettings(name=name) for name in ("hash", "hash-calculator")}
    with pytest.raises(UsageError, match=r"\[tools\.hash\] and \[tools\.hash-calculator\] are of one tool"):
        settings_of("hash", both)
    (one,) = granted_tools(["hash-calculator"], {"hash": ToolSettings(name="hash", confirm=True)}, HERE, {})
    assert one.confirm


def test_an_alias_of_a_tool_that_is_not_granted_is_denied() -> None:
    ended = run('return select(2, pcall(Tool.execute, "hash-calculator", { operation = "hash", input = "x" }))')
    assert ended.result["kind"] == "denied"


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_tool_says_what_it_is_and_what_each_argument_means(name: str) -> None:
    tool = built_in(name, ToolSettings(name=name), HERE, {})
    assert (tool.name, tool.description != "") == (name, True)
    registry = ToolRegistry([tool])
    with pytest.raises((ToolError, DeniedError)):
        call(tool, no_such_argument=1, **({"expression": "("} if name == "calculator" else {}))
    assert registry.find(name) is tool


MANIFEST = '[security]\nallowed_tools = ["hash", "file_operations"]\n[tools.hash]\nconfirm = true\n'
CALLS = """
[[providers.scripted.replies]]
match = "go"
tool_calls = [{ name = "hash", arguments = { input = "x" } }]
[[providers.scripted.replies]]
text = "told: {input}"
"""
ASK = 'return pcall(Tool.execute, "hash", { input = "abc", algorithm = "md5" })'


@pytest.mark.parametrize("answer", [True, False])
def test_a_tool_that_asks_is_called_only_when_the_answer_is_yes(answer: bool) -> None:
    asked: list[tuple[str, Mapping[str, Any]]] = []

    async def approve(name: str, arguments: Mapping[str, Any]) -> bool:
        asked.append((name, arguments))
        return answer

    done, value = run(ASK, MANIFEST, approve=approve).report.output.results
    assert asked == [("hash", {"input": "abc", "algorithm": "md5"})]
    assert done is answer
    if not answer:
        assert (value["kind"], value["message"]) == ("denied", "the call of the tool 'hash' was declined")


def test_where_nobody_can_be_asked_the_call_is_denied_under_every_name() -> None:
    for name in ("hash", "hash-calculator"):
        source = f'return pcall(Tool.execute, "{name}", {{ operation = "hash", input = "abc" }})'
        manifest = MANIFEST.replace('"hash"', f'"{name}"')
        done, value = run(source, manifest).report.output.results
        if name == "hash":
            assert value["kind"] == "tool"  # it has no `operation`: nobody is asked about a call that cannot be made
        else:
            assert (done, value["kind"], "nobody to ask" in value["message"]) == (False, "denied", True)


@pytest.mark.parametrize("granted", ["hash", "hash-calculator"])
@pytest.mark.parametrize("section", ["hash", "hash-calculator"])
@pytest.mark.parametrize("called", ["hash", "hash-calculator", "hash_calculator"])
def test_no_other_name_of_a_tool_comes_past_the_question(granted: str, section: str, called: str) -> None:
    asked: list[str] = []

    async def approve(name: str, _arguments: Mapping[str, Any]) -> bool:
        asked.append(name)
        return False

    arguments = "input = 'abc'" if called == "hash" else "operation = 'hash', input = 'abc'"
    manifest = f'[security]\nallowed_tools = ["{granted}"]\n[tools.{section}]\nconfirm = true\n'
    ended = run(f'return pcall(Tool.execute, "{called}", {{ {arguments} }})', manifest, approve=approve)
    assert (ended.report.output.results[0], asked) == (False, [called])


@pytest.mark.parametrize(("own", "other"), [("uuid", "uuid-generator"), ("uuid-generator", "uuid")])
def test_a_tool_of_the_programs_has_its_own_name_only(own: str, other: str) -> None:
    async def mine(_arguments: Mapping[str, Any]) -> str:
        return "mine"

    source = f'return Tool.execute("{own}"), Tool.exists("{other}"), pcall(Tool.execute, "{other}")'
    results = run(source, tools=[Tool(name=own, run=mine)]).report.output.results
    assert (results[:3], results[3]["kind"]) == (("mine", False, False), "denied")


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two tools are called 'waits'"):
        run("return 1", tools=[offers.waits, offers.waits])


def test_a_model_that_calls_a_tool_that_is_declined_is_told_so() -> None:
    async def approve(_name: str, _arguments: Mapping[str, Any]) -> bool:
        return False

    ended = run(
        'return Agent.create{ name = "a", tools = { "hash" } }:execute("go").text',
        MANIFEST + CALLS,
        approve=approve,
    )
    assert ended.result == "told: the call of the tool 'hash' was declined"


def test_a_dry_run_tells_of_each_effect_and_has_none(tmp_path: Any) -> None:
    told: list[tuple[str, Mapping[str, Any]]] = []
    manifest = MANIFEST + '[tools.file_operations]\nroots = [{ path = ".", mode = "write" }]\n'
    manifest += '[providers.real]\nkind = "openai"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    source = """
    local written = Tool.execute("file_operations", { operation = "write", path = "a", content = "x" })
    local pure = Tool.execute("hash", { input = "abc", algorithm = "md5" })
    return written, pure, Agent.create{ name = "ann" }:execute("hi").text
    """
    ended = run(source, manifest, base=tmp_path, rehearse=lambda *what: told.append(what))
    assert ended.report.error is None, ended.report.error
    assert ended.report.output.results == (
        "[dry run: the tool file_operations was not called]",
        "900150983cd24fb0d6963f7d28e17f72",
        "[dry run: the model was not asked]",
    )
    assert told == [("file_operations", {"operation": "write", "path": "a", "content": "x"})]
    assert [event.label for event in ended.of(CallStarted)][-1] == "ann (real/m)"
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_still_refuses_what_is_wrong() -> None:
    ended = run(
        'return pcall(Tool.execute, "file_operations", { operation = "fly" })', MANIFEST, rehearse=lambda *_: None
    )
    assert ended.report.output.results[0] is False


def test_a_tool_that_is_handed_over_may_ask_too() -> None:
    async def seven(_: Any) -> int:
        return 7

    ended = run('return pcall(Tool.execute, "seven")', tools=[Tool(name="seven", run=seven, confirm=True)])
    assert ended.report.output.results[0] is False
