"""When a failed request is sent again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import OverloadedError, ProviderError, RateLimitError
from llmspell.providers.retries import JITTER, LONGEST_DELAY, delay_after, too_late


def test_delays_double_up_to_eight_seconds() -> None:
    busy = OverloadedError("busy")
    assert [delay_after(busy, attempt, 0.0) for attempt in range(1, 8)] == [0.5, 1, 2, 4, 8, 8, 8]


@given(attempt=st.integers(1, 10**6), chance=st.floats(0, 1))
def test_chance_takes_a_quarter_off_at_most(attempt: int, chance: float) -> None:
    busy = OverloadedError("busy")
    full = delay_after(busy, attempt, 0.0)
    assert full * (1 - JITTER) <= delay_after(busy, attempt, chance) <= full <= LONGEST_DELAY


@given(asked=st.floats(0, 10**6), attempt=st.integers(1, 10), chance=st.floats(0, 1))
def test_what_the_server_asks_for_is_kept_to(asked: float, attempt: int, chance: float) -> None:
    assert delay_after(RateLimitError("slow down", retry_after=asked), attempt, chance) == asked


def test_an_error_says_that_another_attempt_would_come_too_late() -> None:
    asked = RateLimitError("too many requests", retry_after=3600.0)
    too_late(asked, 3600.0, 12.34)
    assert str(asked) == "too many requests; the server asks to wait 3,600 s, and the run has 12 s left"
    own = ProviderError("busy", hint="its own hint")
    too_late(own, 0.5, -1.0)
    assert str(own) == "busy; another attempt would wait 0.5 s, and the run has 0 s left"
    assert own.hint == "its own hint"
    assert "`timeout`" in asked.hint
