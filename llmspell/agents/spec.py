"""What an agent is, and what goes between its loop and those who run it: frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from llmspell.content import MediaContent
from llmspell.schemas import Schema
from llmspell.types import ToolCall, ToolSpec

DEFAULT_MAX_TURNS: Final = 8
"""Model turns of one execution: enough for a chain of tool calls, few enough to stop a model that loops."""
MAX_MAX_TURNS: Final = 100


class Transfer(NamedTuple):
    """An agent that the conversation can be handed over to, and the tool by which the model does it."""

    agent: str
    tool: ToolSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpec:
    """An agent, as each call brings it. `host_tools` are run by the host, `script_tools` by the script; `fallback` are
    models to ask in turn where one fails."""

    name: str
    model: str | None = None
    provider: str | None = None
    fallback: tuple[str, ...] = ()
    prompt: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    max_turns: int = DEFAULT_MAX_TURNS
    parameters: Mapping[str, Any] = field(default_factory=dict)
    host_tools: tuple[str, ...] = ()
    script_tools: tuple[ToolSpec, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    schema: Schema | None = None


class NeedTools(NamedTuple):
    """The loop waits for calls that the script runs: of this agent's tools."""

    agent: str
    calls: list[ToolCall]


class ToolResult(NamedTuple):
    """What a tool call gave: the text for the model, whether that is an error, and media."""

    id: str
    text: str
    is_error: bool = False
    media: tuple[MediaContent, ...] = ()
