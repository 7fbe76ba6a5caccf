"""Your own tools: what the hints and the docstring of a Python function become, and how it is called."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from llmspell import ScriptRuntime
from llmspell.errors import DeniedError, ToolError, UsageError
from llmspell.tools.base import Tool
from llmspell.tools.python import python_tool
from llmspell.types import RawMedia
from tests.agents.scripted import ECHO, calls, replies
from tests.runtime.running import run
from tests.tools import offers
from tests.tools.files import call


def test_hints_and_docstring_become_what_a_model_is_told() -> None:
    tool = python_tool(offers.describe)
    assert (tool.name, tool.description) == ("describe", "Tell what was given.\n\nMore about it,\nin two lines.")
    schema = tool.parameters
    assert schema["required"] == ["name", "count", "place"]
    assert schema["properties"]["name"] == {"type": "string", "description": "What it is called."}
    assert schema["properties"]["count"] == {"type": "integer", "description": "How many."}
    assert schema["properties"]["kind"]["enum"] == ["a", "b"]
    assert schema["properties"]["place"] == {"$ref": "#/$defs/Place"}
    assert schema["$defs"]["Place"]["required"] == ["x"]
    assert schema["properties"]["extra"]["additionalProperties"] == {"type": "integer"}


def test_arguments_arrive_as_what_the_hints_say() -> None:
    tool = python_tool(offers.describe)
    given = call(tool, name="n", count=2.0, place={"x": 1, "tags": ["t"]}, options={"loud": True})
    assert given == {
        "name": "n", "count": 2, "place": [1.0, 0.0, ["t"]], "kind": "a", "scale": None, "extra": {},
        "options": {"loud": True},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 1, "place": {"x": 1}}, "the argument 'name' is missing"),
        ({"name": "n", "count": "1", "place": {"x": 1}}, "argument 'count'"),
        ({"name": "n", "count": 1, "place": {}}, "the argument 'place.x' is missing"),
        ({"name": "n", "count": 1, "place": {"x": 1}, "kind": "c"}, "argument 'kind'"),
        ({"name": "n", "count": 1, "place": {"x": 1}, "other": 1}, "'other' was unexpected"),
        ({"name": b"\xff", "count": 1, "place": {"x": 1}}, "tool 'describe': Expected `str`, got `bytes`"),
    ],
)
def test_arguments_that_do_not_fit_never_reach_the_function(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolError, match=message):
        call(python_tool(offers.describe), **arguments)


def test_a_plain_function_runs_on_a_thread_and_an_async_one_on_the_event_loop() -> None:
    assert call(python_tool(offers.waits)) == "MainThread"
    assert call(python_tool(offers.thread)) != "MainThread"
    assert call(python_tool(offers.offered, "named"), a=1) == 2


def test_bounds_in_hints_hold_and_no_hint_takes_anything() -> None:
    assert call(python_tool(offers.bounded), n=3) == 3
    with pytest.raises(ToolError, match="greater than the maximum"):
        call(python_tool(offers.bounded), n=4)
    assert call(python_tool(offers.untyped), a={"x": None}) == [{"x": None}, 2]


def test_what_a_function_raises_is_told_and_what_it_denies_is_denied() -> None:
    with pytest.raises(ToolError, match="tool 'broken' failed: RuntimeError: it broke"):
        call(python_tool(offers.broken))
    with pytest.raises(DeniedError, match="not this one"):
        call(python_tool(offers.denies))
    with pytest.raises(ToolError, match="tool 'odd' failed"):
        call(python_tool(offers.odd))


@pytest.mark.parametrize("function", [offers.leaves, offers.leaves_later])
def test_a_function_that_would_end_the_process_fails(function: Any) -> None:
    with pytest.raises(ToolError, match="failed: SystemExit: 3"):
        call(python_tool(function))


def test_a_result_that_is_too_large_is_the_tools_failure() -> None:
    with pytest.raises(ToolError, match="tool 'much' gave too much"):
        call(python_tool(offers.much))


def test_a_hint_that_no_schema_can_say_is_refused_in_a_line() -> None:
    with pytest.raises(UsageError) as caught:
        ScriptRuntime(tools=[offers.strange])
    assert caught.value.message == "'strange' cannot be a tool: type <class 'pathlib.Path'> is not supported"
    assert caught.value.hint.startswith("arguments are str, int")


def test_a_function_that_cannot_be_a_tool_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match=r"'starred' takes '\*args: 'int''|named arguments only"):
        ScriptRuntime(tools=[offers.starred])


def test_a_medium_reaches_the_script_as_a_handle() -> None:
    source = 'local medium = Tool.execute("picture") return medium:bytes(), tostring(medium)'
    ended = run(source, tools=[offers.picture])
    assert ended.report.error is None, ended.report.error
    data, shown = ended.report.output.results
    assert (data, shown.startswith("media ")) == (offers.PICTURE, True)


def test_a_model_that_takes_text_only_is_told_of_the_medium_that_its_call_gave() -> None:
    source = 'return Agent.create { tools = { "picture" } }:execute("draw").text'
    text_only = replies(calls("picture"), ECHO) + '[providers.p.capabilities]\ninput_modalities = ["text"]\n'
    answer = run(source, text_only, tools=[offers.picture]).result
    size = len(offers.PICTURE)
    said = f"image/png, {size} bytes"
    assert answer == f"the tools said: {said}\n[left out, because you cannot be shown it: {said}]"


def test_a_medium_that_is_not_what_its_tool_says_is_refused_by_name() -> None:
    def drawing() -> RawMedia:
        return RawMedia(data=offers.PICTURE, mime="image/jpeg")

    error = run('return Tool.execute("drawing")', tools=[drawing]).error
    assert "a medium of what the tool 'drawing' gave" in error.message


REFERENCE = '[security]\nallowed_tools = ["mine"]\n[tools.mine]\npython = "{}"\n'


def test_a_manifest_names_a_function_of_a_module_beside_it(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text(
        "class C:\n    @staticmethod\n    def double(n: int) -> int:\n        return 2 * n\n"
    )
    ended = run('return Tool.execute("mine", { n = 21 })', REFERENCE.format("beside:C.double"), base=tmp_path)
    assert ended.result == 42
    assert str(tmp_path) not in sys.path


def test_a_module_beside_the_manifest_stands_in_for_no_installed_one(tmp_path: Path) -> None:
    (tmp_path / "shlex.py").write_text("raise SystemExit('the wrong module')\n")
    ended = run('return Tool.execute("mine", { s = "a b" })', REFERENCE.format("shlex:quote"), base=tmp_path)
    assert ended.result == "'a b'"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("no_such_module:f", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("tests.tools.offers:nope", "has no attribute 'nope'"),
        ("tests.tools.offers:Place.__doc__", "a function or a Tool expected, found str"),
        ("tests.tools.offers:starred", "named arguments only"),
    ],
)
def test_a_reference_that_leads_to_no_tool_ends_the_run_before_it_begins(
    reference: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        run("return 1", REFERENCE.format(reference), base=tmp_path)
    assert f'[tools.mine] python = "{reference}"' in caught.value.message
    assert message in caught.value.message


def test_a_tool_object_takes_the_name_that_the_manifest_gives(tmp_path: Path) -> None:
    (tmp_path / "whole.py").write_text(
        "from llmspell import Tool\nasync def run(arguments):\n    return 7\ntool = Tool(name='x', run=run)\n"
    )
    assert run('return Tool.execute("mine")', REFERENCE.format("whole:tool"), base=tmp_path).result == 7


def test_an_installed_package_offers_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pip lays it out: a folder on the path with the package's entry points."""
    (tmp_path / "given.py").write_text('def greet(name: str) -> str:\n    """Greet."""\n    return "hi " + name\n')
    info = tmp_path / "given-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: given\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[llmspell.tools]\ngreet = given:greet\nuuid = given:greet\nlost = given:x\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    manifest = '[security]\nallowed_tools = ["greet", "uuid"]\n'
    ended = run('return Tool.execute("greet", { name = "ann" }) .. #Tool.execute("uuid")', manifest)
    assert ended.result == "hi ann36"  # a built-in tool is replaced by no package
    with pytest.raises(UsageError, match="the tool 'lost' of the installed package given: AttributeError"):
        run("return 1", '[security]\nallowed_tools = ["lost"]\n')


def test_a_tool_and_a_function_are_handed_over_alike() -> None:
    async def seven(_: Any) -> int:
        return 7

    ended = run(
        'return Tool.execute("seven") + Tool.execute("bounded", { n = 1 })',
        tools=[Tool(name="seven", run=seven), offers.bounded],
    )
    assert ended.result == 8
