"""Whether a failed request is sent again, and when. Pure: who waits, and who tells of it, is elsewhere."""

from __future__ import annotations

from typing import Final

from llmspell.errors import ProviderError

FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 8.0
"""Seconds. As the vendors' own clients wait: 0.5, 1, 2, 4, 8, 8 ..."""
JITTER: Final = 0.25
"""The largest part of a delay that chance takes off, so that those who failed together do not come back together."""


def delay_after(error: ProviderError, attempt: int, chance: float) -> float:
    """Seconds until the next attempt: what the server asks for, else doubling. `attempt` is the one that failed, from
    1; `chance` is from 0 to 1."""
    if error.retry_after is not None:
        return error.retry_after
    doubled = FIRST_DELAY * 2.0 ** min(attempt - 1, 10)
    return min(doubled, LONGEST_DELAY) * (1 - JITTER * chance)


def too_late(error: ProviderError, delay: float, left: float) -> None:
    """Say in the error that another attempt would come after the run's end."""
    asked = "the server asks to wait" if error.retry_after is not None else "another attempt would wait"
    error.message += f"; {asked} {shown(delay)}, and the run has {shown(left)} left"
    error.args = (error.message,)
    error.hint = error.hint or "raise `timeout` under [runtime], or ask another model with `fallback`"


def shown(seconds: float) -> str:
    """For messages: as exact as a person wants it."""
    return f"{seconds:,.0f} s" if seconds >= 10 else f"{max(seconds, 0.0):.2g} s"
