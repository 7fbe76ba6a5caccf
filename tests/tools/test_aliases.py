"""rs-llmspell's names for the file tool and for templates; the others are in tests/scripts/wild__tool_results.lua."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmspell.errors import ToolError
from llmspell.tools.aliases import ALIASES, alias, canonical
from llmspell.tools.base import Arguments, Tool
from llmspell.tools.builtin import BUILT_IN
from llmspell.tools.granted import granted_tools
from tests.runtime.running import run
from tests.tools.files import HERE, call

LONG = "a" * 10_000
MANIFEST = """
[security]
allowed_tools = ["file-operations", "template-creator", "text-manipulator"]
[tools.file-operations]
roots = [{ path = "scratch", mode = "write", at = "/tmp" }]
"""


def test_a_script_that_writes_to_tmp_lands_in_a_granted_folder(tmp_path: Path) -> None:
    source = """
    local function use(params) return Tool.execute("file-operations", params) end
    local written = use { operation = "write", path = "/tmp/a.txt", input = "text" }
    assert(written.success ~= false)
    assert(use { operation = "append", path = "/tmp/a.txt", input = "!" }.success)
    assert(use { operation = "copy", source_path = "/tmp/a.txt", target_path = "/tmp/b.txt" }.success)
    assert(use { operation = "list_dir", path = "/tmp" }.result.count == 2)
    assert(use { operation = "metadata", path = "/tmp/b.txt" }.result.size == 5)
    assert(use { operation = "delete", path = "/tmp/b.txt" }.success)
    assert(use { operation = "exists", path = "/tmp/b.txt" }.result.exists == false)
    local read = use { operation = "read", path = "/tmp/a.txt" }
    assert(not pcall(use, { operation = "read", path = "/nonexistent/file.txt" }))
    return read.text .. read.result.size
    """
    assert run(source, MANIFEST, base=tmp_path).result == "text!5"
    assert (tmp_path / "scratch" / "a.txt").read_text() == "text!"


def test_a_template_is_rendered_and_what_handlebars_alone_knows_is_refused() -> None:
    source = """
    local context = { name = "A&B" }
    local function render(input) return Tool.invoke("template-creator", { input = input, context = context }) end
    local ok, err = pcall(render, "{{#if name}}x{{/if}}")
    return render("Hello {{ name }}!").result.rendered, err.message
    """
    ended = run(source, MANIFEST)
    rendered, message = ended.report.output.results
    assert rendered == "Hello A&amp;B!"
    assert "Handlebars blocks are not understood" in message


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_leads_to_a_tool_and_is_none_itself(name: str) -> None:
    assert name not in BUILT_IN
    assert canonical(name) != name
    assert canonical(canonical(name)) == canonical(name)


@pytest.mark.parametrize("arguments", [{"input": "http://h/x"}, {"url": "http://h/x", "method": "get"}])
def test_a_request_is_made_in_our_words(arguments: Arguments) -> None:
    async def answer(given: Arguments) -> object:
        assert given == {"url": "http://h/x", "method": "GET"}
        return {"status": 200, "body": "hi"}

    found = call(alias("http-requester", Tool(name="http_request", run=answer)), **arguments)
    assert (found["success"], found["result"]["status_code"], found["result"]["body"]) == (True, 200, "hi")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("text-manipulator", {"operation": "replace", "input": LONG, "options": {"from": "a", "to": LONG}},
            "longer than 16 MB"),
        ("text-manipulator", {"operation": "replace", "input": "a", "options": {"from": 1, "to": "b"}},
            "the option 'from' must be a text"),
        ("text-manipulator", {"operation": "join", "input": json.dumps(list(LONG)), "options": {"delimiter": LONG}},
            "longer than 16 MB"),
        ("text-manipulator", {"operation": "join", "input": "[]", "options": {"delimiter": 5}}, "must be a text"),
        ("text-manipulator", {"operation": "split", "input": "a b", "options": {"delimiter": 5}}, "must be a text"),
        ("data-validator", {"input": "x", "rules": [{"type": "pattern", "pattern": "^y$"}]}, "the argument 'regex'"),
        ("data-validator", {"input": "x", "rules": {"type": "array"}}, "the rules must be a list"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_by_another_name_is_said(name: str, arguments: Arguments, message: str) -> None:
    (made,) = granted_tools([name], {}, HERE, {})
    with pytest.raises(ToolError, match=message):
        call(made, **arguments)
