"""Arguments of tools against their schema: what does not fit is named, and nothing that a guest can send breaks it."""

from __future__ import annotations

from contextlib import suppress
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import InvalidArgument, ToolError
from llmspell.schemas import Schema
from llmspell.tools.arguments import checked

SCHEMA = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "n": {"type": "integer"},
            "list": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            "map": {"type": "object", "additionalProperties": {"type": "number"}},
        },
        "required": ("n",),
    }
)

KEYS = st.one_of(st.sampled_from(["n", "list", "map"]), st.text(max_size=3), st.binary(max_size=3), st.integers())
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "the argument 'n' is missing"),
        ([], "the argument 'n' is missing"),
        ({"n": "x"}, 'argument \'n\': "x" is not of type "integer"'),
        ({"n": 1, "list": [["a"], [b"\xff", 2]]}, "argument 'list[1][1]': 2 is not of type \"string\""),
        ({"n": 1, "map": {b"\xff": 1, 7: "x"}}, 'argument \'map[7]\': "x" is not of type "number"'),
        ({"n": float("nan")}, "argument 'n': null is not of type \"integer\""),
        (None, "a table of named arguments expected"),
        ([1], "a table of named arguments expected"),
    ],
)
def test_what_does_not_fit_is_named(arguments: Any, told: str) -> None:
    with pytest.raises(ToolError) as caught:
        checked("t", Schema(SCHEMA), arguments)
    assert caught.value.message == f"tool 't': {told}"
    assert caught.value.details == {"tool": "t", "reason": "arguments"}


def test_what_fits_is_handed_on_as_it_came_with_empty_lists_for_empty_tables() -> None:
    arguments = {"n": 1.0, "list": {}, "map": {}, "s": b"\xff", "other": {}}
    assert checked("t", Schema(SCHEMA), arguments) == arguments | {"list": []}


@given(VALUES)
def test_any_value_is_checked(value: Any) -> None:
    for arguments in (value, {"n": 1, "list": value, "map": value}):
        with suppress(ToolError, InvalidArgument):
            assert checked("t", Schema(SCHEMA), arguments).keys() == dict(arguments).keys()
