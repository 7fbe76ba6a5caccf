"""Hints: what is said to do about the errors that scripts end with most often. Each case is a script that is run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from llmspell.errors import LlmspellError
from llmspell.host.hints import api
from llmspell.manifest.load import parse_manifest
from llmspell.runtime import ScriptRuntime

MANIFEST = '[agents.writer]\nprompt = "Write."\n'


def failed(script: str) -> LlmspellError:
    """The error that a script ends with."""
    runtime = ScriptRuntime(parse_manifest(MANIFEST, file="m.toml", base=Path()), environ={})
    error = asyncio.run(runtime.report(script, name="test.lua")).error
    assert error is not None
    return error


ASKING = 'local agent = Agent.create{ model = "mock" }\n'
WORKFLOW = "local w = Workflow.sequential{ steps = { { run = print } } }\n"

RUNTIME = {
    # names
    "Agnet.create{}": "did you mean 'Agent'?",
    "agent:execute('x')": "did you mean 'Agent'?",
    "pritn(1)": "did you mean 'print'?",
    "local helper = 1\nhelpr()": "did you mean 'helper'?",
    "later()\nlocal function later() end": "the local 'later' is known only after the line that declares it",
    "Json.parse('1')": "JSON.parse, JSON.stringify",
    "print(null.x)": "Lua's name for nothing is nil; the null of JSON is JSON.null",
    "local x = None + 1": "Lua's name for nothing is nil",
    "console.log('x')": "print(...) prints",
    "print(f'x')": "Lua has no f-strings",
    "Hook.register('x')": "llmspell has no 'Hook'",
    "local s = Session.create{}": "llmspell has no 'Session'; State keeps",
    # members
    "Agent.new{}": "llmspell has no Agent.new; 'Agent' has create, get, list",
    "Agent.discover()": "llmspell has no Agent.discover; Agent.list() gives the names",
    "Tool.discover()": "llmspell has no Tool.discover; Tool.list() gives the tools",
    "Workflow.list()": "llmspell has no Workflow.list; a workflow is a value",
    "Log.warning('x')": "Log.warn(message)",
    f"{ASKING}agent:ask('x')": "'agent' has the methods execute, stream_execute",
    "local t = Task.spawn(print)\nt:join()": "'t' has the methods await",
    "string.fromat('x')": "did you mean 'string.format'?",
    "local s = ('x'):trim()": "trims a string",
    "local s = 'a,b'\ns:split(',')": "gmatch",
    "table.getn({})": "#t is the length of a list",
    "unpack({})": "Lua 5.4 calls it table.unpack",
    # what the sandbox does not have
    "os.execute('ls')": "scripts start no processes",
    "io.open('x')": "scripts have no files",
    "dofile('x')": "scripts have no files",
    "loadstring('x')": "Lua 5.4 calls it load",
    "setfenv(1, {})": "Lua 5.4 has no environments of functions",
    "fetch('x')": "scripts have no network of their own",
    "os.exit(1)": "return ends the script",
    # nil from X.get
    "local a = Agent.get('wirter')\na:execute('x')": "there is no agent 'wirter'; did you mean 'writer'?",
    "print(Agent.get('zzz').name)": "there is no agent 'zzz'; Agent.list() gives those there are",
    "Tool.define{ name = 'add', run = print }\nlocal t = Tool.get('ad')\nt:execute{}": "did you mean 'add'?",
    "local p = Provider.get('x')\nprint(p.model)": "there is no provider 'x'",
    "local seen = State.get('seen')\nseen.x = 1": "State.get(key, default) gives the default",
    # answers and chunks
    f"{ASKING}print('a ' .. agent:execute('x'))": "an agent's answer is a table; did you mean result.text?",
    f"{ASKING}local answer = agent:execute('x')\nprint('a ' .. answer)": "did you mean answer.text?",
    f"{ASKING}print(agent:execute('x').choices[1])": "an agent's answer has no 'choices'; its text is result.text",
    f"{ASKING}local r = agent:execute('x')\nprint('a ' .. r.content)": "an agent's answer has no 'content'",
    f"{ASKING}local r = agent:execute('x')\nprint('a ' .. r.txt)": "did you mean 'text'?",
    f"{ASKING}local r = agent:execute('x')\nprint(r.metdata.model)": "did you mean 'metadata'?",
    f"{WORKFLOW}local r = w:execute()\nprint(r.outptus.x)": "did you mean 'outputs'?",
    f"{ASKING}for chunk in agent:stream_execute('x') do\nio.write(chunk.content.text)\nend": "if chunk.content.text",
    f"{ASKING}for c in agent:stream_execute('x') do\nprint('' .. c.text)\nend": "a chunk's text is c.content.text",
    f"{ASKING}for c in agent:stream_execute('x') do\nprint('' .. c)\nend": "its text is c.content.text",
    f"{ASKING}local s = agent:stream_execute('x')\nfor c in s do\nprint('' .. c)\nend": "its text is c.content.text",
    "local t = {}\nprint('x' .. t)": "JSON.stringify(t)",
    # calls and operators
    "Agent:create{}": "functions of 'Agent' are called with '.': Agent.create(...)",
    "for x in { 1 } do end": "`for i, item in ipairs(list) do`",
    "local t = {}\nfor i = 1, t.length do end": "#x is the length",
    "print('a' + 'b')": "joined with `..`",
    "print(1 < '2')": "tonumber(s)",
    "error({ code = 1 })": "raise a text",
}

SYNTAX = {
    "local x = 1\nif x != 2 then end": "~=",
    "local x = 1\nx += 1": "Lua has no +=",
    "local x = 1\nx++": "Lua has no ++",
    "if a && b then end": "`and`, `or` and `not`",
    "if a || b then end": "`and`, `or` and `not`",
    "if !a then end": "`not x`",
    "if a then\nelse if b then\nend": "elseif",
    "if a then\nelif b then\nend": "elseif",
    "async function f() end": "leave `async` and `await` out",
    "const x = 1": "`local x = 1`",
    "let x = 1": "`local x = 1`",
    "def f(x):\n  return x": "`local function f(x) ... end`",
    "import json": "require",
    "while true do\n  if x then continue end\nend": "goto continue",
    "while true do\n  continue\nend": "goto continue",
    "for i = 1, 3 do goto continue end": "::continue::",
    "for (i = 0; i < 3; i++) { }": "`for i = 1, 10 do ... end`",
    "if (x) {\n  print(x)\n}": "blocks are written with words",
    "function f(x) {\n}": "blocks are written with words",
    "function f(x = 1)\nend": "a parameter has no default",
    "function f(x: string)\nend": "no type annotations",
    "local t = { 'a': 1 }": "{ key = value }",
    "local t = { a: 'b' }": "{ key = value }",
    "local x = [1, 2]": "{ 1, 2, 3 }",
    "local x = a ? b : c": "`condition and a or b`",
    "local f = (x) => x": "function(x) return x end",
    "local s = `x`": "[[...]]",
    "// x": "a comment begins with --",
    "if x = 1 then end": "a comparison is written ==",
    "local s = 'it's'": "a string ends on its line",
    "do return 1\nprint(2) end": "`return` must be the last statement",
    "function f()\n  print(1)": "a block is not closed",
}


@pytest.mark.parametrize("script", RUNTIME)
def test_an_error_at_run_time_says_what_to_do(script: str) -> None:
    error = failed(script)
    assert error.kind == "runtime"
    assert RUNTIME[script] in error.hint, error


@pytest.mark.parametrize("script", SYNTAX)
def test_an_error_of_the_compiler_says_what_to_do(script: str) -> None:
    error = failed(script)
    assert error.kind == "syntax"
    assert SYNTAX[script] in error.hint, error


@pytest.mark.parametrize(
    "script",
    [
        "error('my own')",
        "local t = {}\nprint(t.x.y)",
        "error(\"there is nothing near 'x' != y\")",
        "print('a != b' 'c' )(",
        "local r = { text = 1 }\nprint('a' .. r.content)",
        "xqzw()",
        f"{WORKFLOW}print(w\n  :start())",
        f"{WORKFLOW}local r = w:execute()\nprint('' .. r.output)",
    ],
)
def test_what_is_no_common_mistake_gets_no_hint(script: str) -> None:
    assert failed(script).hint == ""


def test_what_the_host_says_stays() -> None:
    assert failed("require('json')").hint.startswith("grant a folder with")


def test_an_error_that_was_caught_costs_nothing_and_says_nothing() -> None:
    assert failed("pcall(function() Agnet.x() end)\nerror('later', 0)").hint == ""


def test_huge_lines_and_messages_are_looked_at_only_in_part() -> None:
    junk = "x" * 1_000_000
    assert failed(f"local a = '{junk}' .. (function() Agnet.{junk[:200]}() end)()").hint == "did you mean 'Agent'?"
    assert failed(f"error(('{'(' * 1000}'):rep(1000), 0)").hint == ""
    assert failed("local " * 300_000).hint == ""


def test_of_a_very_long_script_only_the_message_is_looked_at() -> None:
    assert failed(f"--{'x' * 300_000}\nAgnet.create{{}}").hint == "did you mean 'Agent'?"
    assert failed(f"--{'x' * 300_000}\nif 1 != 2 then end").hint == ""


def test_a_recursion_without_an_end_is_named_where_it_used_up_the_memory() -> None:
    error = failed("local function f() return 1 + f() end\nf()")
    assert (error.kind, error.hint) == ("limit", "calls are nested without an end: does the recursion stop?")
    assert failed("local t = {}\nfor i = 1, 1e9 do t[i] = i end").hint == ""


def test_the_names_that_hints_give_are_those_of_the_sandbox() -> None:
    listed = "\n".join(
        f"for _, name in ipairs({{ {', '.join(repr(name) for name in names)} }}) do "
        f"if {module} and {module}[name] == nil then missing[#missing + 1] = '{module}.' .. name end end"
        for module, names in api().modules.items()
    )
    runtime = ScriptRuntime(environ={})
    output = asyncio.run(runtime.execute_script(f"local missing = JSON.array()\n{listed}\nreturn missing"))
    assert output.result == []
