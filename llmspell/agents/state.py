"""The state of an agent's loop as plain data: it travels through the guest between turns, and the host keeps nothing.

What comes back is the script's word, so it is structured strictly: no conversion, no unknown keys. A script can forge
a history; that gives it nothing that it could not ask for anyway, for every turn is paid at the gate.

cattrs is imported by the first call: only a loop that runs tools of the script needs it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from llmspell.content import MediaContent
from llmspell.errors import InvalidArgument, InvalidMedia
from llmspell.types import Message, ToolCall, Usage

if TYPE_CHECKING:
    from cattrs import Converter

MAX_MESSAGES: Final = 10_000

Resolve = Callable[[Any], MediaContent]
"""Gives the medium that a script's handle stands for. Raises InvalidMedia for what is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopState:
    """Everything that a loop knows between turns. `agent` is the one that answers now."""

    agent: str = ""
    messages: tuple[Message, ...] = ()
    known: int = 0
    """How many of the messages were there before."""
    keep: bool = False
    """The history goes on."""
    pending: tuple[ToolCall, ...] = ()
    """Calls of the last turn that have no result yet."""
    calls: tuple[ToolCall, ...] = ()
    """All calls so far."""
    usage: Usage = field(default_factory=Usage)
    cost: int | None = 0
    """In nano-dollars; None when the price of a turn is not known."""
    turns: int = 0
    since: int = 0
    """The turn at which this agent took over."""
    fallbacks: int = 0
    """Models given up."""
    repeats: int = 0
    """Times that the model was asked again for an answer that fits."""
    handovers: int = 0
    duration_ms: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What this execution was given, over the agent's own."""
    output_modalities: tuple[str, ...] = ()
    """What its answer should be made of."""


def to_data(state: LoopState) -> dict[str, Any]:
    data: dict[str, Any] = _converter().unstructure(state)
    return data


def from_data(data: Any, resolve: Resolve) -> LoopState:
    """Raises InvalidArgument for anything that `to_data` did not give, and what `resolve` raises."""
    messages = data.get("messages", []) if isinstance(data, dict) else None
    if isinstance(messages, list) and len(messages) > MAX_MESSAGES:
        raise InvalidArgument(
            f"the conversation holds {len(messages):,} messages, and at most {MAX_MESSAGES:,} are taken",
            hint="begin anew: conversation:reset() forgets what was said; a summary can go into the next question",
        )
    if not isinstance(data, dict) or not all(
        _is_short(data.get(name, [])) for name in ("messages", "pending", "calls")
    ):
        raise InvalidArgument("the agent's state is not one that the host gave")
    token = _resolve.set(resolve)
    try:
        state = _converter().structure(data, LoopState)
    except InvalidMedia:
        raise
    except Exception as error:  # cattrs raises what the hooks raise, and errors of its own, by no common base
        raise InvalidArgument(f"the agent's state is not one that the host gave: {error}") from error
    finally:
        _resolve.reset(token)
    if any(value < 0 for value in _counts(state)):
        raise InvalidArgument("the agent's state has negative counts")
    return state


def messages_to_data(messages: Sequence[Message]) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = _converter().unstructure(list(messages))
    return data


def messages_from_data(data: Any, resolve: Resolve) -> tuple[Message, ...]:
    """A history. Raises InvalidArgument for what `messages_to_data` did not give, and what `resolve` raises."""
    return from_data({"messages": data}, resolve).messages


def _is_short(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MAX_MESSAGES


def _counts(state: LoopState) -> tuple[int, ...]:
    usage = (getattr(state.usage, field.name) for field in fields(state.usage))
    return (
        state.cost or 0,
        state.known,
        state.turns,
        state.since,
        state.fallbacks,
        state.repeats,
        state.handovers,
        *usage,
    )


_resolve: ContextVar[Resolve] = ContextVar("_resolve")
"""While something is structured: whose handles they are."""


@functools.cache
def _converter() -> Converter:
    from cattrs import Converter

    converter = Converter(forbid_extra_keys=True, omit_if_default=True, detailed_validation=False)
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook(float, lambda value, _: float(_exactly(value, (int, float))))
    converter.register_unstructure_hook(MediaContent, lambda medium: medium.described())
    converter.register_structure_hook(MediaContent, lambda value, _: _resolve.get()(value))
    return converter


def _exactly(value: Any, kind: Any) -> Any:
    """cattrs converts by default: "12" would become 12."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise InvalidArgument(f"{getattr(kind, '__name__', 'number')} expected, got {type(value).__name__}")
    return value
