"""Collects what each file of the suite took, and prints it as a table at the end."""

from __future__ import annotations

from typing import Final

import pytest

from tests.lua_suite.suite import Outcome

OUTCOMES: Final = pytest.StashKey[list[Outcome]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[OUTCOMES] = []


@pytest.fixture
def outcomes(pytestconfig: pytest.Config) -> list[Outcome]:
    """Where a test leaves what it measured."""
    return pytestconfig.stash[OUTCOMES]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash[OUTCOMES]
    if not rows:
        return
    terminalreporter.section("Lua's test suite")
    terminalreporter.write_line(f"{'file':16}{'way':12}{'seconds':>8}{'Gfuel':>8}{'MB':>6}")
    for row in rows:
        numbers = f"{row.seconds:8.2f}{row.fuel / 1e9:8.2f}{row.memory >> 20:6}"
        terminalreporter.write_line(f"{row.file:16}{row.way:12}{numbers}{'  FAILED' if row.problem else ''}")
    seconds, fuel = sum(row.seconds for row in rows), sum(row.fuel for row in rows)
    terminalreporter.write_line(f"{'all':28}{seconds:8.2f}{fuel / 1e9:8.2f}")
