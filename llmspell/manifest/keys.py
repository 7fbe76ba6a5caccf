"""Every key of a manifest: its kind, its range, and what it means. The loader, the JSON Schema and the resolved form
are all made from these lists; a default is never here, but in the dataclass that the section becomes.
"""

from __future__ import annotations

import shlex
from typing import Any, get_args, get_type_hints
from urllib.parse import urlsplit

from llmspell.access import credentials, fields, hosts, roots
from llmspell.content import MEDIA_TYPES
from llmspell.manifest import units
from llmspell.manifest.model import LIMIT_RANGES, OutputFormat, RunSection, RuntimeSection, SecuritySection
from llmspell.manifest.sections import Key, Section, Table, Tables
from llmspell.manifest.tables import Free, Headers, JsonSchema, Listing
from llmspell.manifest.values import Choice, Dollars, Flag, Measure, Real, Text, Whole
from llmspell.settings import (
    AgentSettings,
    CapabilitySettings,
    Credential,
    FileRoot,
    MediaLimits,
    MediaSettings,
    MediaSizes,
    Method,
    Prices,
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
    return roots.problem_of(path) or ("begins with '~', which stands for nothing here" if path.startswith("~") else "")


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


def _attachable(header: str) -> str:
    """What is wrong with a header for a secret, or ""."""
    return "is set by llmspell itself" if header.lower() in fields.FRAMING else ""


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
        Key(
            name="max_cost_usd",
            field="cost",
            kind=Dollars(low=LIMIT_RANGES["cost"][0], high=LIMIT_RANGES["cost"][1]),
            doc="What models may cost, in US dollars; a model without a known price is then refused.",
        ),
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

_PRICE = Real(low=0.0, high=1_000_000.0)

PRICES = Section(
    build=Prices,
    doc="What the provider's models cost, in US dollars for a million tokens, instead of what the price list says.",
    keys=(
        Key(name="input", kind=_PRICE, doc="Of input."),
        Key(name="output", kind=_PRICE, doc="Of output, reasoning included."),
        Key(name="cached", kind=_PRICE, doc="Of input that the server had in its cache; by default as other input."),
    ),
)

MEDIA_SIZES = Section(
    build=MediaSizes,
    doc="The largest medium that the models take, by its type.",
    keys=tuple(
        Key(name=kind, kind=_size(1, units.I64_MAX), doc='The largest, before base64, with a unit: "5MB".')
        for kind in MEDIA_TYPES
    ),
)

_MODALITIES = Listing(item=Choice(options=MEDIA_TYPES))

CAPABILITIES = Section(
    build=CapabilitySettings,
    doc="What the provider's models can do, where what llmspell knows of them is missing or wrong.",
    keys=(
        Key(name="streaming", kind=Flag(), doc="Whether answers can be streamed."),
        Key(name="tools", kind=Flag(), doc="Whether the models can call tools."),
        Key(name="json_schema", kind=Flag(), doc="Whether a schema can be sent along that answers then fit."),
        Key(name="input_modalities", kind=_MODALITIES, doc="What the models take."),
        Key(name="output_modalities", kind=_MODALITIES, doc="What the models give."),
        Key(name="max_context", kind=Whole(low=1), doc="Tokens of a request and its answer together."),
        Key(name="max_media_size", kind=Table(section=MEDIA_SIZES), doc=MEDIA_SIZES.doc),
        Key(name="max_image_side", kind=Whole(low=1), doc="The most pixels in an image's width, and in its height."),
    ),
)

_MAX_TOKENS = Whole(low=1)
_TEMPERATURE = Real(low=0.0, high=100.0)

PROVIDER = Section(
    build=ProviderSettings,
    doc="A model provider. Proxies and certificate authorities are those of the environment: HTTPS_PROXY, HTTP_PROXY, "
    "ALL_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR.",
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
        Key(
            name="api_key_file",
            kind=Text(what="the path of a file", pattern=r"^[^\x00]+$", secret=True),
            doc="The file that holds the API key, relative to the manifest; on POSIX only its owner may read it.",
        ),
        Key(
            name="api_key_keyring",
            kind=Text(
                what="a service and a user, such as openai/me",
                pattern=r"^[^\x00]+/[^/\x00]+$",
                hint="it names the entry of the system's keyring that holds the key, and is never the key itself",
                secret=True,
            ),
            doc='The entry of the system keyring that holds the API key, "SERVICE/USER"; needs llmspell[keyring].',
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
        *_times("total_timeout", "Longest time for one whole answer", 1),
        Key(
            name="max_retries",
            kind=Whole(low=0, high=100),
            doc="How often a request is sent again after a failure that may pass.",
        ),
        Key(
            name="requests_per_minute",
            kind=Whole(low=1),
            doc="Requests in any minute, of all runs of the process together; further ones wait.",
        ),
        Key(
            name="tokens_per_minute",
            kind=Whole(low=1),
            doc="Input and output tokens in any minute, of all runs of the process together.",
        ),
        Key(
            name="max_concurrency",
            kind=Whole(low=1),
            doc="Requests at once, of all runs of the process together; an open stream is one.",
        ),
        Key(name="http2", kind=Flag(), doc="Whether HTTP/2 may be used; needs the package h2: llmspell[http2]."),
        Key(name="prices", kind=Table(section=PRICES), doc="What tokens cost, where the price list is not right."),
        Key(name="capabilities", kind=Table(section=CAPABILITIES), doc=CAPABILITIES.doc),
        Key(name="file", kind=_FILLED, doc="The recording that a replay provider plays, relative to the manifest."),
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
    doc="A granted folder.",
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

CREDENTIAL = Section(
    build=Credential,
    doc="A secret that is attached to requests to one host. Neither the script nor a model sees it.",
    keys=(
        Key(name="host", kind=Text(check=credentials.problem_of), doc="The host, as in `hosts`; one, without `*`."),
        Key(
            name="header",
            kind=Text(what="the name of a header", pattern=fields.HEADER_NAME, check=_attachable),
            doc="The header that carries the secret.",
        ),
        Key(
            name="env",
            kind=Text(
                what="the name of an environment variable",
                pattern=_ENV_NAME,
                hint="it names the variable that holds the secret, and is never the secret itself",
                secret=True,
            ),
            doc="The environment variable that holds the secret.",
        ),
        Key(
            name="prefix",
            kind=Text(what="printable ASCII characters", pattern=r"[ -~]*"),
            doc='What stands before the secret, such as "Bearer ".',
        ),
    ),
)

REACH = (
    Key(
        name="hosts",
        kind=Listing(item=Text(check=hosts.problem_of)),
        doc='The hosts that may be asked: "api.example.com" (ports 80 and 443), "*.example.org:8443" (names beneath), '
        '"127.0.0.1:8080" or "10.1.0.0/16" (an address that is not public must be granted as such), "*" (all that is '
        "public).",
    ),
    Key(
        name="methods",
        kind=Listing(item=Text(what="an HTTP method", pattern="|".join(get_args(Method)), hint="such as POST")),
        doc="The HTTP methods that may be used.",
    ),
    *_bytes("max_response", "Largest answer, as it comes and decompressed", 32 * units.MB),
    *_times("timeout", "Longest time of one call, redirects included", 1),
    Key(
        name="max_redirects",
        kind=Whole(high=20),
        doc="Redirects that are followed, to granted hosts; with 0 they are the answer.",
    ),
    Key(name="credentials", kind=Tables(section=CREDENTIAL), doc="Secrets that are attached, each for one host."),
)
"""What of the network is granted."""

TOOL = Section(
    build=ToolSettings,
    doc="What is granted to one tool alone. Each tool takes some of these keys, and others are errors; a tool with "
    "`python` takes `confirm` beside it.",
    keys=(
        Key(
            name="roots",
            kind=Tables(section=ROOT),
            doc="The folders that the tool may use: one of files, `csv` or `sqlite`.",
        ),
        *_bytes("max_file", "Largest file that the tool reads or writes", units.GB),
        *_bytes("max_write", "What `file_operations` or `sqlite` may write in one run, over all files", units.I64_MAX),
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
        *_bytes("max_output", "What one call of `shell` gives", 16 * units.MB),
        *REACH,
        Key(
            name="engine",
            kind=Choice(options=_words(ToolSettings, "engine")),
            doc="Whom `web_search` asks; by default brave, and searxng where there is a `url`.",
        ),
        Key(
            name="url",
            kind=Text(check=_base_url),
            doc="Where that is, such as https://searx.example.org/search; its host must be granted in any case.",
        ),
    ),
)

MEDIA_LIMITS = Section(
    build=MediaLimits,
    doc="The largest medium that a run takes, by its type.",
    keys=tuple(
        Key(name=kind, kind=_size(1, units.I64_MAX), doc=f"The largest of type {kind}.") for kind in MEDIA_TYPES
    ),
)

MEDIA = Section(
    build=MediaSettings,
    doc="Where media may come from and go to, how large they may be, and what is done before they are sent.",
    keys=(
        Key(name="roots", kind=Tables(section=ROOT), doc="The folders of Media.load and media:save."),
        *(key for key in REACH if key.name != "methods"),
        Key(name="max_size", kind=Table(section=MEDIA_LIMITS), doc=MEDIA_LIMITS.doc),
        Key(
            name="total_size",
            field="total_bytes",
            kind=_size(1, units.I64_MAX),
            doc="All media of a run together, and what it may save.",
        ),
        Key(name="max_pixels", kind=Whole(low=1), doc="Pixels of one image, over all its rows."),
        Key(
            name="strip_metadata",
            kind=Flag(),
            doc="Whether EXIF, places, comments, tags and thumbnails are taken out before a medium is sent.",
        ),
        Key(name="resize", kind=Flag(), doc="Whether images are made smaller where a model takes no larger ones."),
    ),
)

SECTIONS = {
    "run": RUN,
    "runtime": RUNTIME,
    "providers": PROVIDER,
    "agents": AGENT,
    "security": SECURITY,
    "tools": TOOL,
    "media": MEDIA,
}
"""Every section of a manifest; those of NAMED stand for each [providers.NAME], [agents.NAME] and [tools.NAME]."""
NAMED = ("providers", "agents", "tools")
