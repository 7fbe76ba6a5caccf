"""What the guest sends and gets for an agent: specs and inputs in, outputs out, checked on the way in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any, Final

from llmspell.agents import state
from llmspell.agents.fields import field, items, texts
from llmspell.agents.loop import AgentLoop
from llmspell.agents.spec import DEFAULT_MAX_TURNS, MAX_MAX_TURNS, AgentSpec, NeedTools, ToolResult, Transfer
from llmspell.errors import InvalidArgument
from llmspell.limits import DOLLAR
from llmspell.schemas import Schema
from llmspell.types import AgentInput, AgentOutput, OutputMetadata, ToolCall, ToolSpec

MAX_AGENTS: Final = 100
"""That one call brings along: those that it may be handed over to."""


def spec_from_data(data: Any) -> AgentSpec:
    """The description of an agent that goes with each call."""
    tools = items(data, "tools")
    temperature = data.get("temperature")
    if temperature is not None and not _is_finite(temperature):
        raise InvalidArgument("field 'temperature': a finite number expected")
    max_turns = field(data, "max_turns", int, DEFAULT_MAX_TURNS)
    if not 1 <= max_turns <= MAX_MAX_TURNS:
        raise InvalidArgument(f"field 'max_turns': from 1 to {MAX_MAX_TURNS} expected, got {max_turns}")
    max_tokens = None if data.get("max_tokens") is None else field(data, "max_tokens", int)
    if max_tokens is not None and max_tokens < 1:
        raise InvalidArgument(f"field 'max_tokens': a positive integer expected, got {max_tokens}")
    return AgentSpec(
        name=field(data, "name", str),
        model=field(data, "model", str, "") or None,
        provider=field(data, "provider", str, "") or None,
        fallback=texts(data, "fallback"),
        prompt=field(data, "prompt", str, "") or None,
        temperature=temperature,
        max_tokens=max_tokens,
        max_turns=max_turns,
        parameters=field(data, "parameters", dict, {}),
        host_tools=tuple(field(tool, "name", str) for tool in tools if not _is_script(tool)),
        script_tools=tuple(_tool_spec(tool) for tool in tools if _is_script(tool)),
        transfers=tuple(Transfer(field(item, "agent", str), _tool_spec(item)) for item in items(data, "transfers")),
        schema=Schema(schema) if (schema := field(data, "schema", dict, {})) else None,
    )


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _is_script(tool: Any) -> bool:
    return isinstance(tool, dict) and bool(tool.get("script"))


def _tool_spec(data: Any) -> ToolSpec:
    return ToolSpec(
        name=field(data, "name", str),
        description=field(data, "description", str, ""),
        parameters=field(data, "parameters", dict, {"type": "object", "properties": {}}),
    )


def loop_from_payload(payload: Any, resolve: state.Resolve) -> AgentLoop:
    """{agents, input, history?} starts an execution, {agents, state, results} goes on with one. `agents` are the one
    that is asked, and those that it may lead to. `resolve` gives the medium that a handle stands for."""
    agents = items(payload, "agents")
    if not 1 <= len(agents) <= MAX_AGENTS or not all(isinstance(agent, dict) for agent in agents):
        raise InvalidArgument(f"agents: from 1 to {MAX_AGENTS} tables expected")
    specs = [spec_from_data(agent) for agent in agents]
    if payload.get("state") is not None:
        loop = AgentLoop(specs, state.from_data(payload["state"], resolve))
        loop.answered(results_from_data(payload, resolve))
        return loop
    given, history = payload.get("input"), payload.get("history")
    if not isinstance(given, dict):
        raise InvalidArgument("input: a table expected")
    return AgentLoop.start(
        specs,
        AgentInput(
            text=None if history and given.get("text") is None else field(given, "text", str),
            parameters=field(given, "parameters", dict, {}),
            context=field(given, "context", dict, {}),
            media=tuple(resolve(item) for item in items(given, "media")),
            output_modalities=texts(given, "output_modalities"),
        ),
        None if history is None else state.messages_from_data(history, resolve) if history else (),
    )


def results_from_data(payload: Any, resolve: state.Resolve) -> list[ToolResult]:
    return [
        ToolResult(
            id=field(item, "id", str),
            text=_any_text(item.get("text")),
            is_error=field(item, "is_error", bool, False),
            media=tuple(resolve(medium) for medium in items(item, "media")),
        )
        for item in items(payload, "results")
    ]


def needed_to_data(needed: NeedTools) -> list[dict[str, Any]]:
    """Calls for the script to run, each with the agent whose tools are meant."""
    return [call_to_data(call) | {"agent": needed.agent} for call in needed.calls]


def calls_to_data(calls: Sequence[ToolCall]) -> list[dict[str, Any]]:
    return [call_to_data(call) for call in calls]


def call_to_data(call: ToolCall) -> dict[str, Any]:
    data: dict[str, Any] = {"id": call.id, "name": call.name, "arguments": dict(call.arguments)}
    return data | {"error": call.error} if call.error else data


def output_of(loop: AgentLoop, provider: str) -> AgentOutput:
    """The output of an execution that is done."""
    last = loop.last
    assert last is not None
    return AgentOutput(
        text=last.text,
        tool_calls=tuple(loop.calls),
        media=loop.messages[-1].media,
        reasoning="\n\n".join(item.text for item in last.reasoning if item.text),
        metadata=OutputMetadata(
            model=last.model,
            provider=provider,
            usage=loop.usage,
            cost=None if loop.cost is None else loop.cost / DOLLAR,
            finish_reason=last.finish_reason,
            turns=loop.turns,
            duration_ms=round(loop.duration_ms, 3),
            request_id=last.request_id,
            agent=loop.spec.name,
        ),
        data=loop.data,
        transfer_to=loop.transfer_to,
        messages=loop.added,
    )


def output_to_data(output: AgentOutput) -> dict[str, Any]:
    """As the script sees it."""
    meta = output.metadata
    data: dict[str, Any] = {
        "text": output.text,
        "media": [medium.described() for medium in output.media],
        "tool_calls": calls_to_data(output.tool_calls),
        "metadata": {
            "agent": meta.agent,
            "model": meta.model,
            "provider": meta.provider,
            "usage": usage_to_data(meta),
            "finish_reason": meta.finish_reason,
            "turns": meta.turns,
            "duration_ms": meta.duration_ms,
            "request_id": meta.request_id,
        },
    }
    if output.reasoning:
        data["reasoning"] = output.reasoning
    if output.data is not None:
        data["data"] = output.data[0]
    if output.transfer_to is not None:
        data["transfer_to"] = output.transfer_to
    if output.messages is not None:
        data["messages"] = state.messages_to_data(output.messages)
    return data


def usage_to_data(metadata: OutputMetadata) -> dict[str, Any]:
    usage = asdict(metadata.usage)
    return usage if metadata.cost is None else {**usage, "cost": metadata.cost}


def _any_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""
