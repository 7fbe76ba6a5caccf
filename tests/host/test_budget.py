"""Budgets under parallel effects: what is reserved, what is settled, who waits, and that nothing slips past."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmspell.errors import LimitError, LlmspellError, ProviderError
from llmspell.events import CallStarted, Event
from llmspell.host.dispatch import Gate, Took
from llmspell.limits import DOLLAR, Budget, Limits, as_dict, dollars


class Call:
    """An effect with an estimate and a true cost, which ends after some turns of the event loop, well or not."""

    def __init__(self, estimate: int, cost: int, turns: int = 1, *, fails: bool = False) -> None:
        self.estimate = estimate
        self.cost = cost
        self.turns = turns
        self.fails = fails

    @property
    def error(self) -> int:
        return max(0, self.cost - self.estimate)


CALLS = st.builds(
    Call, estimate=st.integers(0, 1000), cost=st.integers(0, 1500), turns=st.integers(0, 5), fails=st.booleans()
)


async def perform(gate: Gate, call: Call, *, ends: bool = True) -> None:
    async def act(_took: Took) -> None:
        for _ in range(call.turns):
            await asyncio.sleep(0)
        if call.fails:
            raise ProviderError("failed")

    reserve = {"provider_calls": 1, "cost": call.estimate}
    spent = {"provider_calls": 1, "cost": call.cost}
    await gate.effect("model.turn", "", act, reserve=reserve, spent=lambda: spent, ends=ends)


def together(limits: Limits, calls: list[Call]) -> tuple[Budget, list[LlmspellError], list[LlmspellError]]:
    """All calls at once; the budget afterwards, the errors of calls, and those that ended the run."""
    budget, faults = Budget(limits), list[LlmspellError]()

    async def both() -> list[LlmspellError]:
        gate = Gate(budget, lambda _event: None, faults.append)
        results = await asyncio.gather(*(perform(gate, call) for call in calls), return_exceptions=True)
        return [result for result in results if isinstance(result, LlmspellError)]

    return budget, asyncio.run(both()), faults


@settings(max_examples=200)
@given(calls=st.lists(CALLS, min_size=50, max_size=50), granted=st.integers(0, 30_000))
def test_fifty_parallel_calls_overshoot_by_no_more_than_their_estimates_were_wrong(
    calls: list[Call], granted: int
) -> None:
    budget, errors, faults = together(Limits(cost=granted), calls)
    spent = granted - (budget.remaining("cost") or 0)
    real = round(budget.spent()["cost_usd"] * DOLLAR)
    assert spent == min(real, granted), "nothing is still reserved"
    assert real <= granted + sum(call.error for call in calls)
    limits = [error for error in errors if isinstance(error, LimitError)]
    assert bool(faults) == bool(limits)
    if not limits:
        assert real == sum(call.cost for call in calls)


@settings(max_examples=200)
@given(calls=st.lists(CALLS, min_size=50, max_size=50))
def test_no_call_is_refused_that_would_have_fitted_once_others_had_cost_less(calls: list[Call]) -> None:
    for call in calls:
        call.cost = min(call.cost, call.estimate)
    granted = sum(call.cost for call in calls) + max(call.estimate for call in calls)
    _, errors, faults = together(Limits(cost=granted), calls)
    assert faults == []
    assert not any(isinstance(error, LimitError) for error in errors)


def test_calls_that_wait_for_room_go_in_the_order_in_which_they_came() -> None:
    async def both() -> list[str]:
        events: list[Event] = []
        gate = Gate(Budget(Limits(cost=100)), events.append, lambda _: None)

        async def act(_took: Took) -> None:
            await asyncio.sleep(0)

        async def ask(label: str, estimate: int) -> None:
            await gate.effect("model.turn", label, act, reserve={"cost": estimate}, spent=lambda: {"cost": 1})

        await asyncio.gather(ask("first", 90), ask("large", 80), ask("small", 1), ask("last", 1))
        return [event.label for event in events if isinstance(event, CallStarted)]

    assert asyncio.run(both()) == ["first", "large", "small", "last"]


def test_nobody_waits_for_a_stream_that_the_script_may_never_read() -> None:
    async def both() -> None:
        faults: list[LlmspellError] = []
        gate = Gate(Budget(Limits(cost=100)), lambda _: None, faults.append)
        stream = asyncio.ensure_future(perform(gate, Call(60, 1, turns=1_000_000), ends=False))
        await asyncio.sleep(0)
        with pytest.raises(LimitError):
            await perform(gate, Call(60, 1))
        assert len(faults) == 1
        stream.cancel()
        await asyncio.gather(stream, return_exceptions=True)

    asyncio.run(both())


def test_one_that_waits_can_be_cancelled_and_the_next_goes_on() -> None:
    async def both() -> None:
        gate = Gate(Budget(Limits(cost=100)), lambda _: None, lambda _: None)
        tasks = [asyncio.ensure_future(perform(gate, Call(60, 1, turns=5))) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results[1], asyncio.CancelledError)
        assert (results[0], results[2]) == (None, None)
        assert gate.budget.spent()["provider_calls"] == 2

    asyncio.run(both())


def test_counts_are_not_waited_for_because_they_are_never_given_back() -> None:
    async def both() -> None:
        faults: list[LlmspellError] = []
        gate = Gate(Budget(Limits(provider_calls=1)), lambda _: None, faults.append)
        first = asyncio.ensure_future(perform(gate, Call(0, 0, turns=1_000_000)))
        await asyncio.sleep(0)
        with pytest.raises(LimitError, match="provider_calls"):
            await perform(gate, Call(0, 0))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    asyncio.run(both())


def test_what_costs_nothing_is_not_refused_when_the_money_is_gone() -> None:
    budget = Budget(Limits(cost=10))
    budget.reserve(cost=10).settle(cost=15)
    with pytest.raises(LimitError):
        budget.reserve(cost=1)
    budget.reserve(cost=0).settle()


def test_a_money_limit_is_reported_in_dollars() -> None:
    budget = Budget(Limits(cost=DOLLAR // 2))
    budget.spend(cost=1_500)
    assert budget.spent()["cost_usd"] == 0.0000015
    with pytest.raises(LimitError) as caught:
        budget.reserve(cost=DOLLAR // 2)
    error = caught.value
    assert error.message == "the limit 'max_cost_usd' was reached: $0.50 granted, $0.5000015 needed"
    assert error.details == {"limit": "cost_usd", "granted": 0.5, "spent": 0.5000015}
    assert as_dict(budget.limits)["cost_usd"] == 0.5


def test_where_a_price_is_unknown_no_sum_is_told() -> None:
    budget = Budget(Limits())
    budget.reserve(provider_calls=1).settle(provider_calls=1, unpriced_calls=1)
    spent = budget.spent()
    assert spent["unpriced_calls"] == 1
    assert "cost_usd" not in spent


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "$0.00"), (1, "$0.000000001"), (DOLLAR, "$1.00"), (1_234_500_000_000, "$1,234.50"), (375_000, "$0.000375")],
)
def test_dollars_as_people_write_them(amount: int, text: str) -> None:
    assert dollars(amount) == text


@given(st.integers(0, 10**15))
def test_dollars_lose_nothing(amount: int) -> None:
    from decimal import Decimal

    assert Decimal(dollars(amount).strip("$").replace(",", "")) * DOLLAR == amount


def test_shuffled_settling_leaves_nothing_reserved() -> None:
    budget, chance = Budget(Limits(cost=10**6)), random.Random(1)
    open_ones = [budget.reserve(cost=100) for _ in range(50)]
    chance.shuffle(open_ones)
    for reservation in open_ones:
        reservation.settle(cost=40)
        reservation.settle(cost=40)
    assert budget.remaining("cost") == 10**6 - 50 * 40
