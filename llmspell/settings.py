"""What a run is configured with, as frozen data: the manifest package reads it, the runtime and the providers use it.

Nothing here reads a file or the environment, and no field ever holds a secret: keys are named by environment
variable and looked up only where a request is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ProviderKind = Literal["openai", "scripted", "openai-responses", "anthropic", "ollama"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedToolCall:
    """A tool call that a scripted reply makes."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedReply:
    """One reply of the scripted provider.

    Replies are used in order, the last one again and again; a reply with `match` answers only requests whose last
    user or tool message contains it, and is preferred over those without. In `text`, `{input}` stands for that
    message. `fault` makes the call fail the way a real server does.
    """

    text: str = ""
    match: str | None = None
    tool_calls: tuple[ScriptedToolCall, ...] = ()
    delay_ms: int = 0
    """Before the first chunk."""
    chunk_delay_ms: int = 0
    """Between chunks."""
    chunk_words: int = 1
    """Words in a chunk."""
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"] | None = None
    fault: Literal["connect", "auth", "rate_limit", "overloaded", "timeout", "refused", "cut", "garbage"] | None = None
    """`cut` ends the stream after half of the text; `garbage` is an answer that cannot be parsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """One [providers.NAME] section. Times are in milliseconds."""

    name: str
    kind: ProviderKind = "openai"
    model: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    connect_timeout_ms: int = 10_000
    """A TCP and TLS handshake across the world takes under one second; ten cover a busy proxy."""
    first_token_timeout_ms: int = 120_000
    """Reasoning models think for a minute before their first token."""
    chunk_timeout_ms: int = 60_000
    """The longest silence between two chunks of a stream."""
    max_reply_bytes: int = 16 * 1024 * 1024
    """Of one answer, streamed or not: far above any model's longest output."""
    replies: tuple[ScriptedReply, ...] = ()
    """Of the scripted provider; without any it quotes what it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """One [agents.NAME] section."""

    name: str
    provider: str | None = None
    model: str | None = None
    fallback: tuple[str, ...] = ()
    description: str | None = None
    prompt: str | None = None
    tools: tuple[str, ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    max_turns: int = 8
    schema: Mapping[str, Any] | None = None
    transfer_to: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRoot:
    """A folder that a tool may use, relative to the manifest. `at` is the path under which the script finds it."""

    path: str
    mode: Literal["read", "write"] = "read"
    """Writing includes reading."""
    at: str | None = None
    """Without one, what is in the folder stands at the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSettings:
    """One [tools.NAME] section: what is granted to that tool alone."""

    name: str
    roots: tuple[FileRoot, ...] = ()
    max_file_bytes: int = 8 * 1024 * 1024
    """Of one file: a long book has two million; what a script is told at once is a message of 32 MB at most."""
    max_write_bytes: int = 256 * 1024 * 1024
    """That one run writes in all: far above what scripts write, and far below what fills a disk."""
    python: str | None = None
    """The tool is this function of yours, "package.module:function"."""
    confirm: bool = False
    """Each call is asked for on the terminal."""
    commands: tuple[str, ...] = ()
    """Of the shell tool: what may be run, word by word."""
    cwd: str = "."
    """Where they run, relative to the manifest."""
    env: tuple[str, ...] = ()
    """Variables that they see, besides PATH, LANG and HOME."""
    timeout_ms: int = 30_000
    """Of one call. Builds and test runs that take longer need a longer one, said by whoever grants them."""
    max_output_bytes: int = 1024 * 1024
    """Of one call, both streams together: more than a model reads."""
