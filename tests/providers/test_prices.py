"""What a turn costs: by the manifest, by the kind of provider, by the price list; never zero for want of a price."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.providers import prices
from llmspell.settings import Prices, ProviderSettings
from llmspell.types import Usage

MILLION = 1_000_000
DOLLAR = 1_000_000_000
ANTHROPIC = "https://api.anthropic.com/v1"
OPENAI = "https://api.openai.com/v1"


def priced(usage: Usage, **given: float) -> int:
    price = prices.stated(ProviderSettings(name="p", prices=Prices(**given)), "openai")
    assert price is not None
    return price(usage)


def test_prices_of_the_manifest_are_dollars_for_a_million_tokens() -> None:
    usage = Usage(input_tokens=MILLION, output_tokens=2 * MILLION, cached_tokens=MILLION // 2)
    assert priced(usage, input=2.5, output=10, cached=1.25) == (1.25 + 0.625 + 20) * DOLLAR
    assert priced(usage, input=2.5, output=10) == 22.5 * DOLLAR


def test_reasoning_is_part_of_the_output_and_costs_as_much() -> None:
    usage = Usage(output_tokens=1000, reasoning_tokens=900)
    assert priced(usage, input=1, output=10) == 1000 * 10_000


def test_money_is_rounded_up_to_a_nano_dollar() -> None:
    assert priced(Usage(input_tokens=1), input=0.0001, output=0) == 1
    assert priced(Usage(input_tokens=1), input=0.075, output=0) == 75


def test_more_cached_tokens_than_input_tokens_do_not_make_it_cheaper() -> None:
    assert priced(Usage(input_tokens=10, cached_tokens=1000), input=1, output=1, cached=0) == 0


COUNTS = st.integers(0, 10**12)
RATES = st.floats(0, 1_000_000)


@given(fresh=COUNTS, cached=COUNTS, out=COUNTS, rates=st.tuples(RATES, RATES, RATES))
def test_the_sum_is_exact(fresh: int, cached: int, out: int, rates: tuple[float, float, float]) -> None:
    usage = Usage(input_tokens=fresh + cached, cached_tokens=cached, output_tokens=out)
    exact = sum(
        Fraction(Decimal(repr(rate))) * 1000 * tokens for rate, tokens in zip(rates, (fresh, cached, out), strict=True)
    )
    got = priced(usage, input=rates[0], cached=rates[1], output=rates[2])
    assert got >= exact * (1 - Fraction(1, 10**20))
    assert got - exact <= 1 + exact / 10**20


@pytest.mark.parametrize("kind", ["scripted", "ollama"])
def test_ones_own_machine_costs_nothing_unless_a_price_is_given(kind: str) -> None:
    usage = Usage(input_tokens=MILLION, output_tokens=MILLION)
    free = prices.stated(ProviderSettings(name="p"), kind)
    assert free is not None
    assert free(usage) == 0
    dear = prices.stated(ProviderSettings(name="p", prices=Prices(input=1, output=1)), kind)
    assert dear is not None
    assert dear(usage) == 2 * DOLLAR


def test_a_server_has_no_stated_price() -> None:
    assert prices.stated(ProviderSettings(name="p"), "openai") is None


def test_a_model_that_is_listed_without_a_price_has_none() -> None:
    from genai_prices.data_snapshot import get_snapshot

    listed_only = [
        model.id
        for provider in get_snapshot().providers
        if provider.id == "cerebras"
        for model in provider.models
        if "qwen-3-coder-480b" in model.id
    ]
    assert listed_only
    assert prices.listed("https://api.cerebras.ai/v1", listed_only[0]) is None


def test_a_model_that_answers_nothing_is_no_price_for_one_that_does() -> None:
    assert prices.listed(OPENAI, "text-embedding-3-small") is None


def listed(model: str, url: str = OPENAI) -> prices.Price:
    price = prices.listed(url, model)
    assert price is not None
    return price


def test_the_list_knows_models_of_vendors() -> None:
    million = Usage(input_tokens=MILLION, output_tokens=MILLION)
    assert listed("gpt-4o")(million) == 12.5 * DOLLAR
    assert listed("gpt-4o-2024-11-20")(million) == 12.5 * DOLLAR


def test_a_service_tier_has_its_own_price() -> None:
    usage = Usage(input_tokens=MILLION, output_tokens=MILLION)
    flex, priority = prices.listed(OPENAI, "o3", "flex"), prices.listed(OPENAI, "o3", "priority")
    assert flex is not None
    assert priority is not None
    assert flex(usage) < listed("o3")(usage) < priority(usage)
    unknown = prices.listed(OPENAI, "o3", "no such tier")
    assert unknown is not None
    assert unknown(usage) == listed("o3")(usage)


def test_the_list_prices_cached_input_below_other_input() -> None:
    fresh, cached = Usage(input_tokens=MILLION), Usage(input_tokens=MILLION, cached_tokens=MILLION)
    assert listed("gpt-4o")(cached) == listed("gpt-4o")(fresh) // 2


def test_the_list_prices_reasoning_as_output() -> None:
    price = listed("o3")
    assert price(Usage(output_tokens=1000, reasoning_tokens=1000)) == price(Usage(output_tokens=1000)) > 0


def test_a_server_that_counts_nonsense_does_not_break_the_price() -> None:
    usage = Usage(input_tokens=1, cached_tokens=10, output_tokens=1, reasoning_tokens=10, cache_write_tokens=10)
    assert listed("gpt-4o")(usage) > 0
    price = prices.listed(ANTHROPIC, "claude-sonnet-4-5")
    assert price is not None
    assert price(usage) > 0


def test_the_list_prices_what_is_written_into_a_cache_above_other_input() -> None:
    price = prices.listed(ANTHROPIC, "claude-sonnet-4-5")
    assert price is not None
    fresh, written = Usage(input_tokens=1000), Usage(input_tokens=1000, cache_write_tokens=1000)
    assert price(written) * 4 == price(fresh) * 5


@pytest.mark.parametrize(
    ("url", "model"), [(OPENAI, "no-such-model"), ("https://models.example.com/v1", "gpt-4o"), (OPENAI, "x" * 10_000)]
)
def test_what_the_list_does_not_know_has_no_price(url: str, model: str) -> None:
    assert prices.listed(url, model) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (OPENAI, True),
        ("https://models.example.com/v1", True),
        ("http://127.0.0.1:8080/v1", False),
        ("http://[::1]:8080", False),
        ("http://192.168.1.20/v1", False),
        ("http://localhost:11434", False),
        ("http://vllm:8000/v1", False),
        ("http://studio.local/v1", False),
        ("", False),
    ],
)
def test_the_list_is_not_loaded_for_ones_own_machines(url: str, expected: bool) -> None:
    assert prices.is_listed(url) is expected


def test_a_price_that_is_stated_loads_no_list() -> None:
    code = (
        "import sys\n"
        "from llmspell.providers import prices\n"
        "from llmspell.settings import ProviderSettings\n"
        "prices.stated(ProviderSettings(name='p'), 'scripted')\n"
        "assert not {'genai_prices', 'pydantic', 'httpx2', 'httpx'} & set(sys.modules)\n"
        "prices.listed('https://api.openai.com/v1', 'gpt-4o')\n"
        "assert 'genai_prices' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
