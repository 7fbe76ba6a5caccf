"""What one attempt at a model turn costs: what is reserved for it, and what it is known to have cost when it ended,
well or not. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from llmspell.errors import BadResponseError, LlmspellError, ProviderError, ProviderTimeout
from llmspell.providers import estimate
from llmspell.providers.prices import Price
from llmspell.types import Delta, ModelReply, ModelRequest, Usage

BILLED = (BadResponseError, ProviderTimeout)
"""Failures of a request that the server took, as far as is known: what it has read counts. Others it refused, or never
had."""


STEP: Final = 256
"""Bytes of an answer, at least, between two looks at the budget, or a PART of what has come: a price of the list takes
0.2 ms to reckon, and most pieces have a few bytes."""
PART: Final = 64


class Meter:
    """`price` gives the price when it is asked for, or None where it is not known; `longest` is the provider's own
    bound of an answer, in tokens."""

    def __init__(self, request: ModelRequest, longest: int | None, price: Callable[[], Price | None]) -> None:
        self._price = price
        self._expected = Usage(
            input_tokens=estimate.input_tokens(request), output_tokens=estimate.output_tokens(request, longest)
        )
        self._received = 0
        self._told = 0
        self._usage: Usage | None = None
        self._taken = False

    @property
    def expected_tokens(self) -> int:
        return self._expected.input_tokens + self._expected.output_tokens

    def reserve(self) -> Mapping[str, int]:
        return self._amounts(self._expected)

    def began(self) -> None:
        """The request goes out now."""
        self._taken = True

    def got(self, delta: Delta) -> None:
        """A piece of a streamed answer, or the whole."""
        if not isinstance(delta, ModelReply):
            self._received += estimate.received_bytes(delta)
            return
        usage = delta.usage  # a server that counts nothing still costs
        self._usage = replace(
            usage,
            input_tokens=usage.input_tokens or self._expected.input_tokens,
            output_tokens=usage.output_tokens or estimate.answer_tokens(delta),
        )

    def taken(self) -> Mapping[str, int]:
        """What the answer has cost so far, whenever some more of it has come; what was sent is an estimate, and counts
        only in money."""
        if self._received < self._told + max(STEP, self._told // PART):
            return {}
        self._told = self._received
        amounts = self._amounts(self.usage())
        return {name: amounts[name] for name in ("output_tokens", "cost") if name in amounts}

    def failed(self, error: LlmspellError) -> None:
        self._taken = isinstance(error, BILLED)
        if isinstance(error, ProviderError) and not self._received:
            self._received = len(error.partial_text)

    def usage(self) -> Usage:
        """What is known: what the server counted, else an estimate of what was sent and what has come."""
        if self._usage is not None:
            return self._usage
        if not self._taken and not self._received:
            return Usage()
        return Usage(input_tokens=self._expected.input_tokens, output_tokens=estimate.tokens_of(self._received))

    def tokens(self) -> int:
        usage = self.usage()
        return usage.input_tokens + usage.output_tokens

    def cost(self) -> int | None:
        """In nano-dollars."""
        price = self._price()
        return None if price is None else price(self.usage())

    def spent(self) -> Mapping[str, int]:
        amounts = self._amounts(self.usage())
        return amounts if "cost" in amounts or not self.tokens() else {**amounts, "unpriced_calls": 1}

    def _amounts(self, usage: Usage) -> Mapping[str, int]:
        amounts = {
            "provider_calls": 1,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
        }
        price = self._price()
        return amounts if price is None else {**amounts, "cost": price(usage)}
