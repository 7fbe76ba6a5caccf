"""Budgets: what a run is granted, what is reserved, what is spent. Pure arithmetic, no clock and no I/O.

A reservation is made before an effect starts and settled when it ended, so that parallel effects cannot pass a
limit together. Reaching a limit is terminal for the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

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
    cost: int | None = None
    """What models may cost, in nano-dollars, so that sums are exact: the cheapest tokens cost some nano-dollars. Users
    see dollars, as `cost_usd`. No default: what is dear is for the user to say."""
    output_bytes: int | None = 16 * 1024 * 1024
    """What the script may write to stdout and stderr together."""
    tasks: int = 20_000
    """Tasks that are open at once; ten thousand is a fan-out that people try."""
    streams: int = 1_000
    """Streams that are open at once: each holds a connection."""


COUNTED = ("provider_calls", "tool_calls", "input_tokens", "output_tokens", "output_bytes", "cost")
"""The limits that a Budget counts; fuel, memory and time are counted by the engine."""
ESTIMATED = ("input_tokens", "output_tokens", "cost")
"""Those of which more is reserved than is spent, as a rule: a reservation that does not fit now may fit later."""
UNPRICED = "unpriced_calls"
"""Model turns that cost what nobody knows; counted, and limited by nothing."""
DOLLAR = 1_000_000_000


class Reservation:
    """What one effect has set aside: settled exactly once with what it really took."""

    __slots__ = ("_amounts", "_budget", "_taken")

    def __init__(self, budget: Budget, amounts: Mapping[str, int]) -> None:
        self._budget = budget
        self._amounts: dict[str, int] | None = dict(amounts)
        self._taken: dict[str, int] = {}

    def took(self, **amounts: int) -> None:
        """What the effect has taken so far, while it goes on; that may be more than was reserved for it. Raises
        LimitError where what was spent and what all that go on have taken is more than is granted."""
        if self._amounts is None:
            return
        for name, amount in amounts.items():
            more, self._taken[name] = amount - self._taken.get(name, 0), amount
            reserved = self._amounts.get(name, 0)
            self._amounts[name] = max(reserved, amount)
            self._budget._take(name, more, self._amounts[name] - reserved)
        self._budget._check_taken(amounts)

    def settle(self, **spent: int) -> None:
        """Give back what was reserved and record what was spent (nothing by default)."""
        if self._amounts is None:
            return
        amounts, self._amounts = self._amounts, None
        for name, amount in self._taken.items():
            self._budget._take(name, -amount, 0)
        self._budget._settle(amounts, spent)


class Budget:
    """The counters of one run."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._reserved = dict.fromkeys(COUNTED, 0)
        self._taken = dict.fromkeys(COUNTED, 0)
        """By effects that go on: a part of what is reserved."""
        self._spent = dict.fromkeys((*COUNTED, UNPRICED), 0)

    def reserve(self, **amounts: int) -> Reservation:
        """Set amounts aside, all or none. Raises LimitError for the first that does not fit; nothing always fits."""
        for name, amount in amounts.items():
            if self._over(name, amount, self._reserved[name]):
                raise reached(name, getattr(self.limits, name), self._spent[name] + self._reserved[name] + amount)
        for name, amount in amounts.items():
            self._reserved[name] += amount
        return Reservation(self, amounts)

    def fits(self, **amounts: int) -> bool:
        return not any(self._over(name, amount, self._reserved[name]) for name, amount in amounts.items())

    def may_fit(self, **amounts: int) -> bool:
        """Whether the amounts would fit if what others have reserved of ESTIMATED turned out to cost nothing."""
        held = {name: 0 if name in ESTIMATED else self._reserved[name] for name in amounts}
        return not any(self._over(name, amount, held[name]) for name, amount in amounts.items())

    def _over(self, name: str, amount: int, held: int) -> bool:
        granted = getattr(self.limits, name)
        return granted is not None and amount > 0 and self._spent[name] + held + amount > granted

    def spend(self, **amounts: int) -> None:
        """Reserve and settle at once, for what costs the moment it happens."""
        self.reserve(**amounts).settle(**amounts)

    def spent(self) -> dict[str, float]:
        """What was spent, by the names that users see. `cost_usd` is left out where the price of a call is unknown, for
        then it would be too low; `unpriced_calls` says of how many."""
        spent: dict[str, int] = dict(self._spent)
        unpriced, cost = spent.pop(UNPRICED), spent.pop("cost")
        return {**spent, **({UNPRICED: unpriced} if unpriced else {"cost_usd": cost / DOLLAR})}

    def remaining(self, name: str) -> int | None:
        granted: int | None = getattr(self.limits, name)
        return None if granted is None else max(0, granted - self._spent[name] - self._reserved[name])

    def _take(self, name: str, taken: int, reserved: int) -> None:
        self._taken[name] += taken
        self._reserved[name] += reserved

    def _check_taken(self, names: Iterable[str]) -> None:
        for name in names:
            granted, needed = getattr(self.limits, name), self._spent[name] + self._taken[name]
            if granted is not None and needed > granted:
                raise reached(name, granted, needed)

    def _settle(self, amounts: Mapping[str, int], spent: Mapping[str, int]) -> None:
        for name, amount in amounts.items():
            self._reserved[name] -= amount
        for name, amount in spent.items():
            self._spent[name] += amount


def as_dict(limits: Limits) -> dict[str, float | None]:
    """By the names that users see, in their units."""
    values: dict[str, float | None] = {f.name: getattr(limits, f.name) for f in fields(limits)}
    cost = values.pop("cost")
    return {**values, "cost_usd": None if cost is None else cost / DOLLAR}


def reached(name: str, granted: int, needed: int) -> LimitError:
    """The error for a limit that does not hold, in the units that users see."""
    if name == "cost":
        return LimitError(
            "cost_usd",
            granted / DOLLAR,
            needed / DOLLAR,
            message=f"the limit 'max_cost_usd' was reached: {dollars(granted)} granted, {dollars(needed)} needed",
            hint="raise it with --max-cost, or with `max_cost_usd` under [runtime] in the manifest; a call reserves "
            "the price of its longest answer, so a smaller `max_tokens` needs less",
        )
    return LimitError(name, granted, needed, hint=f"raise it with `{name}` under [runtime] in the manifest")


def dollars(amount: int) -> str:
    """Nano-dollars as people write them: $1.50, $0.000375."""
    whole, _, rest = f"{amount // DOLLAR:,}.{amount % DOLLAR:09d}".partition(".")
    return f"${whole}.{rest.rstrip('0').ljust(2, '0')}"
