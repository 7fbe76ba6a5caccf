"""The state of an agent's loop as plain data: it travels through the guest between turns, and the host keeps nothing.

What comes back is the script's word, so it is structured strictly: no conversion, no unknown keys. A script can forge
a history; that gives it nothing that it could not ask for anyway, for every turn is paid at the gate.

cattrs is imported by the first call: only a loop that runs tools of the script needs it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from llmspell.errors import InvalidArgument
from llmspell.types import Message, ToolCall, Usage

if TYPE_CHECKING:
    from cattrs import Converter

MAX_MESSAGES: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopState:
    """Everything that a loop knows between turns."""

    messages: tuple[Message, ...] = ()
    pending: tuple[ToolCall, ...] = ()
    """Calls of the last turn that have no result yet."""
    calls: tuple[ToolCall, ...] = ()
    """All calls so far."""
    usage: Usage = field(default_factory=Usage)
    turns: int = 0
    duration_ms: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What this execution was given, over the agent's own."""


def to_data(state: LoopState) -> dict[str, Any]:
    data: dict[str, Any] = _converter().unstructure(state)
    return data


def from_data(data: Any) -> LoopState:
    """Raises InvalidArgument for anything that `to_data` did not give."""
    if not isinstance(data, dict) or not all(
        _is_short(data.get(name, [])) for name in ("messages", "pending", "calls")
    ):
        raise InvalidArgument("the agent's state is not one that the host gave")
    try:
        state = _converter().structure(data, LoopState)
    except Exception as error:  # cattrs raises what the hooks raise, and errors of its own, by no common base
        raise InvalidArgument(f"the agent's state is not one that the host gave: {error}") from error
    if state.turns < 0 or any(value < 0 for value in _counts(state.usage)):
        raise InvalidArgument("the agent's state has negative counts")
    return state


def _is_short(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MAX_MESSAGES


def _counts(usage: Usage) -> tuple[int, ...]:
    return usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens


@functools.cache
def _converter() -> Converter:
    from cattrs import Converter

    converter = Converter(forbid_extra_keys=True, omit_if_default=True, detailed_validation=False)
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook(float, lambda value, _: float(_exactly(value, (int, float))))
    return converter


def _exactly(value: Any, kind: Any) -> Any:
    """cattrs converts by default: "12" would become 12."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise InvalidArgument(f"{getattr(kind, '__name__', 'number')} expected, got {type(value).__name__}")
    return value
