"""JSON through the sandbox: what goes in comes out, and what cannot is refused with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.runtime.running import run

WHOLE = """
local value = JSON.parse(arg[1])
State.set("v", value)
return JSON.stringify(value), JSON.stringify(State.get("v"))
"""

integers = st.integers(-(2**63), 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | integers | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=30)


def canonical(value: Any) -> str:
    """Equal for values that are equal as JSON, integers and floats told apart."""
    return json.dumps(value, sort_keys=True)


@given(values)
@settings(max_examples=150)
@example([[], {}, [[]], {"a": {}}, None, {"a": None}])
@example([2**63 - 1, -(2**63), 0, -0.0, 1.0, 1e308, -1e308, 5e-324, 2.0**53, 2.0**63])
@example('\U0001f600 \u2028 \x00 \x7f \ufeff \uffff \\ " /')
@example({"": 1, "1": "one", "a.b": 2, "\x00": 3, "é": 4, "e\u0301": 5})
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    first, second = run(WHOLE, args=[json.dumps(value)]).report.output.results
    assert canonical(json.loads(first)) == canonical(value)
    assert canonical(json.loads(second)) == canonical(value)


@given(values, st.booleans(), st.booleans())
@settings(max_examples=50)
def test_options_change_only_the_look(value: Any, pretty: bool, sort: bool) -> None:
    options = f"{{ pretty = {str(pretty).lower()}, sort_keys = {str(sort).lower()} }}"
    script = f"return JSON.stringify(JSON.parse(arg[1]), {options})"
    text = run(script, args=[json.dumps(value)]).result
    assert canonical(json.loads(text)) == canonical(value)
    if sort:
        separators = None if pretty else (",", ":")
        indent = 2 if pretty else None
        assert text == json.dumps(value, sort_keys=True, ensure_ascii=False, indent=indent, separators=separators)


@given(st.text(st.sampled_from('{}[]",:0123456789.eE+-\\untrfalse \n\t\ud7ff'), max_size=40))
@settings(max_examples=200)
def test_any_text_is_read_as_json_says_or_refused(text: str) -> None:
    ok, found = run(
        "local ok, v = pcall(JSON.parse, arg[1]) return ok, ok and JSON.stringify(v) or v", args=[text]
    ).report.output.results
    try:
        expected = json.loads(text)
        json.dumps(expected).encode()
    except ValueError:
        assert not ok
        assert found["kind"] == "argument"
        assert "JSON.parse" in found["message"]
        return
    assert ok


@given(st.integers(2**63, 2**70) | st.integers(-(2**70), -(2**63) - 1))
@settings(max_examples=30)
def test_an_integer_beyond_64_bits_becomes_the_nearest_float(number: int) -> None:
    assert run("return JSON.parse(arg[1])", args=[str(number)]).result == float(number)


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_nesting_goes_to_128_levels_and_no_further(brackets: str) -> None:
    opened, closed = ('{"a":' if brackets == "{}" else "["), brackets[1]
    deep = opened * 127 + brackets + closed * 127
    assert run(WHOLE, args=[deep]).report.output.results == (deep, deep)
    refused = run(WHOLE, args=[opened + deep + closed]).error
    assert refused.kind == "argument"
    assert "more than 128 levels" in refused.message


def test_too_deep_a_table_is_refused_on_its_way_out() -> None:
    script = "local t = {} for _ = 1, 128 do t = { t } end return JSON.stringify(t)"
    assert "nested too deeply (more than 128 levels)" in run(script).error.message
