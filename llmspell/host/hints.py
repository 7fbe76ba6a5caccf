"""What to do about the errors that scripts end with most often: rules from Lua's message and the script's text to one
sentence. Pure, but for the list of the API's names, which is read from the annotations that are shipped with it.

A hint is only ever added to an error. The texts are the script's, so every search is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from llmspell.host.habits import ELSEWHERE, GLOBALS, MEMBERS, SPELLINGS, STRINGS

ANNOTATIONS: Final = Path(__file__).parent.parent / "data" / "llmspell.lua"
"""The script API as the language server reads it."""
_LONGEST: Final = 500
"""Characters of a message or of a line that are looked at: what people write is shorter."""
_LARGEST: Final = 256 * 1024
"""Characters of a script that is looked at; larger ones are generated. This runs where other runs wait."""
_BACK: Final = 2_000
"""Lines before the error in which an assignment is looked for."""
_LUA: Final[Mapping[str, str]] = {
    "string": "byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper",
    "table": "concat insert move pack remove sort unpack",
    "math": "abs ceil cos exp floor fmod huge log max maxinteger min mininteger modf pi random randomseed sin sqrt tan "
    "tointeger type ult",
    "coroutine": "close create isyieldable resume running status wrap yield",
    "utf8": "char charpattern codepoint codes len offset",
}
_LUA_FUNCTIONS: Final = (
    "assert collectgarbage error getmetatable ipairs load next pairs pcall print rawequal rawget rawlen rawset require "
    "select setmetatable tonumber tostring type warn xpcall"
)
"""What Lua's library has and the annotations do not repeat."""


class Place(NamedTuple):
    """Where an error was raised: the script's text ("" when it is not at hand), the line in it (from 1), and the names
    of the agents, tools and providers that the run was given, by "Agent", "Tool" and "Provider"."""

    source: str
    line: int
    names: Mapping[str, Iterable[str]] = {}

    def lines(self) -> list[str]:
        """The lines up to the error's own, which is the last; [""] when there are none. Without comments."""
        found = self.source.split("\n")[max(0, self.line - _BACK) : self.line]
        return [line[:_LONGEST].split("--", 1)[0] for line in found] or [""]

    def text(self) -> str:
        """The line of the error."""
        return self.lines()[-1]

    def assigned(self, name: str) -> str:
        """What stands to the right of the last `name =` up to the error, or ""; of no name, nothing."""
        if not name:
            return ""
        pattern = re.compile(rf"(?<![\w.:]){re.escape(name)}\s*(?:,\s*\w+\s*){{0,4}}=(?!=)\s*(.*)")
        return next((match[1] for line in reversed(self.lines()) if (match := pattern.search(line))), "")

    def chunk(self, name: str) -> bool:
        """Is the name what a `for` loop over a stream gives?"""
        pattern = re.compile(rf"\bfor\s+{re.escape(name)}\s+in\s+(.*)")
        loop = next((match[1] for line in reversed(self.lines()) if (match := pattern.search(line))), "")
        return "stream" in loop or ":stream_execute" in self.assigned(loop.split(" ")[0]) if loop else False


def hint(kind: str, message: str, place: Place) -> str:
    """One sentence on what to do about the error that a script ended with, or "" where there is none to give."""
    if len(place.source) > _LARGEST:
        place = place._replace(source="")
    for pattern, advise in SYNTAX if kind == "syntax" else RUNTIME:
        match = pattern.search(message[:_LONGEST])
        if match and (found := advise(match, place)):
            return found
    return ""


class Api(NamedTuple):
    """The functions of each module ("Agent", "os"), the methods of each kind of object ("agent"), and the fields of
    what `execute` gives."""

    modules: Mapping[str, tuple[str, ...]]
    methods: Mapping[str, tuple[str, ...]]
    results: tuple[str, ...]


@lru_cache(maxsize=1)
def api() -> Api:
    """What the annotations say there is, but for the spellings that are there for scripts of rs-llmspell."""
    found: dict[str, dict[str, list[str]]] = {".": {}, ":": {}}
    primary = re.sub(r"^---@deprecated.*\n(?:---.*\n)*.*", "", ANNOTATIONS.read_text("utf-8"), flags=re.MULTILINE)
    for owner, sign, name in re.findall(r"^function (\w+)([.:])(\w+)\(", primary, re.MULTILINE):
        found[sign].setdefault(owner, []).append(name)
    modules, methods = ({owner: tuple(names) for owner, names in found[sign].items()} for sign in ".:")
    pattern = r"^---@class llmspell\.(?:Output|WorkflowResult)\n((?:---@field .*\n)+)"
    results = re.findall(pattern, primary, re.MULTILINE)
    return Api(modules, methods, tuple(re.findall(r"@field (\w+)", "".join(results))))


# ---- rules ----


def _global(match: re.Match[str], place: Place) -> str:
    name = match["name"]
    if name == "f" and re.search(r"\bf[\"']", place.text()):
        return 'Lua has no f-strings; write "a " .. x, or ("a %s"):format(x)'
    if name in GLOBALS:
        return GLOBALS[name]
    if name in ELSEWHERE:
        return f"llmspell has no '{name}'; {ELSEWHERE[name]}"
    defined = {found[1] for found in re.finditer(r"\blocal\s+(?:function\s+)?(\w{1,60})", place.source)}
    if name in defined:
        return f"the local '{name}' is known only after the line that declares it, and inside of its block"
    return _did_you_mean(name, [*api().modules, *_LUA, *_LUA_FUNCTIONS.split(), *defined])


def _member(match: re.Match[str], place: Place) -> str:
    name = match["name"]
    found = re.search(rf"([\w.]+|[\"')\]])\s*[.:]\s*{re.escape(name)}\b", place.text())
    owner = found[1] if found else ""
    if (owner, name) in MEMBERS:
        return MEMBERS[owner, name]
    if owner in _LUA:
        return _did_you_mean(name, _LUA[owner].split(), before=f"{owner}.") or STRINGS.get(name, "")
    if known := api().modules.get(owner):
        return f"llmspell has no {owner}.{name}; '{owner}' has {', '.join(known)}"
    if kind := _kind_of(owner, place):
        return f"'{owner}' has the methods {', '.join(api().methods[kind])}"
    return STRINGS.get(name, "") if match["what"] == "method" else ""


def _nothing_found(match: re.Match[str], place: Place) -> str:
    """Something was indexed that X.get gave, and that was nil."""
    name = match["name"]
    given = place.assigned(name) if name else place.text()
    asked = re.search(r"\b(Agent|Tool|Provider|State)\.get\s*\(\s*(?:([\"'])(.{1,80}?)\2)?", given)
    if asked is None:
        return ""
    module, wanted = asked[1], asked[3]
    if module == "State":
        return "State.get gives nil where nothing is stored; State.get(key, default) gives the default"
    created = re.findall(r"\bname\s*=\s*[\"']([^\"'\n]{1,80})[\"']", place.source)
    known = sorted({*place.names.get(module, ()), *(created if module != "Provider" else ())})
    what = f"there is no {module.lower()} '{wanted}'" if wanted else f"there is no such {module.lower()}"
    near = wanted and _did_you_mean(wanted, known)
    return f"{module}.get gives nil because {what}; " + (near or f"{module}.list() gives those there are")


def _answer(match: re.Match[str], place: Place) -> str:
    """A field of what `execute` gave, which has none of that name."""
    name = match["name"]
    owner = re.search(rf"(\w+)\.{name}\b", place.text())
    called = re.search(r"(\w*)\s*:execute\b", (place.assigned(owner[1]) if owner else "") + place.text())
    if called is None:
        return ""
    if name in _FOREIGN and _kind_of(called[1], place) != "workflow":
        return f"an agent's answer has no '{name}'; its text is result.text"
    return _did_you_mean(name, api().results)


def _chunk_text(_: re.Match[str], place: Place) -> str:
    line = place.text()
    if re.search(r"\bcontent\.text\b", line):
        return "not every chunk of a stream has text: test it, as in `if chunk.content.text then ... end`"
    direct = re.search(r"(\w+)\.text\b", line)
    if direct and place.chunk(direct[1]):
        return f"a chunk's text is {direct[1]}.content.text, and not every chunk has one"
    return ""


def _table_as_text(match: re.Match[str], place: Place) -> str:
    name = match["name"]
    if name and place.chunk(name):
        return f"'{name}' is a chunk; its text is {name}.content.text, and not every chunk has one"
    if ":execute" in (place.assigned(name) if name else place.text()):
        return f"an agent's answer is a table; did you mean {name or 'result'}.text?"
    return "a table has no text of its own; JSON.stringify(t) gives one"


def _with_colon(match: re.Match[str], place: Place) -> str:
    module, function = match["module"], match["function"]
    if re.search(rf"\b{module}\s*:\s*{function}\b", place.text()):
        return f"functions of '{module}' are called with '.': {module}.{function}(...)"
    return ""


def _length(_: re.Match[str], place: Place) -> str:
    habit = re.search(r"\.(?:length|size|count|len)\b", place.text())
    return "#x is the length of a string or a list" if habit else ""


def _spelling(_: re.Match[str], place: Place) -> str:
    """What the line has that is not Lua. `continue` is complained of where the next word stands."""
    *before, line = place.lines()
    last = next((text.strip() for text in reversed(before) if text.strip()), "")
    return _foreign(line) or (_foreign(last) if last == "continue" else "")


def _opening(_: re.Match[str], place: Place) -> str:
    """`then` or `do` is missed long after the line that should have it."""
    return next((_foreign(line) for line in reversed(place.lines()) if re.match(r"\s*(?:if|while|for)\b", line)), "")


def _foreign(line: str) -> str:
    code = _STRING.sub('""', line)
    return next((spelling.hint for spelling in SPELLINGS if spelling.line.search(code)), "")


def _after_return(_: re.Match[str], place: Place) -> str:
    *before, line = place.lines()
    last = next((text for text in reversed(before) if text.strip()), "")
    habit = re.search(r"\breturn\b", f"{last}\n{line}")
    return "`return` must be the last statement of its block; `do return end` ends early" if habit else ""


def _block_left_open(_: re.Match[str], place: Place) -> str:
    if re.search(r"\belse\s+if\b", place.source):
        return "Lua writes elseif, in one word; `else if` opens a second `if`, with an `end` of its own"
    return "a block is not closed: every if, for, while and function needs its `end`"


def _kind_of(name: str, place: Place) -> str:
    """What kind of object a variable holds, by how it was made: "agent", "stream", ...; "" when that is not certain."""
    made = place.assigned(name)
    return next((kind for kind, by in _MADE_BY if by.match(made)), "")


def _did_you_mean(name: str, known: Iterable[str], before: str = "") -> str:
    by_lower = {word.lower(): word for word in known}
    near = get_close_matches(name.lower()[:60], list(by_lower)[:1000], n=1, cutoff=0.7)
    return f"did you mean '{before}{by_lower[near[0]]}'?" if near and by_lower[near[0]] != name else ""


def _say(text: str) -> Callable[[re.Match[str], Place], str]:
    return lambda _match, _place: text


_STRING: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_MADE_BY: Final = tuple(
    (kind, re.compile(by))
    for kind, by in (
        ("agent", r"Agent\.(?:create|get)\b[^:]*$|Agent\.builder\b"),
        ("tool", r"Tool\.(?:define|get)\b[^:]*$"),
        ("task", r"Task\.spawn\b"),
        ("stream", r"Stream\.\w+|\w+:stream_execute\b"),
        ("conversation", r"\w+:conversation\("),
        ("workflow", r"Workflow\.\w+"),
        ("media", r"Media\.\w+"),
    )
)

Rule = tuple[re.Pattern[str], Callable[[re.Match[str], Place], str]]


def _rules(*rules: tuple[str, Callable[[re.Match[str], Place], str]]) -> tuple[Rule, ...]:
    return tuple((re.compile(pattern), advise) for pattern, advise in rules)


_NAME: Final = r"(?: \((?:local|upvalue|global|field|constant) '(?P<name>\w+)'\))?"
_FOREIGN: Final = ("choices", "content", "message", "output", "response", "answer")
"""What the answers of other libraries have."""

RUNTIME: Final = _rules(
    (r"attempt to .{1,40} a nil value \(global '(?P<name>\w+)'\)", _global),
    (r"attempt to call a nil value \((?P<what>field|method) '(?P<name>\w+)'\)", _member),
    (r"attempt to .{1,40} a nil value \(field '(?P<name>\w+)'\)", _answer),
    (r"attempt to concatenate a nil value \(field 'text'\)", _chunk_text),
    (r"bad argument #\d+ to '(?:write|insert|concat)'.*nil", _chunk_text),
    (rf"attempt to index a nil value{_NAME}", _nothing_found),
    (rf"attempt to concatenate a table value{_NAME}", _table_as_text),
    (r"bad argument #\d+ to '(?P<module>[A-Z]\w*)\.(?P<function>\w+)'", _with_colon),
    (
        r"attempt to call a table value.*for iterator",
        _say("a loop over a table is `for key, value in pairs(t) do`, over a list `for i, item in ipairs(list) do`"),
    ),
    (r"bad 'for' limit|attempt to (?:compare|perform arithmetic).* nil", _length),
    (
        r"attempt to (?:add|perform arithmetic).*string",
        _say("strings are joined with `..`; tonumber(s) makes a number of one"),
    ),
    (
        r"attempt to compare (?:number with string|string with number)",
        _say("tonumber(s) makes a number of a string"),
    ),
    (r"^\(error object is an? \w+ value\)$", _say("raise a text, or a table whose metatable has a __tostring")),
)
"""In this order; the first that has something to say is it."""

SYNTAX: Final = _rules(
    (r"no visible label 'continue'", _say("put `::continue::` before the `end` of the loop")),
    (
        r"unfinished string",
        _say("a string ends on its line: \\n is a line break in it, \\' a quote; [[...]] takes several lines"),
    ),
    (r"near", _spelling),
    (r"'(?:then|do)' expected", _opening),
    (r"(?:<eof>|'end') expected .*near (?!<eof>)", _after_return),
    (r"'end' expected .*near <eof>", _block_left_open),
)
