"""What people write out of habit from other languages, other versions of Lua and other runtimes, and what to write
here instead. Tables only; hints.py uses them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_FILES: Final = (
    "scripts have no files: tools that the manifest grants read and write them (`file_reader`, `file_operations`)"
)
_ENVIRONMENT: Final = "Lua 5.4 has no environments of functions: load(text, name, 't', env) takes one"
_NETWORK: Final = "scripts have no network of their own, only agents and the tools that the manifest grants"
_NIL: Final = "Lua's name for nothing is nil; the null of JSON is JSON.null"
_AGENTS: Final = "Agent.list() gives the names of the agents"
_TOOLS: Final = "Tool.list() gives the tools that the script may use"
_WORKFLOWS: Final = "a workflow is a value: keep it in a variable, and run it with workflow:execute(input)"

GLOBALS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("null", "None", "undefined", "NULL", "Nil"), _NIL),
    **dict.fromkeys(("True", "TRUE"), "Lua writes true"),
    **dict.fromkeys(("False", "FALSE"), "Lua writes false"),
    **dict.fromkeys(("dofile", "loadfile"), f"{_FILES}; require reads the folders that the manifest grants"),
    **dict.fromkeys(("setfenv", "getfenv"), _ENVIRONMENT),
    "loadstring": "Lua 5.4 calls it load",
    "unpack": "Lua 5.4 calls it table.unpack",
    "module": "a module is a file that returns a table; require reads the folders that the manifest grants",
    "console": "print(...) prints; Log.info(...) tells the user",
    "sleep": "Task.sleep(seconds) waits",
    "wait": "Task.sleep(seconds) waits",
    **dict.fromkeys(("len", "size"), "#x is the length of a string or a list"),
    **dict.fromkeys(("str", "String"), "tostring(x) makes a string"),
    **dict.fromkeys(("int", "float", "Number"), "tonumber(x) makes a number, x // 1 rounds it down"),
    "range": "a loop over numbers is `for i = 1, 10 do ... end`",
    **dict.fromkeys(("json", "Json", "cjson", "dkjson"), "JSON is there without require: JSON.parse, JSON.stringify"),
    **dict.fromkeys(("fetch", "http", "requests", "socket"), _NETWORK),
    **dict.fromkeys(("process", "subprocess", "sh"), "scripts start no processes"),
    **dict.fromkeys(("try", "catch"), "pcall(f, ...) catches errors: `local ok, result = pcall(f, ...)`"),
}  # fmt: skip
"""Global names that are nil here."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "Config": "the manifest configures a run, Run.args and __context tell of it",
    "Debug": "Log.debug, Log.info, Log.warn and Log.error tell the user",
    "Memory": "agent:conversation() remembers what was said",
    "Session": "State keeps values while the run lasts, agent:conversation() remembers what was said",
    **dict.fromkeys(
        ("Artifact", "Context", "Event", "Hook", "LocalLLM", "RAG", "Replay", "Template"),
        "docs/scripts.md says what a script can call",
    ),
}
"""Modules of rs-llmspell that llmspell does not have, and what to do instead."""

MEMBERS: Final[Mapping[tuple[str, str], str]] = {
    ("os", "execute"): "scripts start no processes; a tool that the manifest grants can act for them",
    ("os", "exit"): "return ends the script, error(...) ends it as failed",
    **{("os", name): _FILES for name in ("remove", "rename", "tmpname")},
    **{("io", name): _FILES for name in ("open", "input", "output", "tmpfile")},
    ("io", "popen"): "scripts start no processes; a tool that the manifest grants can act for them",
    ("string", "gfind"): "Lua 5.4 calls it string.gmatch",
    ("string", "dump"): "there is no bytecode here; load takes text",
    ("string", "join"): "table.concat(list, separator) joins a list",
    **{("table", name): "#t is the length of a list" for name in ("getn", "maxn", "length", "size")},
    **{("table", name): "`for key, value in pairs(t) do ... end`" for name in ("foreach", "foreachi")},
    ("table", "push"): "table.insert(t, value) appends",
    ("math", "pow"): "x ^ y is the power",
    ("math", "mod"): "x % y is the remainder",
    ("math", "round"): "math.floor(x + 0.5) rounds",
    **{
        ("Agent", name): f"llmspell has no Agent.{name}; {_AGENTS}"
        for name in ("discover", "list_agents", "list_types")
    },
    **{("Tool", name): f"llmspell has no Tool.{name}; {_TOOLS}" for name in ("discover", "list_tools", "search")},
    **{("Workflow", name): f"llmspell has no Workflow.{name}; {_WORKFLOWS}" for name in ("list", "get", "register")},
    ("Log", "warning"): "Log.warn(message) is what there is",
}
"""(table, name) of functions that are nil here."""

STRINGS: Final[Mapping[str, str]] = {
    "trim": 's:match("^%s*(.-)%s*$") trims a string',
    "strip": 's:match("^%s*(.-)%s*$") trims a string',
    "split": 'a string is split with a pattern: `for part in s:gmatch("[^,]+") do ... end`',
    "startswith": "s:sub(1, #prefix) == prefix",
    "startsWith": "s:sub(1, #prefix) == prefix",
    "endswith": "s:sub(-#ending) == ending",
    "endsWith": "s:sub(-#ending) == ending",
    "contains": "s:find(part, 1, true) finds a part of a string",
    "includes": "s:find(part, 1, true) finds a part of a string",
    "indexOf": "s:find(part, 1, true) gives its position",
    "replace": "s:gsub(pattern, replacement) replaces",
    "toUpperCase": "s:upper()",
    "toLowerCase": "s:lower()",
}
"""Names that strings have elsewhere."""


class Spelling(NamedTuple):
    """What a line looks like, without the text in its strings and its comment, that does not compile."""

    line: re.Pattern[str]
    hint: str


SPELLINGS: Final[tuple[Spelling, ...]] = tuple(
    Spelling(re.compile(line), hint)
    for line, hint in (
        (r"^\s*for\s*\(|^\s*for\s+\w+\s*=[^;]*;", "a loop over numbers is `for i = 1, 10 do ... end`"),
        (r"!=", "'is not equal' is written ~= in Lua"),
        (r"&&|\|\|", "Lua writes `and`, `or` and `not`"),
        (r"!", "Lua writes `not x`"),
        (r"\+\+", "Lua has no ++; write x = x + 1"),
        (r"(?:[+\-*/%]|\.\.)=(?!=)", "Lua has no +=, -= and the like; write x = x + 1"),
        (r"^\s*(?://|/\*|\*|#)", "a comment begins with --, a long one is --[[ ... ]]"),
        (r"\belse\s+if\b|\belif\b|\belsif\b", "Lua writes elseif, in one word; `else if` needs an `end` of its own"),
        (r"\b(?:async|await)\b", "a call that waits looks like any other call: leave `async` and `await` out"),
        (r"\bcontinue\b", "Lua has no continue; write `goto continue`, and `::continue::` before the loop's `end`"),
        (r"^\s*(?:const|let|var)\b", "a variable is declared with `local x = 1`"),
        (r"^\s*(?:def|fn|func)\b", "a function is `local function f(x) ... end`"),
        (r"^\s*(?:import|from|using)\b", "a module is taken in with `local m = require(\"m\")`"),
        (r"^\s*(?:try|except|catch|finally)\b", "pcall(f, ...) catches errors: `local ok, result = pcall(f, ...)`"),
        (r"^\s*(?:class|struct|interface)\b", "Lua has no classes; a table with a metatable does their work"),
        (r"^\s*(?:switch|match|case)\b", "Lua has no switch; write if ... elseif ... end, or look up a table"),
        (r"^\s*for\s+[\w\s,]+\bof\b", "a loop over a list is `for i, item in ipairs(list) do ... end`"),
        (r"=>", "a function is `function(x) return x end`"),
        (r"\?", "Lua has no ?: and no ??; write `condition and a or b`"),
        (r"`", 'a text over several lines is [[...]]; values are put into one with ("%s"):format(x)'),
        (r"\b(?:if|while|elseif)\b[^=]*[^=~<>]=[^=]", "a comparison is written =="),
        (r"\b(?:if|while)\b.*\b(?:is|in)\b", "a comparison is written == or ~=; there is no `in` and no `is`"),
        (r"^\s*(?:if|elseif)\b.*:\s*$", "`if` is followed by `then`, and ends with `end`"),
        (r"^\s*(?:while|for)\b.*:\s*(?:end)?\s*$", "a loop is `while condition do ... end`"),
        (r"^\s*(?:local\s+)?(?:if|while|for|function)\b.*\)\s*\{|\belse\s*\{|^\s*\}\s*else",
         "blocks are written with words: if ... then ... end, while ... do ... end, function f() ... end"),
        (r"\bfunction\b[^()]*\([^()]*=", "a parameter has no default; write `x = x or 1` in the function"),
        (r"\bfunction\b[^()]*\([^()]*:|\bfunction\b.*\)\s*(?:->|:)|^\s*local\s+\w+\s*:", "Lua has no type annotations"),
        (r"[{,]\s*(?:\"\"\s*:|\w+\s*:\s*(?:\"\"|[\d{\[-])|\w+:\s+\w)",
         'a field of a table is { key = value }, or { ["any key"] = value }'),
        (r"[=(,]\s*\[(?![\[=])", "a list is written with braces: { 1, 2, 3 }"),
    )
)  # fmt: skip
"""Looked for in this order, on the line of the error."""
