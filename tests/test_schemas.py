"""Checking values against JSON Schemas: right as another implementation has it, and bounded whatever the schema."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import InvalidArgument
from llmspell.schemas import Schema

TREE = {"type": "object", "properties": {"of": {"type": "array", "items": {"$ref": "#"}}}, "required": ["n"]}
SUM = {
    "anyOf": [
        {"type": "number"},
        {"type": "object", "properties": {"l": {"$ref": "#"}, "r": {"$ref": "#"}}, "required": ["l", "r"]},
    ]
}


def fan_out(levels: int) -> dict[str, Any]:
    """A small schema that means 2 ** levels comparisons."""
    defs: dict[str, Any] = {"d0": {"type": "string"}}
    for level in range(1, levels + 1):
        defs[f"d{level}"] = {"allOf": [{"$ref": f"#/$defs/d{level - 1}"}] * 2}
    return {"$defs": defs, "$ref": f"#/$defs/d{levels}"}


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("schema", "value", "problems"),
    [
        ({"type": "integer"}, 3, []),
        ({"type": "integer"}, "x", ['$: "x" is not of type "integer"']),
        (TREE, {"n": 1, "of": [{"n": 2}, {"of": []}]}, ['$.of[1]: "n" is a required property']),
        (SUM, {"l": 1, "r": {"l": 2, "r": 3}}, []),
        ({"$defs": {"a/b": {"type": "null"}}, "$ref": "#/$defs/a~1b"}, None, []),
        ({"allOf": [{"type": "string"}, {"$ref": "#/allOf/0"}]}, "x", []),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3, "exclusiveMinimum": True}, 4, []),
        ({"properties": {"$ref": {"type": "string"}}}, {"$ref": "x"}, []),
        ({"enum": [1, "a"]}, "a", []),
        (fan_out(8), "x", []),
        ({"type": "array", "maxItems": 1}, ["x" * 500] * 2, ["$: "]),
    ],
)
def test_what_is_wrong_is_told_with_its_place(schema: dict[str, Any], value: Any, problems: list[str]) -> None:
    found = Schema(schema).problems(value)
    assert len(found) == len(problems)
    assert all(one.startswith(expected) and len(one) < 300 for one, expected in zip(found, problems, strict=True))


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"$ref": "#"}, "refers to itself"),
        ({"anyOf": [{"not": {"$ref": "#"}}]}, "refers to itself"),
        ({"properties": {"a": {"$ref": "#/anyOf/0"}}, "anyOf": [{"if": {"$ref": "#"}}]}, "refers to itself"),
        ({"$ref": "#/$defs/no"}, "which is not in it"),
        ({"$ref": "other.json"}, "refers to 'other.json'"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "refers to 'file:///etc/passwd'"),
        ({"$dynamicRef": "#x"}, "'$dynamicRef'"),
        ({"properties": {"a": {"$id": "http://x/"}}}, "a '$id' within it"),
        ({"$schema": "http://nowhere.example/"}, "not a JSON Schema"),
        ({"type": "nothing"}, "not a JSON Schema: $.type"),
        ({"enum": list(range(3_000))}, "more than 2,000 values"),
        ({"pattern": "(a{1000}){1000}"}, "not a JSON Schema: $.pattern"),
        ({"properties": {f"p{i}": {"pattern": "a"} for i in range(33)}}, "more than 32 patterns"),
        ({"items": [{"patternProperties": {f"p{i}": {} for i in range(33)}}]}, "more than 32 patterns"),
        ({"pattern": "("}, "not a JSON Schema: $.pattern"),
        ({"const": b"\xff"}, "not UTF-8"),
        ({"properties": {1: {}}}, "keys that are not strings"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidArgument, match=reason.replace("$", r"\$")):
        Schema(schema)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (fan_out(60), "x"),
        ({"anyOf": [{"properties": {"a": {"$ref": "#"}}}] * 2}, nested(100)),
        ({"anyOf": [{"additionalProperties": {"$ref": "#"}}] * 3}, nested(60)),
        ({"items": {"enum": list(range(1_900))}}, list(range(100_000))),
    ],
)
def test_what_would_take_too_long_is_refused_at_once(schema: dict[str, Any], value: Any) -> None:
    with pytest.raises(InvalidArgument, match="too large to be checked"):
        Schema(schema).problems(value)


def test_references_may_stand_in_a_long_row_also_on_a_small_stack() -> None:
    defs: dict[str, Any] = {"d0": {"type": "string"}}
    for level in range(1, 900):
        defs[f"d{level}"] = {"$ref": f"#/$defs/d{level - 1}"}
    found: list[list[str]] = []
    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(
            target=lambda: found.append(Schema({"$defs": defs, "$ref": "#/$defs/d899"}).problems(1))
        )
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert found == [['$: 1 is not of type "string"']]


scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "b", "abc"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner), max_leaves=8
)
kinds = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])


def grown(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": kinds,
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "required": st.lists(st.sampled_from("ab"), unique=True, max_size=2),
            "additionalProperties": inner,
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "enum": st.lists(scalars, min_size=1, max_size=3),
            "uniqueItems": st.booleans(),
            "maxItems": st.integers(0, 3),
            "minimum": st.integers(-5, 5),
        },
    )


@given(schema=st.recursive(st.fixed_dictionaries({"type": kinds}), grown, max_leaves=6), value=values)
def test_it_agrees_with_another_implementation(schema: dict[str, Any], value: Any) -> None:
    fits = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (Schema(schema).problems(value) == []) is fits


KEYS = ["$ref", "$defs", "properties", "items", "anyOf", "not", "type", "a", "$id", "enum", "if"]
anything = st.recursive(
    scalars | st.sampled_from(["#", "#/a", "#/$defs/a", "http://x/"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=20,
)


@given(schema=st.dictionaries(st.sampled_from(["$ref", "$defs", "properties", "anyOf", "a"]), anything), value=values)
def test_any_table_is_a_schema_or_refused(schema: dict[str, Any], value: Any) -> None:
    with suppress(InvalidArgument):
        assert len(Schema(schema).problems(value)) <= 5
