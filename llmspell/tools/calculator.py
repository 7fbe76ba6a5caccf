"""`calculator`: arithmetic with whole numbers of any size a person means, and with floating-point ones.

simpleeval walks the expression; the operators that could make a number that is too large to hold are replaced by ones
that look first.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from llmspell.errors import ToolError
from llmspell.settings import ToolSettings
from llmspell.tools.aliases import as_calculator
from llmspell.tools.base import Arguments, Tool

MAX_EXPRESSION: Final = 1_000
"""Characters."""
MAX_BITS: Final = 4_096
"""Of a whole number, also on the way: some 1,200 digits."""
_INT64: Final = 2**63
_SPELLED: Final = ((r"\^", "**"), (r"&&", " and "), (r"\|\|", " or "), (r"!(?!=)", " not "), (r"[\r\n]+", " "))
"""How other calculators spell an operator, and how Python does."""


def calculator(_settings: ToolSettings, _base: Path) -> Tool:
    """Evaluates an expression."""

    async def plain(arguments: Arguments) -> Any:
        if "expression" not in arguments:
            raise _failed("the argument 'expression' is missing")
        return evaluate(arguments["expression"], arguments.get("variables", {}))

    async def run(arguments: Arguments) -> Any:
        if "operation" in arguments or "input" in arguments:  # rs-llmspell's tool has the same name
            try:
                return (await as_calculator(plain, arguments)).data()
            except ValueError as error:
                raise _failed(str(error)) from None
        return await plain(arguments)

    names = ", ".join(sorted(FUNCTIONS))
    return Tool(
        name="calculator",
        description="Evaluates an arithmetic expression, exactly where the numbers are whole. Operators: + - * / // % "
        f"^ (power), comparisons, `and`, `or`, `not`, `a if test else b`. Constants: pi, e, tau. Functions: {names}; "
        "log(x, base). Angles are in radians.",
        parameters={
            "type": "object",
            "properties": {
                "expression": {"type": "string", "description": "such as 2 * (3 + x) ^ 2"},
                "variables": {
                    "type": "object",
                    "description": "numbers by name",
                    "additionalProperties": {"type": ["number", "boolean"]},
                },
            },
        },
        run=run,
        pure=True,
    )


def evaluate(expression: str, variables: Mapping[str, Any]) -> int | float | bool | str:
    """The value; a whole number beyond 64 bits, which a script cannot hold, as its digits. Raises ToolError."""
    from simpleeval import FeatureNotAvailable, FunctionNotDefined, InvalidExpression, NameNotDefined, SimpleEval

    if len(expression) > MAX_EXPRESSION:
        raise _failed(f"the expression is longer than {MAX_EXPRESSION:,} characters")
    for pattern, spelling in _SPELLED:
        expression = re.sub(pattern, spelling, expression)
    evaluator = SimpleEval(operators=OPERATORS, functions=FUNCTIONS, names={**CONSTANTS, **variables})
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        _check(tree, expression.strip())
        value = evaluator.eval(expression, previously_parsed=tree.body)
    except NameNotDefined as error:
        raise _failed(f"'{error.name}' is not known", "give it in `variables`") from None
    except FunctionNotDefined as error:
        raise _failed(
            f"there is no function '{error.func_name}'", f"there are {', '.join(sorted(FUNCTIONS))}"
        ) from None
    except SyntaxError as error:
        raise _failed(f"this is no expression: {error.msg}, at character {error.offset or 1}") from None
    except ZeroDivisionError:
        raise _failed("division by zero") from None
    except OverflowError as error:
        raise _failed(str(error) if str(error) in _TOO_LARGE else _TOO_LARGE[0]) from None
    except (RecursionError, MemoryError):
        raise _failed("the expression is nested too deeply") from None
    except (FeatureNotAvailable, InvalidExpression, TypeError, ValueError, KeyError, AttributeError) as error:
        raise _failed(f"it cannot be evaluated: {error}") from None
    return _plain(value)


def _check(tree: ast.Expression, source: str) -> None:
    """Only arithmetic is evaluated. A text could be made as long as its format says, on this thread."""
    for node in ast.walk(tree.body):
        kind = type(node.op if isinstance(node, (ast.BinOp, ast.UnaryOp)) else node)
        known = isinstance(node.value, (int, float)) if isinstance(node, ast.Constant) else kind in ARITHMETIC
        if not known and isinstance(node, ast.expr):
            raise _failed(f"this is no arithmetic: {(ast.get_source_segment(source, node) or '')[:80]}")


def _plain(value: Any) -> int | float | bool | str:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else str(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, complex):
        raise _failed("the result is not a real number")
    raise _failed("the result is not a number" if not isinstance(value, float) else f"the result is {value}")


def _failed(message: str, hint: str = "") -> ToolError:
    return ToolError(f"calculator: {message}", hint=hint, details={"tool": "calculator"})


_TOO_LARGE: Final = (
    "a number is too large",
    f"a whole number would have more than {MAX_BITS:,} bits",
)


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 0


def _number(value: Any) -> Any:
    if not isinstance(value, (int, float)):
        raise TypeError("only numbers can be reckoned with")
    return value


def _bounded(apply: Callable[[Any, Any], Any], bits: Callable[[Any, Any], int]) -> Callable[[Any, Any], Any]:
    """The operator, refused where two whole numbers would give too large a one."""

    def checked(a: Any, b: Any) -> Any:
        whole = isinstance(_number(a), int) and isinstance(_number(b), int)
        if whole and bits(a, b) > MAX_BITS:
            raise OverflowError(_TOO_LARGE[1])
        return apply(a, b)

    return checked


def _power_bits(a: int, b: int) -> int:
    return _bits(a) * b if b > 0 and abs(a) > 1 else 1


def _no_bits(_a: int, _b: int) -> int:
    return 0


def _plus(a: Any, b: Any) -> Any:
    return _number(a) + _number(b)


def _factorial(n: int) -> int:
    if n > 500:
        raise OverflowError(_TOO_LARGE[1])
    return math.factorial(n)


def _choose(n: int, k: int) -> int:
    if n > MAX_BITS:
        raise OverflowError(_TOO_LARGE[1])
    return math.comb(n, k)


def _round(x: float, digits: int = 0) -> float:
    if abs(digits) > MAX_BITS:  # no number here has as many digits, and Python would reckon with 10 ** digits
        raise ValueError("round: too many digits")
    return round(x, digits) if digits else round(x)


OPERATORS: Final[Mapping[type[ast.AST], Callable[..., Any]]] = {
    ast.Add: _bounded(_plus, lambda a, b: max(_bits(a), _bits(b)) + 1),
    ast.Sub: _bounded(operator.sub, lambda a, b: max(_bits(a), _bits(b)) + 1),
    ast.Mult: _bounded(operator.mul, lambda a, b: _bits(a) + _bits(b) - 1),
    ast.Pow: _bounded(operator.pow, _power_bits),
    ast.Div: _bounded(operator.truediv, _no_bits),
    ast.FloorDiv: _bounded(operator.floordiv, _no_bits),
    ast.Mod: _bounded(operator.mod, _no_bits),
    ast.UAdd: lambda a: +_number(a),
    ast.USub: lambda a: -_number(a),
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
ARITHMETIC: Final = frozenset({*OPERATORS, ast.Call, ast.Name, ast.BoolOp, ast.Compare, ast.IfExp})
"""What an expression consists of, beside numbers."""
CONSTANTS: Final[Mapping[str, float | bool]] = {
    "pi": math.pi,
    "e": math.e,
    "tau": math.tau,
    "true": True,
    "false": False,
}
FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    **{name: getattr(math, name) for name in (
        "sqrt", "cbrt", "exp", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh",
        "tanh", "degrees", "radians", "hypot", "floor", "ceil", "trunc", "gcd",
    )},
    "ln": lambda x: math.log(x),
    "log": lambda x, base: math.log(x, base),
    "abs": abs,
    "min": min,
    "max": max,
    "round": _round,
    "factorial": _factorial,
    "comb": _choose,
    "pi": lambda: math.pi,
    "e": lambda: math.e,
}  # fmt: skip
"""Constants are functions too, as other calculators have them."""
