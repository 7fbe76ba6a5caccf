"""What a model turn costs: from the manifest, from the kind of provider, or from the price list of genai-prices. Pure.

Money is whole nano-dollars here and in limits.py, rounded up. A price that nobody knows is None, never zero.

The list is data in the package genai-prices; nothing is fetched. It takes 0.2 s of CPU to load, once a process, so it
is asked only about servers that can be in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from llmspell.limits import DOLLAR
from llmspell.settings import Prices, ProviderSettings
from llmspell.types import Usage

Price = Callable[[Usage], int]
"""Gives what a turn of this usage costs, in nano-dollars."""

LOCAL_KINDS: Final = ("ollama", "scripted", "replay")
"""Kinds that cost nothing unless the manifest gives a price: they run on the user's own machine, or nowhere."""
MAX_NAME: Final = 200
"""Characters of a name that is looked up: a script chooses it, and patterns are matched against it."""
_NANO: Final = DOLLAR // 1_000_000
"""Nano-dollars a token, for one dollar a million tokens."""


def stated(settings: ProviderSettings, kind: str) -> Price | None:
    """The price that needs no list."""
    if settings.prices is not None:
        return _by_manifest(settings.prices)
    return _free if kind in LOCAL_KINDS else None


def is_listed(url: str) -> bool:
    """Whether a server's address can be in the list: one's own machines are not."""
    host = urlsplit(url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan"))
    return False


def listed(url: str, model: str, tier: str = "") -> Price | None:
    """The list's price of a model at the server of this address, by today's date; `tier` is the `service_tier` that is
    asked for, whose price may be another. Takes long the first time."""
    from genai_prices import Usage as Counted
    from genai_prices.data_snapshot import get_snapshot

    # by its steps, because the function that does all of them remembers every name it is asked for
    known = get_snapshot()
    try:
        provider = known.find_provider(None, None, url)
    except LookupError:
        return None
    found = provider.find_model(model[:MAX_NAME], all_providers=known.providers)
    if found is None:
        return None
    tiers = {"service_tier": tier} if tier and any(found is own for own in provider.models) else None
    rates = found.get_prices(datetime.now(UTC), tiers)
    if (
        rates.input_mtok is None or rates.output_mtok is None
    ):  # it is listed without a price, or with one for embeddings
        return None

    def price(usage: Usage) -> int:
        usage = _consistent(usage)
        counted = Counted(
            input_tokens=usage.input_tokens,
            cache_read_tokens=usage.cached_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            output_tokens=usage.output_tokens,
            output_reasoning_tokens=usage.reasoning_tokens,
        )
        total = rates.calc_price(counted)["total_price"]
        return int((total * DOLLAR).to_integral_value(ROUND_CEILING))

    return price


def _by_manifest(prices: Prices) -> Price:
    cached_price = prices.input if prices.cached is None else prices.cached

    def price(usage: Usage) -> int:
        usage = _consistent(usage)
        fresh = usage.input_tokens - usage.cached_tokens
        return math.ceil(
            Decimal(repr(prices.input)) * _NANO * fresh
            + Decimal(repr(cached_price)) * _NANO * usage.cached_tokens
            + Decimal(repr(prices.output)) * _NANO * usage.output_tokens
        )

    return price


def _free(_: Usage) -> int:
    return 0


def _consistent(usage: Usage) -> Usage:
    """Parts are no larger than their wholes, whatever a server says."""
    cached = min(usage.cached_tokens, usage.input_tokens)
    return replace(
        usage,
        cached_tokens=cached,
        cache_write_tokens=min(usage.cache_write_tokens, usage.input_tokens - cached),
        reasoning_tokens=min(usage.reasoning_tokens, usage.output_tokens),
    )
