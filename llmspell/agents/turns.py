"""One model turn: a place among the provider's requests, the budget, the call, and again where that may help.

Every attempt goes through the gate by itself, so it is a provider call of its own, and a turn that waits for its next
attempt or for a place among the provider's requests holds nothing of the budget.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from llmspell.agents.meter import Meter
from llmspell.agents.shown import Shown
from llmspell.errors import BadResponseError, LlmspellError, ProviderError, RateLimitError
from llmspell.providers import prices, retries
from llmspell.providers.base import Provider
from llmspell.providers.pieces import pieces
from llmspell.providers.prices import Price
from llmspell.providers.traffic import Rates, Traffic
from llmspell.types import ModelReply, ModelRequest

T = TypeVar("T")
Took = Callable[[Mapping[str, int]], None]
"""Raises LimitError where a turn has taken more than is granted."""
OP = "model.turn"
MAX_PRICES = 100
"""That are remembered."""
Pricing = asyncio.Future[Price | None]
"""A price that may still be looked up."""


class Gate(Protocol):
    """What is needed of the run's gate (host/dispatch.py)."""

    async def effect(
        self,
        op: str,
        label: str,
        perform: Callable[[Took], Awaitable[T]],
        *,
        reserve: Mapping[str, int],
        spent: Callable[[], Mapping[str, int]] | None = None,
        ends: bool = True,
    ) -> T: ...

    def retrying(self, op: str, label: str, *, attempt: int, delay: float, error: str) -> None: ...

    def left(self) -> float | None: ...


class Turns:
    """The model turns of one run. With `money_limited`, no turn begins whose price nobody knows."""

    def __init__(self, gate: Gate, traffic: Traffic, *, money_limited: bool) -> None:
        self.gate = gate
        self._traffic = traffic
        self._money_limited = money_limited
        self._prices: dict[tuple[str, str, str], Pricing] = {}

    async def price(self, provider: Provider, request: ModelRequest) -> Pricing:
        """Looks the price up while the turn goes on, or before it where money is limited. Raises ProviderError where
        that price is not known."""
        model, tier = request.model[: prices.MAX_NAME], request.parameters.get("service_tier", "")
        key = (provider.name, model, tier[: prices.MAX_NAME] if isinstance(tier, str) else "")
        if key not in self._prices:
            if len(self._prices) >= MAX_PRICES:  # the script chooses the names
                self._prices.clear()
            self._prices[key] = _pricing(provider, *key[1:])
        pricing = self._prices[key]
        if self._money_limited and await asyncio.shield(pricing) is None:
            raise ProviderError(
                f"provider '{provider.name}': what the model '{model[:80]}' costs is not known, and the run's money is "
                "limited by `max_cost_usd`",
                provider=provider.name,
                hint=f"say what it costs under [providers.{provider.name}.prices]",
            )
        return pricing

    async def ask(
        self, provider: Provider, request: ModelRequest, shown: Shown, pricing: Pricing
    ) -> tuple[ModelReply, int | None]:
        """The reply, and what it cost in nano-dollars. Raises the error of the last attempt."""
        label = f"{shown.agent} ({provider.name}/{request.model})"
        attempt = 1
        while True:
            try:
                return await self._attempt(provider, request, shown, pricing, label)
            except ProviderError as error:
                if shown.any or not error.retryable or attempt > provider.settings.max_retries:
                    raise  # what somebody has seen of the answer cannot be taken back
                delay = retries.delay_after(error, attempt, random.random())
                left = self.gate.left()
                if left is not None and delay >= left:
                    retries.too_late(error, delay, left)
                    raise
                self.gate.retrying(OP, label, attempt=attempt, delay=delay, error=error.message)
                if isinstance(error, RateLimitError):
                    await shown.rate_limited(provider.name, delay)
                await asyncio.sleep(delay)
                attempt += 1

    async def _attempt(
        self, provider: Provider, request: ModelRequest, shown: Shown, pricing: Pricing, label: str
    ) -> tuple[ModelReply, int | None]:
        meter = Meter(request, provider.settings.max_tokens, lambda: pricing.result() if pricing.done() else None)

        async def perform(took: Took) -> ModelReply:
            meter.began()
            try:
                reply = await _reply(provider, request, shown, meter, took)
            except LlmspellError as error:
                meter.failed(error)
                raise
            await asyncio.shield(pricing)
            return reply

        async with self._place(provider, meter):
            reply = await self.gate.effect(
                OP, label, perform, reserve=meter.reserve(), spent=meter.spent, ends=not shown.streamed
            )
        return reply, meter.cost()

    @contextlib.asynccontextmanager
    async def _place(self, provider: Provider, meter: Meter) -> AsyncIterator[None]:
        settings = provider.settings
        rates = Rates(settings.requests_per_minute, settings.tokens_per_minute, settings.max_concurrency)
        if rates == Rates():
            yield
            return
        account, left = provider.account(), self.gate.left()
        async with self._traffic.place(
            account, rates, meter.expected_tokens, left=left, provider=provider.name
        ) as place:
            try:
                yield
            finally:
                place.settle(meter.tokens())


async def _reply(provider: Provider, request: ModelRequest, shown: Shown, meter: Meter, took: Took) -> ModelReply:
    if not (shown.wanted and provider.capabilities_of(request.model).streaming):
        reply = await provider.complete(request)
        meter.got(reply)
        for delta in pieces(reply) if shown.wanted else ():
            if not isinstance(delta, ModelReply):
                await shown.delta(delta)
        return reply
    from aiostream import streamcontext  # 10 ms, and only streams need it

    whole: ModelReply | None = None
    async with streamcontext(provider.stream(request)) as deltas:  # left early, it closes the connection
        async for delta in deltas:
            meter.got(delta)
            if more := meter.taken():
                took(more)
            if isinstance(delta, ModelReply):
                whole = delta
            else:
                await shown.delta(delta)
    if whole is None:
        raise BadResponseError(f"provider '{provider.name}': the stream ended without an answer")
    return whole


def _pricing(provider: Provider, model: str, tier: str) -> Pricing:
    price = prices.stated(provider.settings, provider.kind)
    if price is None and prices.is_listed(address := provider.access.address):
        return asyncio.ensure_future(asyncio.to_thread(prices.listed, address, model, tier))
    pricing: Pricing = asyncio.get_running_loop().create_future()
    pricing.set_result(price)
    return pricing
