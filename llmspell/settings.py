"""What a run is configured with, as frozen data: the manifest package reads it, the runtime and the providers use it.

Nothing here reads a file or the environment, and no field ever holds a secret: keys are named by where they
are, and looked up only where a request is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

ProviderKind = Literal["openai", "scripted", "openai-responses", "anthropic", "ollama", "gemini", "replay"]


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
class Prices:
    """[providers.NAME.prices]: US dollars for a million tokens, of every model of the provider."""

    input: float
    output: float
    cached: float | None = None
    """Of input that the server had in its cache; as other input where it is not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSizes:
    """[providers.NAME.capabilities.max_media_size]: bytes of one medium, by its type. None says nothing."""

    text: int | None = None
    image: int | None = None
    audio: int | None = None
    video: int | None = None
    binary: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilitySettings:
    """[providers.NAME.capabilities]: what the provider's models can do, whatever else is known of them. None says
    nothing."""

    streaming: bool | None = None
    tools: bool | None = None
    json_schema: bool | None = None
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None
    max_context: int | None = None
    max_media_size: MediaSizes | None = None
    max_image_side: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """One [providers.NAME] section. Times are in milliseconds."""

    name: str
    kind: ProviderKind = "openai"
    model: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    api_key_file: str | None = None
    """A path; in a manifest relative to it."""
    api_key_keyring: str | None = None
    """"SERVICE/USER"."""
    max_tokens: int | None = None
    temperature: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    connect_timeout_ms: int = 10_000
    """A TCP and TLS handshake across the world takes under one second; ten cover a busy proxy."""
    first_token_timeout_ms: int = 120_000
    """Reasoning models think for a minute before their first token."""
    chunk_timeout_ms: int = 60_000
    """The longest silence between two chunks of a stream."""
    total_timeout_ms: int | None = None
    """Of one answer, from the request to its last byte. None: the times above bound every wait, and the run's own
    timeout their sum."""
    max_reply_bytes: int = 16 * 1024 * 1024
    """Of one answer, streamed or not: far above any model's longest output."""
    replies: tuple[ScriptedReply, ...] = ()
    """Of the scripted provider; without any it quotes what it was asked."""
    max_retries: int = 2
    """After a failure that may pass. What the vendors' own clients do: 0.5 s and 1 s bridge most hiccups, and a server
    that is down for longer is not helped by more."""
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    """Input and output together. None, as for the others: the server says when it is too much."""
    max_concurrency: int | None = None
    http2: bool = False
    prices: Prices | None = None
    """Instead of those of the price list."""
    capabilities: CapabilitySettings | None = None
    file: str | None = None
    """The recording that a replay provider plays; in a manifest relative to it."""

    def beneath(self, base: Path) -> ProviderSettings:
        """With its paths taken from there."""
        paths = {name: str(base / path) for name in ("api_key_file", "file") if (path := getattr(self, name))}
        return replace(self, **paths)  # type: ignore[arg-type]


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
class Credential:
    """A secret that is attached to requests to one host: the header's value is `prefix` and what the environment
    variable `env` holds."""

    host: str
    header: str = "authorization"
    env: str
    prefix: str = ""


Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What of the network is granted: by default nothing. `hosts` are patterns of access/hosts.py."""

    hosts: tuple[str, ...] = ()
    methods: tuple[Method, ...] = ("GET", "HEAD")
    """Those that only ask."""
    max_response_bytes: int = 8 * 1024 * 1024
    """Of one answer, as it comes and decompressed: most pages have less than one million, and a message to the sandbox
    holds 32."""
    timeout_ms: int = 30_000
    """Of one call in all, looking up names and redirects included."""
    max_redirects: int = 5
    """Two are usual: to https, and to the name with or without www."""
    credentials: tuple[Credential, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSettings(Reach):
    """One [tools.NAME] section: what is granted to that tool alone."""

    name: str
    roots: tuple[FileRoot, ...] = ()
    engine: Literal["searxng", "brave"] | None = None
    """Whom `web_search` asks; by default Brave, and SearXNG where there is a `url`."""
    url: str | None = None
    """Where that is, if not where such engines usually are."""
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
    max_output_bytes: int = 1024 * 1024
    """Of one call, both streams together: more than a model reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """[media.max_size]: bytes of one medium, by its type."""

    text: int = 8 * 1024 * 1024
    """A long book has two million; more does not fit into what a model reads at once."""
    image: int = 20 * 1024 * 1024
    """A photograph of the largest phones' cameras; providers take 5 to 20 MB."""
    audio: int = 25 * 1024 * 1024
    """What transcription services take at most: 25 minutes of MP3 at 128 kbit/s."""
    video: int = 1024 * 1024 * 1024
    """It stays on disk and is sent in pieces; an hour at 2 Mbit/s."""
    binary: int = 50 * 1024 * 1024
    """A PDF of a thousand pages; providers take 32 to 50 MB a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings(Reach):
    """[media]: the folders and hosts that media may come from, the folders they may go to, and what a run may hold."""

    max_response_bytes: int = 25 * 1024 * 1024
    """Of one download, which is in memory until it is kept: a large photograph, an hour of speech."""
    roots: tuple[FileRoot, ...] = ()
    max_size: MediaLimits = MediaLimits()
    total_bytes: int = 2 * 1024 * 1024 * 1024
    """Of all media of a run together: two of the largest videos, on disk. A script may save as much."""
    max_pixels: int = 64_000_000
    """Of one image: 8,000 x 8,000, the most that a provider takes, and 256 MB while it is decoded."""
    strip_metadata: bool = True
    """Before a medium is sent; a photograph says where and when it was taken."""
    resize: bool = False
    """A model sees less of an image that was made smaller: that is for the manifest to say."""
