"""The annotations for the Lua language server say what the sandbox has: no more, no less.

The prelude itself is asked: its files run in a Lua on this side, with stand-ins for what C gives them, so that every
module, class and table of fields that they declare is seen, however it was made. What only aliases.lua declares, the
spellings of other scripts, is described as deprecated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from lupa.lua54 import LuaRuntime  # type: ignore[import-untyped]

from llmspell.host.hints import ANNOTATIONS
from tests.runtime.running import run

PRELUDE = Path(__file__).parent.parent / "wasm" / "prelude"
TEXT = ANNOTATIONS.read_text("utf-8")
TAGS = {"meta", "class", "field", "param", "return", "overload", "type", "deprecated"}

STAND_INS = """
local files = ...
local noop = function() end
local host = { null = {}, error_meta = {}, array_meta = {}, task_meta = {} }
host.task = setmetatable({}, { __index = function() return noop end })
setmetatable(host, { __index = function() return noop end })
function host.call(_, given) return given end
local seen = { modules = {}, classes = {}, fields = {} }
for i, file in ipairs(files) do
  assert(load(file.text, "=" .. file.name))(host)
  if i == 1 then -- core.lua, which the others build on
    local class, module, check_fields = host.class, host.module, host.check_fields
    function host.class(name, methods)
      seen.classes[name] = methods
      return class(name, methods)
    end
    function host.module(name, functions)
      seen.modules[name] = functions
      return module(name, functions)
    end
    function host.check_fields(fn, position, given, rules, inside)
      if not inside then seen.fields[fn] = rules end
      return check_fields(fn, position, given, rules, inside)
    end
  end
end
-- what takes named fields is called once: that tells which
local agent = Agent.create {}
pcall(agent.execute, agent, { text = "" })
Tool.define { name = "t", run = noop }
JSON.stringify(1, {})
pcall(Task.map, {}, noop, {})
pcall(Media.from_bytes, "", {})
pcall(Media.from_base64, "", {})
for _, make in pairs(Workflow or {}) do pcall(make, {}) end
return seen
"""


class Described(NamedTuple):
    """What the annotations say: functions and values of modules, methods of objects, fields of classes with those they
    inherit, and for a function ("Agent.create") the class of its table of named fields. Deprecated functions and
    methods are apart, as "Agent.builder" and "agent:invoke"."""

    modules: dict[str, set[str]]
    methods: dict[str, set[str]]
    fields: dict[str, set[str]]
    options: dict[str, str]
    deprecated: set[str]


@cache
def described() -> Described:
    found = Described({}, {}, {}, {}, set())
    parents: dict[str, str] = {}
    current = options = ""
    deprecated = False
    for line in TEXT.splitlines():
        if match := re.match(r"---@class (llmspell\.[\w.]+)(?:: (llmspell\.\w+))?$", line):
            current = match[1]
            parents[current] = match[2]
            found.fields[current] = set()
        elif match := re.match(r"---@field (\w+)\?? \S", line):
            found.fields[current].add(match[1])
        elif line.startswith("---@deprecated"):
            deprecated = True
        elif match := re.match(r"---@param \w+\?? .*?(llmspell\.(?:\w*Options|Input))\b", line):
            options = match[1]
        elif match := re.match(r"(\w+) = \{\}$", line):
            found.modules[match[1]] = set(found.fields[current])
            deprecated = False
        elif match := re.match(r"function (\w+)([.:])(\w+)\([\w, .]*\) end$", line):
            owner, sign, name = match.groups()
            if deprecated:
                found.deprecated.add(f"{owner}{sign}{name}")
            else:
                (found.modules if sign == "." else found.methods).setdefault(owner, set()).add(name)
            if options:
                found.options[f"{owner}{sign}{name}"] = options
            options, deprecated = "", False
    for name, parent in parents.items():
        found.fields[name] |= found.fields[parent] if parent else set()
    return found


class Declared(NamedTuple):
    """What the prelude declares, by the same names; `fields` by function."""

    modules: dict[str, set[str]]
    methods: dict[str, set[str]]
    fields: dict[str, set[str]]


@cache
def declared(*, aliases: bool = False) -> Declared:
    lua = LuaRuntime(unpack_returned_tuples=True)
    names = [name for name in (PRELUDE / "ORDER").read_text("utf-8").split() if aliases or name != "aliases.lua"]
    files = [lua.table_from({"name": name, "text": (PRELUDE / name).read_text("utf-8")}) for name in names]
    seen: Any = lua.execute(STAND_INS, lua.table_from(files))
    kinds = (
        {str(name): set(members) for name, members in seen[kind].items()} for kind in ("modules", "classes", "fields")
    )
    return Declared(*kinds)


LUAS = ("os", "io", "debug", "package")
"""Parts of Lua's library that the sandbox has less of."""


def names(groups: Mapping[str, set[str]], form: str) -> set[str]:
    return {form.format(owner, name) for owner, members in groups.items() for name in members}


def test_every_function_of_a_module_is_described_and_none_besides() -> None:
    told = {
        name: members
        for name, members in described().modules.items()
        if name not in (*LUAS, "__context", "arg", "ARGS")
    }
    assert names(told, "{}.{}") == names(declared().modules, "{}.{}")


def test_every_method_is_described_and_none_besides() -> None:
    assert names(described().methods, "{}:{}") == names(declared().methods, "{}:{}")


def test_the_spellings_of_other_scripts_are_described_as_deprecated_and_nothing_besides() -> None:
    every, primary = declared(aliases=True), declared()
    functions = names(every.modules, "{}.{}") - names(primary.modules, "{}.{}")
    methods = names(every.methods, "{}:{}") - names(primary.methods, "{}:{}")
    assert described().deprecated == functions | methods
    assert {"Agent.builder", "Tool.invoke", "agent:invoke", "agent_builder:build"} <= described().deprecated


def test_every_named_field_of_an_argument_is_described_and_none_besides() -> None:
    found = declared().fields
    told = {fn: described().fields[described().options[fn]] for fn in found}
    assert {"Agent.create", "agent:execute", "Tool.define"} <= set(found)
    assert names(told, "{}{{{}}}") == names(found, "{}{{{}}}")


@pytest.mark.parametrize("module", LUAS)
def test_what_is_left_of_luas_library_is_described_and_nothing_besides(module: str) -> None:
    found = run(f"local names = {{}} for name in pairs({module}) do names[#names + 1] = name end return names").result
    assert described().modules[module] == set(found)


MANIFEST = """\
[[providers.scripted.replies]]
match = "ask"
tool_calls = [{ name = "t", arguments = {} }]
[[providers.scripted.replies]]
text = "done"
[providers.scripted]
kind = "scripted"
"""

VALUES = {
    "Output": "output",
    "OutputMetadata": "output.metadata",
    "Usage": "output.metadata.usage",
    "ToolCall": "output.tool_calls[1]",
    "Capabilities": "agent:capabilities()",
    "Agent": "agent",
    "Tool": "tool",
    "Provider": "Provider.get('scripted')",
    "Error": "(select(2, pcall(Tool.execute, 'x')))",
    "Context": "__context",
}


@pytest.mark.parametrize("name", VALUES)
def test_every_field_of_a_value_is_described(name: str) -> None:
    script = f"""
        local tool = Tool.define {{ name = "t", run = function() return "1" end }}
        local agent = Agent.create {{ model = "mock", tools = {{ tool }} }}
        local output = agent:execute("ask")
        local names = {{}}
        for name in pairs({VALUES[name]}) do names[#names + 1] = name end
        return names"""
    found = run(script, manifest=MANIFEST).result
    assert found
    assert set(found) <= described().fields[f"llmspell.{name}"]


def test_every_field_of_a_chunk_is_described() -> None:
    script = """
        local tool = Tool.define { name = "t", run = function() return "1" end }
        local chunks, contents = {}, {}
        for chunk in Agent.create { model = "mock", tools = { tool } }:stream_execute("ask") do
          for name in pairs(chunk) do chunks[name] = true end
          for name in pairs(chunk.content) do contents[name] = true end
        end
        return chunks, contents"""
    chunks, contents = run(script, manifest=MANIFEST).report.output.results
    assert set(chunks) == described().fields["llmspell.Chunk"]
    assert {"text", "tool_id", "usage"} <= set(contents) <= described().fields["llmspell.Content"]


def test_the_file_is_lua_that_does_nothing() -> None:
    ran = run(TEXT)
    assert (ran.report.error, ran.output, [type(event).__name__ for event in ran.events]) == (None, "", ["Done"])


def test_every_annotation_is_one_that_there_is_and_names_only_types_that_are_declared() -> None:
    assert set(re.findall(r"^---@(\w+)", TEXT, re.MULTILINE)) == TAGS
    assert set(re.findall(r"(?<!@class )\b(llmspell\.[A-Z]\w*(?:\.\w+)?)\b", TEXT)) <= set(described().fields)
    odd = [
        line for line in TEXT.splitlines() if line.strip() and not re.match(r"--|function |(local )?\w+ = \{\}$", line)
    ]
    assert odd == []
