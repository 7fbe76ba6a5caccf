"""What happens in a run, as frozen events, in order: what `--stream` shows and `--output events` prints.

`at` is seconds since the run began. No event ever contains a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Level = Literal["debug", "info", "warn", "error"]

# Named tuples, not dataclasses: making a class costs a tenth, and every process makes these.


class Output(NamedTuple):
    """What the script wrote: `raw` as it is, `text` with U+FFFD for bytes that are not UTF-8."""

    at: float
    stream: Literal["stdout", "stderr"]
    text: str
    raw: bytes = b""


class Log(NamedTuple):
    """A message for the user: the script's own, or a note of the runtime's."""

    at: float
    level: Level
    message: str
    fields: Mapping[str, Any] = {}


class CallStarted(NamedTuple):
    """An effect began. `op` is what it does, `label` what it acts on (agent and model, or tool)."""

    at: float
    call: int
    op: str
    label: str = ""


class CallFinished(NamedTuple):
    """An effect ended; `error` is one sentence when it did not end well."""

    at: float
    call: int
    op: str
    ok: bool
    duration_ms: float
    error: str = ""


class CallRetried(NamedTuple):
    """An effect failed, and follows again after `delay` seconds; `attempt` is the one that failed, counted from 1."""

    at: float
    op: str
    label: str
    attempt: int
    delay: float
    error: str


class Chunk(NamedTuple):
    """A piece of a model's answer, as it came from the provider. `stream` is the agent's name."""

    at: float
    stream: str
    text: str


class Progress(NamedTuple):
    """What the script said with Run.progress. `fraction` is 0..1, or None when unknown."""

    at: float
    message: str
    fraction: float | None = None


class Done(NamedTuple):
    """The run's last event. `usage` is what was spent, by the names of limits.py."""

    at: float
    ok: bool
    usage: Mapping[str, float] = {}


Event = Output | Log | CallStarted | CallFinished | CallRetried | Chunk | Progress | Done

NAMES: Mapping[type, str] = {
    Output: "output",
    Log: "log",
    CallStarted: "call_started",
    CallFinished: "call_finished",
    CallRetried: "call_retried",
    Chunk: "chunk",
    Progress: "progress",
    Done: "done",
}
"""What each is called in `--output events`."""
