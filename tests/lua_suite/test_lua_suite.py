"""The interpreter in the sandbox is Lua: every file of Lua's own test suite that can hold here passes, unmodified."""

from __future__ import annotations

import pytest

from tests.lua_suite.suite import FILES, LEFT_OUT, PASSES, RETURNS, Outcome, folder, run


@pytest.mark.parametrize(("file", "way"), PASSES, ids=[f"{file}-{way}" for file, way in PASSES])
def test_a_file_passes(file: str, way: str, outcomes: list[Outcome]) -> None:
    outcome = run(file, way)
    outcomes.append(outcome)
    assert outcome.problem == ""
    assert outcome.results == RETURNS.get(file, [None])


def test_every_file_of_the_suite_is_run_or_left_out_for_a_reason() -> None:
    assert {path.name for path in folder().glob("*.lua")} == {f"{name}.lua" for name in FILES} | set(LEFT_OUT)
