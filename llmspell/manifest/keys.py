"""Every key of a manifest: its kind, its range, and what it means. The loader, the JSON Schema and the resolved form
are all made from these lists; a default is never here, but in the dataclass that the section becomes.
"""

from __future__ import annotations

import shlex
from typing import Any, get_args, get_type_hints
from urllib.parse import urlsplit

from llmspell.access.roots import problem_of
from llmspell.manifest import units
from llmspell.manifest.model import LIMIT_RANGES, OutputFormat, RunSection, RuntimeSection, SecuritySection
from llmspell.manifest.sections import Key, Section, Tables
from llmspell.manifest.tables import Free, Headers, JsonSchema, Listing
from llmspell.manifest.values import Choice, Flag, Measure, Real, Text, Whole
from llmspell.settings import (
    AgentSettings,
    FileRoot,
    ProviderKind,
    ProviderSettings,
    ScriptedReply,
    ScriptedToolCall,
    ToolSettings,
)

PROVIDER_KINDS: tuple[str, ...] = get_args(ProviderKind)
NAME_PATTERN = r"^[A-Za-z0-9_.-]{1,64}$"
NAME_RULE = "1 to 64 letters, digits, `_`, `.` or `-`"
"""Of providers and agents. No slash: `model = "provider/model"` splits there."""

_LONGEST_TIME = LIMIT_RANGES["wall_ms"][1]
_NAME = Text(what=f"a name of {NAME_RULE}", pattern=NAME_PATTERN)
_FILLED = Text(what="a string that is not empty", pattern=r"^[^\x00]+$")
_ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"


def _base_url(url: str) -> str:
    """What is wrong with a provider's address, or ""."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or any(not "!" <= char <= "~" for char in url):
        return "must be an http or https address, such as https://api.openai.com/v1"
    if "@" in parts.netloc:
        return "must not contain a user name or a password"
    return "must end before any `?` or `#`" if "?" in url or "#" in url else ""


def _times(name: str, doc: str, low: int) -> tuple[Key, Key]:
    """NAME_ms in milliseconds, and NAME with a unit."""
    field = f"{name}_ms"
    number = Whole(low=low, high=_LONGEST_TIME, unit_key=name)
    return Key(name=field, kind=number, doc=f"{doc}, in milliseconds."), Key(
        name=name, field=field, kind=_duration(low), doc=f'{doc}, with a unit: "5s", "500ms".'
    )


def _bytes(name: str, doc: str, high: int) -> tuple[Key, Key]:
    """NAME_bytes, and NAME_size with a unit."""
    field, unit_key = f"{name}_bytes", f"{name}_size"
    number = Whole(low=1, high=high, unit_key=unit_key)
    return Key(name=field, kind=number, doc=f"{doc}, in bytes."), Key(
        name=unit_key, field=field, kind=_size(1, high), doc=f'{doc}, with a unit: "16MB".'
    )


def _mount(path: str) -> str:
    """What is wrong with the place of a granted folder, or ""."""
    return problem_of(path) or ("begins with '~', which stands for nothing here" if path.startswith("~") else "")


def command_problem(command: str) -> str:
    """What is wrong with a command of the shell tool, or ""."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        return f"has no whole words: {str(error).lower()}"
    if not words:
        return "is empty"
    return "must name a program first, not `*`" if words[0] == "*" else ""


def _duration(low: int, unlimited: bool = False) -> Measure:
    return Measure(
        parse=units.parse_duration_ms,
        format=units.format_duration_ms,
        pattern=units.DURATION_PATTERN,
        example='"30s" or "500ms"',
        low=low,
        high=_LONGEST_TIME,
        unlimited=unlimited,
    )


def _size(low: int, high: int, unlimited: bool = False) -> Measure:
    return Measure(
        parse=units.parse_size,
        format=units.format_size,
        pattern=units.SIZE_PATTERN,
        example='"50MB" or "64KiB"',
        low=low,
        high=high,
        unlimited=unlimited,
    )


def _words(cls: type[Any], field: str) -> tuple[str, ...]:
    """The words of a field that is Literal[...] | None."""
    literal, _none = get_args(get_type_hints(cls)[field])
    return get_args(literal)


def _limit(name: str, doc: str, **options: Any) -> Key:
    """A count of limits.py."""
    low, high = LIMIT_RANGES[name]
    return Key(name=name, kind=Whole(low=low, high=high, **options), doc=doc)


def _megabytes() -> Key:
    low, high = (bound // units.MB for bound in LIMIT_RANGES["memory_bytes"])
    kind = Whole(low=low, high=high, scale=units.MB, unit_key="memory")
    return Key(name="max_memory_mb", field="memory_bytes", kind=kind, doc="Memory of the sandbox, in megabytes.")


RUN = Section(
    build=RunSection,
    doc="What to run.",
    keys=(
        Key(name="script", kind=_FILLED, doc="The Lua file to run, relative to the manifest."),
        Key(name="source", kind=Text(), doc="The Lua text to run, instead of `script`."),
        Key(name="args", kind=Listing(item=Text(), unique=False), doc="What the script finds in `arg`."),
        Key(
            name="modules",
            kind=Listing(item=_FILLED),
            doc="Folders that `require` may read, relative to the manifest; without any it finds nothing.",
        ),
        Key(
            name="output",
            kind=Choice(options=get_args(OutputFormat)),
            doc='What is printed: the script\'s own "text", one "json" object, or "events", one JSON object a line.',
        ),
    ),
)

RUNTIME = Section(
    build=RuntimeSection,
    doc='The limits of the run; they hold for everything beneath it. "unlimited" lifts one where it is allowed.',
    keys=(
        _limit(
            "fuel", "WebAssembly instructions, about: 100e9 is some ten seconds of Lua.", floats=True, unlimited=True
        ),
        _megabytes(),
        Key(
            name="memory",
            field="memory_bytes",
            kind=_size(*LIMIT_RANGES["memory_bytes"]),
            doc='Memory of the sandbox, with a unit: "50MB".',
        ),
        Key(
            name="script_timeout_ms",
            field="wall_ms",
            kind=Whole(low=1, high=_LONGEST_TIME, unlimited=True, unit_key="timeout"),
            doc="Time from start to end, waiting included, in milliseconds.",
        ),
        Key(
            name="timeout",
            field="wall_ms",
            kind=_duration(1, unlimited=True),
            doc='Time from start to end, waiting included, with a unit: "30s".',
        ),
        Key(name="enable_streaming", kind=Flag(), doc="Whether agents may stream their answers."),
        _limit("provider_calls", "Model turns, those of tool loops included.", unlimited=True),
        _limit("tool_calls", "Calls of tools, by the script and by models.", unlimited=True),
        _limit("input_tokens", "Tokens sent to models, over all calls.", unlimited=True),
        _limit("output_tokens", "Tokens received from models, over all calls.", unlimited=True),
        _limit("output_bytes", "Bytes that the script may print.", unlimited=True, unit_key="output_size"),
        Key(
            name="output_size",
            field="output_bytes",
            kind=_size(*LIMIT_RANGES["output_bytes"], unlimited=True),
            doc='What the script may print, with a unit: "16MB".',
        ),
        _limit("tasks", "Tasks that are open at once, the script itself included."),
        _limit("streams", "Streams that are open at once."),
    ),
)

TOOL_CALL = Section(
    build=ScriptedToolCall,
    doc="A tool call that a scripted reply makes.",
    keys=(
        Key(name="name", kind=_FILLED, doc="The tool to call."),
        Key(name="arguments", kind=Free(), doc="The arguments of the call."),
    ),
)

REPLY = Section(
    build=ScriptedReply,
    doc="One reply of a scripted provider. Replies are used in order, the last one again and again.",
    keys=(
        Key(name="text", kind=Text(), doc="The answer; {input} in it stands for what was asked."),
        Key(name="match", kind=Text(), doc="Answer only requests whose last message contains this."),
        Key(name="tool_calls", kind=Tables(section=TOOL_CALL), doc="Tool calls that the reply makes."),
        *_times("delay", "Wait before the first chunk", 0),
        *_times("chunk_delay", "Wait between chunks", 0),
        Key(name="chunk_words", kind=Whole(low=1), doc="Words in a chunk."),
        Key(
            name="finish_reason",
            kind=Choice(options=_words(ScriptedReply, "finish_reason")),
            doc="Why the answer ends; by default what its content says.",
        ),
        Key(
            name="fault",
            kind=Choice(options=_words(ScriptedReply, "fault")),
            doc="Fail the way a real server does.",
        ),
    ),
)

_MAX_TOKENS = Whole(low=1)
_TEMPERATURE = Real(low=0.0, high=100.0)

PROVIDER = Section(
    build=ProviderSettings,
    doc="A model provider.",
    keys=(
        Key(
            name="kind",
            kind=Choice(options=PROVIDER_KINDS),
            doc="The protocol; by default what the provider's name says, else openai.",
        ),
        Key(name="model", kind=_FILLED, doc="The model to use where an agent names none."),
        Key(
            name="base_url",
            kind=Text(check=_base_url),
            doc="Where the server is, such as http://127.0.0.1:8080/v1.",
        ),
        Key(
            name="api_key_env",
            kind=Text(
                what="the name of an environment variable",
                pattern=_ENV_NAME,
                hint="it names the variable that holds the key, such as OPENAI_API_KEY, and is never the key itself",
                secret=True,
            ),
            doc="The environment variable that holds the API key.",
        ),
        Key(name="max_tokens", kind=_MAX_TOKENS, doc="Longest answer, in tokens, where an agent says nothing."),
        Key(name="temperature", kind=_TEMPERATURE, doc="Sampling temperature, where an agent says nothing."),
        Key(name="headers", kind=Headers(), doc="HTTP headers to send along; none that carries a credential."),
        *_times("connect_timeout", "Longest wait for a connection", 1),
        *_times("first_token_timeout", "Longest wait for the first piece of an answer", 1),
        *_times("chunk_timeout", "Longest silence within a stream", 1),
        Key(
            name="max_reply_bytes",
            kind=Whole(low=1, unit_key="max_reply_size"),
            doc="Largest answer, streamed or not, in bytes.",
        ),
        Key(
            name="max_reply_size",
            field="max_reply_bytes",
            kind=_size(1, units.I64_MAX),
            doc='Largest answer, streamed or not, with a unit: "16MB".',
        ),
        Key(name="replies", kind=Tables(section=REPLY), doc="What a scripted provider answers."),
    ),
)

DEFAULT_PROVIDER = Key(
    name="default",
    kind=_NAME,
    doc="The provider of agents that name none; needed only where several are configured.",
)

AGENT = Section(
    build=AgentSettings,
    doc="An agent that scripts get with Agent.get(NAME).",
    keys=(
        Key(name="provider", kind=_NAME, doc="The provider; by default the default one."),
        Key(name="model", kind=_FILLED, doc="The model; by default the provider's."),
        Key(
            name="fallback",
            kind=Listing(item=_FILLED),
            doc='Models to ask in turn where one fails, as "model" or "provider/model".',
        ),
        Key(
            name="description",
            kind=Text(),
            doc="What the agent is for, as other agents' models read it that may call it or hand over to it.",
        ),
        Key(name="prompt", kind=Text(), doc="The system prompt."),
        Key(name="tools", kind=Listing(item=_FILLED), doc="Names of the tools and agents that the model may call."),
        Key(name="temperature", kind=_TEMPERATURE, doc="Sampling temperature; by default the provider's."),
        Key(name="max_tokens", kind=_MAX_TOKENS, doc="Longest answer, in tokens; by default the provider's."),
        Key(name="max_turns", kind=Whole(low=1), doc="Model turns in one execution, at most."),
        Key(name="schema", kind=JsonSchema(), doc="The JSON Schema that its answers must fit."),
        Key(
            name="transfer_to",
            kind=Listing(item=_FILLED),
            doc="Names of the agents that the model may hand the conversation over to.",
        ),
        Key(name="parameters", kind=Free(), doc="Passed through to the provider as they are."),
    ),
)

SECURITY = Section(
    build=SecuritySection,
    doc="What the script may reach beside its providers.",
    keys=(
        Key(
            name="sandbox_mode",
            kind=Flag(only_true="every script runs in the sandbox, and there is no other way to run one"),
            doc="Always true; it says so for the reader.",
        ),
        Key(name="allowed_tools", kind=Listing(item=_FILLED), doc="The tools that the script and its agents may call."),
        Key(
            name="env",
            kind=Listing(item=Text(what="the name of an environment variable", pattern=_ENV_NAME)),
            doc="Environment variables that os.getenv may read.",
        ),
    ),
)

ROOT = Section(
    build=FileRoot,
    doc="A folder that a tool may use.",
    keys=(
        Key(name="path", kind=_FILLED, doc="The folder, relative to the manifest."),
        Key(
            name="mode",
            kind=Choice(options=get_args(get_type_hints(FileRoot)["mode"])),
            doc="What is granted; writing includes reading.",
        ),
        Key(
            name="at",
            kind=Text(check=_mount),
            doc='The path under which the script finds the folder, such as "/tmp" or "notes"; without it, what is in '
            "the folder stands at the top.",
        ),
    ),
)

TOOL = Section(
    build=ToolSettings,
    doc="What is granted to one tool alone.",
    keys=(
        Key(name="roots", kind=Tables(section=ROOT), doc="The folders that the tool may use."),
        *_bytes("max_file", "Largest file that the tool reads or writes", units.GB),
        *_bytes("max_write", "What the tool may write in one run, over all files", units.I64_MAX),
        Key(
            name="python",
            kind=Text(
                what="a function of yours, such as package.module:function",
                pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$",
            ),
            doc="The Python function that is the tool, package.module:function: of an installed package, or of a "
            "module in the manifest's folder.",
        ),
        Key(name="confirm", kind=Flag(), doc="Ask on the terminal before each call; without a terminal, deny it."),
        Key(
            name="commands",
            kind=Listing(item=Text(what="a command", check=command_problem)),
            doc='What the tool `shell` may run, word by word: "git status". A word `*` stands for any one word that '
            "does not begin with a dash.",
        ),
        Key(name="cwd", kind=_FILLED, doc="The folder that `shell` runs commands in, relative to the manifest."),
        Key(
            name="env",
            kind=Listing(item=Text(what="the name of an environment variable", pattern=_ENV_NAME)),
            doc="Environment variables that the commands of `shell` see, besides PATH, HOME and LANG.",
        ),
        *_times("timeout", "Longest that one call of `shell` or `sqlite` takes", 1),
        *_bytes("max_output", "What one call of `shell` gives", 16 * units.MB),
    ),
)

SECTIONS = {
    "run": RUN,
    "runtime": RUNTIME,
    "providers": PROVIDER,
    "agents": AGENT,
    "security": SECURITY,
    "tools": TOOL,
}
"""Every section of a manifest; those of NAMED stand for each [providers.NAME], [agents.NAME] and [tools.NAME]."""
NAMED = ("providers", "agents", "tools")
