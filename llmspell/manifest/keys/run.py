"""[run] and [runtime]."""

from __future__ import annotations

from typing import get_args

from llmspell.manifest.keys.kinds import FILLED, LONGEST_TIME, duration, limit, megabytes, size
from llmspell.manifest.model import LIMIT_RANGES, OutputFormat, RunSection, RuntimeSection
from llmspell.manifest.sections import Key, Section
from llmspell.manifest.tables import Listing
from llmspell.manifest.values import Choice, Dollars, Flag, Text, Whole

RUN = Section(
    build=RunSection,
    doc="What to run.",
    keys=(
        Key(name="script", kind=FILLED, doc="The Lua file to run, relative to the manifest."),
        Key(name="source", kind=Text(), doc="The Lua text to run, instead of `script`."),
        Key(name="args", kind=Listing(item=Text(), unique=False), doc="What the script finds in `arg`."),
        Key(
            name="modules",
            kind=Listing(item=FILLED),
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
        limit(
            "fuel", "WebAssembly instructions, about: 100e9 is some ten seconds of Lua.", floats=True, unlimited=True
        ),
        megabytes(),
        Key(
            name="memory",
            field="memory_bytes",
            kind=size(*LIMIT_RANGES["memory_bytes"]),
            doc='Memory of the sandbox, with a unit: "50MB".',
        ),
        Key(
            name="script_timeout_ms",
            field="wall_ms",
            kind=Whole(low=1, high=LONGEST_TIME, unlimited=True, unit_key="timeout"),
            doc="Time from start to end, waiting included, in milliseconds.",
        ),
        Key(
            name="timeout",
            field="wall_ms",
            kind=duration(1, unlimited=True),
            doc='Time from start to end, waiting included, with a unit: "30s".',
        ),
        Key(name="enable_streaming", kind=Flag(), doc="Whether agents may stream their answers."),
        limit("provider_calls", "Model turns, those of tool loops included.", unlimited=True),
        limit("tool_calls", "Calls of tools, by the script and by models.", unlimited=True),
        limit("input_tokens", "Tokens sent to models, over all calls.", unlimited=True),
        limit("output_tokens", "Tokens received from models, over all calls.", unlimited=True),
        limit("output_bytes", "Bytes that the script may print.", unlimited=True, unit_key="output_size"),
        Key(
            name="output_size",
            field="output_bytes",
            kind=size(*LIMIT_RANGES["output_bytes"], unlimited=True),
            doc='What the script may print, with a unit: "16MB".',
        ),
        limit("tasks", "Tasks that are open at once, the script itself included."),
        limit("streams", "Streams that are open at once."),
        Key(
            name="max_cost_usd",
            field="cost",
            kind=Dollars(low=LIMIT_RANGES["cost"][0], high=LIMIT_RANGES["cost"][1]),
            doc="What models may cost, in US dollars; a model without a known price is then refused.",
        ),
    ),
)
