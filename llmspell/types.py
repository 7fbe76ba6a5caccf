"""The data that crosses boundaries: what agents take and give, and what a model is asked and answers.

Frozen, without behaviour beyond derived values, and made of plain JSON-like parts, so that every layer may hold it.
The names AgentInput, AgentOutput, AgentChunk, ToolCall are the seed document's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from llmspell.content import MediaContent

Json = None | bool | int | float | str | list[Any] | dict[str, Any]
Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one or more model turns. `cached` (read from a cache) and `cache_write` (written into one, which some
    servers charge more for) are parts of `input_tokens`, `reasoning` of `output_tokens`."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call that a model asks for. `arguments` is the parsed object; `error` says why it could not be parsed."""

    id: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """What a model is told of a tool. `parameters` is a JSON Schema of type object."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """What a model thought before it answered. It is never part of the answer.

    `data` is the block as the protocol wants it back, unchanged (a signature, something encrypted); empty where the
    protocol wants nothing back. Only the protocol that made it (`kind`, a provider's) understands it: others leave it
    out.
    """

    kind: str
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation.

    `tool_calls` and `reasoning` only on assistant messages; `tool_call_id` and `name` only on tool messages, whose
    `text` is the tool's result and whose `is_error` says that it failed. `media` belong to what the user says, to an
    answer, or to a tool's result.
    """

    role: Role
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""
    is_error: bool = False
    media: tuple[MediaContent, ...] = ()
    reasoning: tuple[Reasoning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One model turn, in no provider's dialect.

    `temperature` and `max_tokens` are None where the script and the manifest say nothing; `parameters` is passed
    through to the provider untouched, at the top level of its request, or where its protocol keeps such things.
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None
    """The JSON Schema that the answer must fit; a provider that can says so to its model."""
    output_modalities: tuple[str, ...] = ()
    """What the answer should be made of ("text", "image", "audio"); empty: what the model gives by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """A whole model turn. `finish_reason` is normalised; `raw_finish_reason` is the provider's own word."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    finish_reason: FinishReason = "stop"
    raw_finish_reason: str = ""
    model: str = ""
    request_id: str = ""
    media: tuple[RawMedia, ...] = ()
    reasoning: tuple[Reasoning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMedia:
    """A medium as a server sent it: bytes that nobody has checked, and what the server says they are (a MIME type)."""

    data: bytes
    mime: str = ""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text, as the server sent it."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a tool call. `index` tells calls of one turn apart; `fragment` is a piece of the arguments' JSON."""

    index: int
    id: str
    name: str
    fragment: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A piece of what the model thinks, as the server sent it."""

    text: str


@dataclass(frozen=True, slots=True)
class MediaDelta:
    """A medium of the answer, or with `is_final` false a first, coarser version of one that follows."""

    media: RawMedia
    is_final: bool = True


Delta = TextDelta | ReasoningDelta | ToolCallDelta | MediaDelta | ModelReply
"""What a model stream yields: pieces as they arrive, and last, exactly once, the whole ModelReply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do (the seed's ProviderCapabilities)."""

    streaming: bool = True
    tools: bool = True
    json_schema: bool = False
    """Takes a schema with the request and makes its model keep to it."""
    input_modalities: tuple[str, ...] = ("text",)
    output_modalities: tuple[str, ...] = ("text",)
    max_context: int | None = None
    """Tokens of a request and its answer together; None where nobody says it."""
    max_media_size: Mapping[str, int] = field(default_factory=dict)
    """Bytes of one medium, by its type; a type that is missing has no limit that is known."""
    max_image_side: int | None = None
    """Pixels of an image's width, and of its height; None where nobody says it."""

    def described(self) -> dict[str, Any]:
        """As plain data, without what nobody knows."""
        return {name: value for name, value in asdict(self).items() if value is not None and value != {}}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentInput:
    """What one execution of an agent is given (the seed's AgentInput). Without a text the history speaks for itself."""

    text: str | None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    media: tuple[MediaContent, ...] = ()
    output_modalities: tuple[str, ...] = ()
    """What the answer should be made of; by default what the model gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputMetadata:
    """How an answer came about. `duration_ms` is wall time over all `turns`; `usage` is their sum."""

    model: str
    provider: str
    usage: Usage
    finish_reason: FinishReason
    turns: int = 1
    duration_ms: float = 0.0
    request_id: str = ""
    cost: float | None = None
    """US dollars for all turns; None where a price is not known."""
    agent: str = ""
    """Who answered: not who was asked, where the conversation was handed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOutput:
    """What one execution of an agent gives (the seed's AgentOutput). `tool_calls` are all that were made."""

    text: str
    metadata: OutputMetadata
    tool_calls: tuple[ToolCall, ...] = ()
    media: tuple[MediaContent, ...] = ()
    reasoning: str = ""
    """What the model thought before its last turn's answer, where the provider tells it."""
    data: tuple[Any] | None = None
    """The answer as data, where the agent has a schema: a tuple of one, for it may be null."""
    transfer_to: str | None = None
    """The agent that the model wants to hand the conversation over to, where nobody has followed."""
    messages: tuple[Message, ...] | None = None
    """What this execution added to its history, where there is one to keep."""


ChunkType = Literal["text", "reasoning", "tool_call_progress", "tool_call_complete", "media", "control"]
ControlKind = Literal["stream_start", "stream_end", "cancelled", "heartbeat", "rate_limit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChunk:
    """One chunk of a stream (the seed's AgentChunk).

    `chunk_index` counts from 0 without gaps; `timestamp` is seconds since the epoch, when the host received it;
    `metadata` is {"agent": its name}. `content` has a "type", of ChunkType, and by that:

    text                {"text"}
    reasoning           {"reasoning"}: what the model thinks, which is no part of the answer
    tool_call_progress  {"tool_id", "name", "partial_args"}: the new piece of the arguments' JSON text
    tool_call_complete  {"tool_id", "name", "args", "result", "is_error"}: `result` is the text that the model is given
    media               {"media", "is_final"}
    control             {"kind"}, of ControlKind; with "stream_end" {"usage", "finish_reason"}, and with "rate_limit",
                        when another attempt or a fallback follows, {"provider", "retry_after"?} in seconds
    """

    stream_id: str
    chunk_index: int
    timestamp: float
    content: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)
