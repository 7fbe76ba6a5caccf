"""Which schemas OpenAI's strict mode takes, rule by rule of its documentation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.providers.protocols.strict import MAX_DEPTH, is_strict


def an_object(**properties: Any) -> dict[str, Any]:
    required = list(properties)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = an_object(inner=schema)
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        an_object(),
        an_object(name={"type": "string", "description": "Whose"}, age={"type": ["integer", "null"], "minimum": 0}),
        an_object(tags={"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "maxItems": 3}),
        an_object(either={"anyOf": [{"type": "number"}, an_object(when={"type": "string", "format": "date"})]}),
        an_object(next={"$ref": "#/$defs/node"}) | {"$defs": {"node": an_object(value={"const": 1})}},
        nested(MAX_DEPTH),
    ],
)
def test_what_strict_mode_takes(schema: dict[str, Any]) -> None:
    assert is_strict(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "array", "items": {"type": "string"}},
        {"type": ["object", "null"]},
        an_object() | {"anyOf": [an_object()]},
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        an_object(a={"type": "string"}) | {"required": []},
        an_object(a={"type": "string"}) | {"additionalProperties": {"type": "string"}},
        an_object(a={}),
        an_object(a=True),
        an_object(a={"type": "string", "minLength": 1}),
        an_object(a={"type": "string", "format": "uri"}),
        an_object(a={"type": "string", "format": []}),
        an_object(a={"type": "thing"}),
        an_object(a={"type": "array"}),
        an_object(a={"type": "array", "items": {"type": "object"}}),
        an_object(a={"oneOf": [{"type": "string"}]}),
        an_object(a={"anyOf": "x"}),
        an_object(a={"enum": "x"}),
        an_object(a={"$ref": "https://example.com/schema"}),
        an_object(a={"$ref": "#/$defs/b", "description": "B"}) | {"$defs": {"b": {"type": "string"}}},
        an_object(a={"enum": list(range(1001))}),
        an_object(**{f"p{n}": {"type": "null"} for n in range(5001)}),
        an_object() | {"$defs": {"a": {"type": "object"}}},
        an_object() | {"$defs": 5},
        nested(MAX_DEPTH + 1),
    ],
)
def test_what_strict_mode_refuses(schema: dict[str, Any]) -> None:
    assert not is_strict(schema)


KEYS = st.sampled_from(
    ["type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "$ref", "format"]
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["object", "array", "string", "a", "#"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, ANY, max_size=6))
def test_no_schema_is_too_odd_for_an_answer(schema: dict[str, Any]) -> None:
    assert is_strict(schema) in (True, False)
