"""The agent's loop: what to ask the model next, which tools to run, when it is done. No I/O, no clock.

start -> ASK --reply without calls--> DONE
          ^  `--reply with calls----> TOOLS
          `----- all results --------'
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from llmspell.agents.state import LoopState
from llmspell.errors import InvalidArgument, ProviderError
from llmspell.types import AgentInput, Message, ModelReply, ModelRequest, ToolSpec

DEFAULT_MAX_TURNS: Final = 8
"""Model turns of one execution: enough for a chain of tool calls, few enough to stop a model that loops."""
MAX_MAX_TURNS: Final = 100
MAX_TOOL_TEXT: Final = 1_000_000
"""Characters of one tool result that a model is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpec:
    """An agent, as each call brings it. `host_tools` are run by the host, `script_tools` by the script."""

    name: str
    model: str | None = None
    provider: str | None = None
    prompt: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    max_turns: int = DEFAULT_MAX_TURNS
    parameters: Mapping[str, Any] = field(default_factory=dict)
    host_tools: tuple[str, ...] = ()
    script_tools: tuple[ToolSpec, ...] = ()


class ToolResult(NamedTuple):
    """What a tool call gave: the text for the model, and the data for the script's chunks."""

    id: str
    text: str
    is_error: bool = False


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_shown, skipkeys=True)


class AgentLoop:
    """One execution. Ask `pending`: calls to run, or none; then `request` for the next turn, unless `done`."""

    def __init__(self, spec: AgentSpec, state: LoopState) -> None:
        self.spec = spec
        self.messages = list(state.messages)
        self.parameters = dict(state.parameters)
        self.turns = state.turns
        self.usage = state.usage
        self.duration_ms = state.duration_ms
        self.calls = list(state.calls)
        self.pending = {call.id: call for call in state.pending}
        self.last: ModelReply | None = None

    @classmethod
    def start(cls, spec: AgentSpec, given: AgentInput) -> AgentLoop:
        messages = [Message(role="system", text=spec.prompt)] if spec.prompt else []
        text = given.text
        if given.context:
            text = "\n".join([*sorted(f"{key}: {_shown(item)}" for key, item in given.context.items()), "", text])
        messages.append(Message(role="user", text=text))
        return cls(spec, LoopState(messages=tuple(messages), parameters=given.parameters))

    @property
    def done(self) -> bool:
        return self.last is not None and not self.pending and not self.last.tool_calls

    def request(self, model: str, tools: Sequence[ToolSpec]) -> ModelRequest:
        """The next model turn, with the execution's own parameters over the agent's."""
        if self.turns >= self.spec.max_turns:
            raise ProviderError(
                f"agent '{self.spec.name}' still asked for tools after {self.turns} turns",
                hint="raise `max_turns`, or look at what its tools answer",
            )
        parameters = {**self.spec.parameters, **self.parameters}
        temperature = parameters.pop("temperature", self.spec.temperature)
        max_tokens = parameters.pop("max_tokens", self.spec.max_tokens)
        if temperature is not None and (isinstance(temperature, bool) or not isinstance(temperature, (int, float))):
            raise InvalidArgument("parameter 'temperature': a number expected")
        if max_tokens is not None and (
            isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 1
        ):
            raise InvalidArgument("parameter 'max_tokens': a positive integer expected")
        return ModelRequest(
            model=model,
            messages=tuple(self.messages),
            tools=tuple(tools),
            temperature=temperature,
            max_tokens=max_tokens,
            parameters=parameters,
        )

    def replied(self, reply: ModelReply) -> None:
        """Take a model turn; its tool calls become pending."""
        self.turns += 1
        self.usage += reply.usage
        self.last = reply
        self.messages.append(Message(role="assistant", text=reply.text, tool_calls=reply.tool_calls))
        self.calls.extend(reply.tool_calls)
        for call in reply.tool_calls:
            self.pending[call.id] = call

    def answered(self, results: Sequence[ToolResult]) -> None:
        """Take results of pending calls, in any order."""
        for result in results:
            call = self.pending.pop(result.id, None)
            if call is None:
                raise InvalidArgument(f"no tool call '{result.id[:80]}' is waiting for a result")
            self.messages.append(
                Message(
                    role="tool",
                    text=result.text[:MAX_TOOL_TEXT],
                    tool_call_id=call.id,
                    name=call.name,
                    is_error=result.is_error,
                )
            )

    def state(self) -> LoopState:
        """For the guest to keep while it runs the script's tools."""
        return LoopState(
            messages=tuple(self.messages),
            pending=tuple(self.pending.values()),
            calls=tuple(self.calls),
            usage=self.usage,
            turns=self.turns,
            duration_ms=self.duration_ms,
            parameters=self.parameters,
        )
