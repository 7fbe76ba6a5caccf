"""Budgets: what a run is granted, what is reserved, what is spent. Pure arithmetic, no clock and no I/O.

A reservation is made before an effect starts and settled when it ended, so that parallel effects cannot pass a
limit together. Reaching a limit is terminal for the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from llmspell.errors import LimitError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may spend. Every limit holds for everything beneath the run. None means: no limit of this kind."""

    fuel: int | None = 100_000_000_000
    """WebAssembly instructions, about; 100e9 is some ten seconds of Lua. The seed asks for a CPU limit."""
    memory_bytes: int = 50 * 1024 * 1024
    """Linear memory of the sandbox. 50 MB is the seed's default."""
    wall_ms: int | None = 30_000
    """Wall time from start to end, waiting included. 30 s is the seed's default."""
    provider_calls: int | None = 200
    """Model turns, those of tool loops included."""
    tool_calls: int | None = 1_000
    input_tokens: int | None = 2_000_000
    output_tokens: int | None = 500_000
    output_bytes: int | None = 16 * 1024 * 1024
    """What the script may write to stdout and stderr together."""
    tasks: int = 20_000
    """Tasks that are open at once; ten thousand is a fan-out that people try."""
    streams: int = 1_000
    """Streams that are open at once: each holds a connection."""


UNITS: Mapping[str, str] = MappingProxyType(
    {
        "memory_bytes": "bytes",
        "wall_ms": "ms",
        "output_bytes": "bytes",
        "input_tokens": "tokens",
        "output_tokens": "tokens",
    }
)
COUNTED = ("provider_calls", "tool_calls", "input_tokens", "output_tokens", "output_bytes")
"""The limits that a Budget counts; fuel, memory and time are counted by the engine."""


class Reservation:
    """What one effect has set aside: settled exactly once with what it really took."""

    __slots__ = ("_amounts", "_budget")

    def __init__(self, budget: Budget, amounts: Mapping[str, int]) -> None:
        self._budget = budget
        self._amounts: Mapping[str, int] | None = amounts

    def settle(self, **spent: int) -> None:
        """Give back what was reserved and record what was spent (nothing by default)."""
        if self._amounts is None:
            return
        amounts, self._amounts = self._amounts, None
        self._budget._settle(amounts, spent)


class Budget:
    """The counters of one run."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._reserved = dict.fromkeys(COUNTED, 0)
        self._spent = dict.fromkeys(COUNTED, 0)

    def reserve(self, **amounts: int) -> Reservation:
        """Set amounts aside, all or none. Raises LimitError for the first that does not fit."""
        for name, amount in amounts.items():
            granted = getattr(self.limits, name)
            needed = self._spent[name] + self._reserved[name] + amount
            if granted is not None and needed > granted:
                raise LimitError(name, granted, needed, hint=f"raise it with `{name}` under [runtime] in the manifest")
        for name, amount in amounts.items():
            self._reserved[name] += amount
        return Reservation(self, amounts)

    def spend(self, **amounts: int) -> None:
        """Reserve and settle at once, for what costs the moment it happens."""
        self.reserve(**amounts).settle(**amounts)

    def spent(self) -> dict[str, int]:
        return dict(self._spent)

    def remaining(self, name: str) -> int | None:
        granted: int | None = getattr(self.limits, name)
        return None if granted is None else max(0, granted - self._spent[name] - self._reserved[name])

    def _settle(self, amounts: Mapping[str, int], spent: Mapping[str, int]) -> None:
        for name, amount in amounts.items():
            self._reserved[name] -= amount
        for name, amount in spent.items():
            self._spent[name] += amount


def as_dict(limits: Limits) -> dict[str, int | None]:
    return {f.name: getattr(limits, f.name) for f in fields(limits)}
