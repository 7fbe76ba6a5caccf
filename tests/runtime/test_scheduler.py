"""Random programs over tasks, coroutines, closing and cancelling, also where memory, fuel or time ends at any moment:
they end well or at their limit, and the interpreter itself never fails."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from llmspell.errors import LimitError
from tests.runtime.running import Ran, run

PROGRAM = (Path(__file__).parent / "scheduler.lua").read_text("utf-8")
MB = 1_000_000


@pytest.mark.parametrize("seed", range(12))
def test_a_random_program_ends_well(seed: int) -> None:
    ended = run(PROGRAM, '[runtime]\ntimeout = "20s"', args=[str(seed), "2000", "0"])
    opened, closed, well, _ = ended.report.output.results
    assert ended.report.error is None, ended.error.traceback
    assert 0 < closed <= opened
    assert well > 0


LIMITS = {
    "fuel": lambda chance: f"fuel = {chance.randint(MB, 40 * MB)}",
    "timeout": lambda chance: f'timeout = "{chance.randint(2, 40)}ms"',
    "tasks": lambda chance: f"tasks = {chance.randint(2, 30)}",
    "provider_calls": lambda chance: f"provider_calls = {chance.randint(0, 5)}",
    "streams": lambda chance: f"streams = {chance.randint(0, 2)}",
}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("limit", sorted(LIMITS))
def test_a_random_program_that_meets_a_limit_ends_there(limit: str, seed: int) -> None:
    manifest = f"[runtime]\n{LIMITS[limit](random.Random(seed))}"
    ended = run(PROGRAM, manifest, args=[str(seed), "1000", "0"])
    ends_at_a_limit(ended)


@pytest.mark.parametrize("seed", range(25))
def test_a_random_program_that_has_hardly_any_memory_ends_there(seed: int) -> None:
    taken = 600_000 + 4_000 * seed  # beneath, all fits; above, nothing does
    ends_at_a_limit(run(PROGRAM, '[runtime]\nmemory = "2MiB"', args=[str(seed), "1000", str(taken)]))


def ends_at_a_limit(ended: Ran) -> None:
    error = ended.report.error
    if error is not None:
        assert isinstance(error, LimitError), f"{error}\n{error.traceback}"
        assert 0 < ended.usage["fuel"] <= 20_000_000_000
