"""calculator: exact values, errors that say what is wrong, and no expression that takes long or grows without bound."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import ToolError
from llmspell.tools.calculator import evaluate
from tests.tools.files import tool


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("2 + 3 * 4", 14),
        ("2^3^2", 512),
        ("-2 ** 2", -4),
        ("7 // 2 + 7 % 2", 4),
        ("10 / 4", 2.5),
        ("2 ** 64", "18446744073709551616"),
        ("2 ** 62 - 1 + 2 ** 62", 2**63 - 1),
        ("sqrt(25) + sqrt(16) + 2^3", 17.0),
        ("sin(pi()/2) + cos(0)", 2.0),
        ("ln(e) + log(100, 10) + log2(8)", 6.0),
        ("factorial(20) / comb(5, 2)", math.factorial(20) / 10),
        ("round(2.567, 2) + round(2.5)", 4.57),
        ("x^2 + y^2", 25),
        ("x > 2 && !(y == 5) || false", True),
        ("10 if x < y else 20", 10),
        ("min(3, 1, 2) + max(1, 2) + abs(-4)", 7),
        ("1 +\n 2", 3),
    ],
)
def test_an_expression_has_this_value(expression: str, expected: Any) -> None:
    value = evaluate(expression, {"x": 3, "y": 4})
    assert value == (pytest.approx(expected) if isinstance(expected, float) else expected)
    assert isinstance(value, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("9**9**9", "a whole number would have more than 4,096 bits"),
        ("(2**4000) * (2**4000)", "a whole number would have more than 4,096 bits"),
        ("9.0**9**9", "a number is too large"),
        ("factorial(10**6)", "more than 4,096 bits"),
        ("comb(10**9, 10**8)", "more than 4,096 bits"),
        ("exp(1e6)", "a number is too large"),
        ("1e308 * 10", "the result is inf"),
        ("1 / 0", "division by zero"),
        ("5 % 0", "division by zero"),
        ("(-8) ** 0.5", "not a real number"),
        ("2 +", "this is no expression: invalid syntax, at character"),
        ("", "this is no expression"),
        ("z + 1", "'z' is not known"),
        ("foo(1)", "there is no function 'foo'"),
        ("sqrt(-1)", "it cannot be evaluated: math domain error"),
        ("log(10)", "it cannot be evaluated"),
        ("'a' * 1000", "this is no arithmetic: 'a'"),
        ("'a'", "this is no arithmetic: 'a'"),
        ("[1, 2]", "this is no arithmetic"),
        ("[x for x in (1, 2)]", "this is no arithmetic"),
        ("(1).__class__", "this is no arithmetic"),
        ("__import__('os')", "this is no arithmetic"),
        ("__import__(1)", "there is no function"),
        ("x := 5", "this is no expression"),
        ("lambda: 1", "this is no arithmetic"),
        ("1 << 10**9", "this is no arithmetic: 1 << 10"),
        ("f'{1:>9999999999}'", "this is no arithmetic"),
        ("round(1, -(10**9))", "too many digits"),
        ("1; 2", "this is no expression"),
        ("(" * 400 + "1" + ")" * 400, "expression"),
        ("1" * 1001, "longer than 1,000 characters"),
        ("-" * 900 + "1", "nested too deeply"),
    ],
)
def test_what_is_wrong_is_said(expression: str, message: str) -> None:
    with pytest.raises(ToolError) as caught:
        evaluate(expression, {})
    assert caught.value.message.startswith("calculator: ")
    assert message in caught.value.message


@given(st.text("0123456789.+-*/%^()!&|<>= xeE,sqrtpi", max_size=40))
def test_any_text_has_a_value_or_is_refused(expression: str) -> None:
    try:
        value = evaluate(expression, {"x": 2})
    except ToolError:
        return
    assert isinstance(value, (int, float, str))


def test_the_tool_takes_an_expression_and_numbers_by_name(tmp_path: Path) -> None:
    call = tool("calculator", tmp_path)
    assert call(expression="a * 2", variables={"a": 21}) == 42
    with pytest.raises(ToolError, match=r"variables\.a"):
        call(expression="a", variables={"a": "1"})
    with pytest.raises(ToolError, match="'expression' is missing"):
        call()
