"""Manifests that load, for several tests, and how a ManifestError is shown in snapshots."""

from __future__ import annotations

from pathlib import Path

from hypothesis import settings

from llmspell.errors import ManifestError
from llmspell.manifest.load import parse_manifest
from llmspell.manifest.model import Manifest

PROPERTY = settings(deadline=None, derandomize=True)
"""For property tests: the same examples on every run, however slow the machine."""

SEED = """\
# Default configuration
[runtime]
script_timeout_ms = 30000
max_memory_mb = 50
enable_streaming = true

[providers]
default = "rig"

[providers.rig]
api_key_env = "OPENAI_API_KEY"
model = "gpt-3.5-turbo"
max_tokens = 1000

[security]
sandbox_mode = true
allowed_tools = ["file_reader", "web_search"]
"""

EVERYTHING = """\
[run]
script = "main.lua"
args = ["--fast", ""]
modules = ["lib", "../shared"]
output = "json"

[runtime]
fuel = 1e9
memory = "64MB"
timeout = "2m"
enable_streaming = false
provider_calls = 10
tool_calls = 0
input_tokens = 100_000
output_tokens = "unlimited"
output_size = "1.5MB"
tasks = 100
streams = 5
max_cost_usd = 0.25

[providers]
default = "local"

[providers.local]
kind = "openai"
model = "qwen"
base_url = "http://127.0.0.1:8080/v1"
api_key_env = "LOCAL_KEY"
max_tokens = 256
temperature = 0.5
headers = { X-Title = "spell" }
connect_timeout = "500ms"
first_token_timeout = "1m"
chunk_timeout_ms = 5000
max_reply_size = "1MB"
total_timeout = "3m"
max_retries = 5
requests_per_minute = 60
tokens_per_minute = 100_000
max_concurrency = 4
http2 = true

[providers.local.prices]
input = 0.15
output = 0.6
cached = 0.075

[providers.scripted]
model = "canned"

[[providers.scripted.replies]]
match = "weather"
delay = "10ms"
chunk_delay_ms = 2
chunk_words = 3
finish_reason = "tool_calls"
tool_calls = [{ name = "forecast", arguments = { city = "Bern", days = [1, 2] } }]

[[providers.scripted.replies]]
text = "You said: {input}"

[[providers.scripted.replies]]
fault = "rate_limit"

[agents.writer]
provider = "local"
model = "qwen-large"
prompt = \"\"\"
You write.
Plainly.\"\"\"
tools = ["calculator"]
temperature = 0
max_tokens = 99
max_turns = 3
parameters = { top_p = 0.9, stop = ["END"], nested = { deep = true } }

[agents.tester]
provider = "scripted"

[security]
sandbox_mode = true
allowed_tools = ["calculator"]
env = ["HOME", "LANG"]

[tools.file_operations]
roots = [{ path = "data" }, { path = "../out", mode = "write", at = "/tmp" }]
max_file_size = "1MB"
max_write_bytes = 5000
"""

MINIMAL = """\
[run]
source = "return 1"
"""

GOOD = {"seed": SEED, "everything": EVERYTHING, "minimal": MINIMAL, "empty": ""}


def parse(text: str) -> Manifest:
    return parse_manifest(text, file="m.toml", base=Path("project"))


def attempt(text: str) -> ManifestError | None:
    """What is wrong with a text, or None when it loads."""
    try:
        parse(text)
    except ManifestError as error:
        return error
    return None


def problems(text: str) -> ManifestError:
    """The error of a text that must not load."""
    error = attempt(text)
    assert error is not None
    return error


def rendered(error: ManifestError) -> str:
    """Every problem with its line and a caret, the way a command line would show it."""
    lines = error.source.split("\n")
    shown: list[str] = []
    for problem in error.problems:
        shown.append(f"{error.file}:{problem.line}:{problem.column}: {problem.path}: {problem.message}")
        if problem.line and error.source:
            shown += [f"    {lines[problem.line - 1]}", "    " + " " * (problem.column - 1) + "^"]
        if problem.hint:
            shown.append(f"    hint: {problem.hint}")
    return "\n".join(shown)
