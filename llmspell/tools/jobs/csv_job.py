"""One look at a CSV text: which rows, which columns, in which order, or counted and summed by group."""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from llmspell.tools.jobs import Refused

Row = dict[str, str]
MAX_COLUMNS: Final = 1_000
_SNIFFED: Final = ",;\t|"

COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "contains": lambda a, b: str(b) in str(a),
}
AGGREGATES: Final[Mapping[str, Callable[[Sequence[float]], float | None]]] = {
    "sum": math.fsum,
    "mean": lambda numbers: statistics.fmean(numbers) if numbers else None,
    "median": lambda numbers: statistics.median(numbers) if numbers else None,
    "min": lambda numbers: min(numbers, default=None),
    "max": lambda numbers: max(numbers, default=None),
    "stdev": lambda numbers: statistics.stdev(numbers) if len(numbers) > 1 else None,
}


def run(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the tool, with `text` and every default."""
    columns, rows = _read(payload["text"], payload.get("delimiter"), header=payload["header"])
    for test in payload["where"]:
        _known(columns, test["column"])
        compare, wanted = COMPARE[test["op"]], test["value"]
        rows = [row for row in rows if _holds(compare, row[test["column"]], wanted)]
    if payload["describe"]:
        return {"columns": [_described(name, [row[name] for row in rows]) for name in columns], "rows": len(rows)}
    if payload["group_by"] or payload["aggregate"]:
        columns, found = _grouped(columns, rows, payload["group_by"], payload["aggregate"])
    else:
        found = [dict(row) for row in rows]
    if payload.get("order_by"):
        _known(columns, payload["order_by"])
        found.sort(key=lambda row: _order(row[payload["order_by"]]), reverse=payload["descending"])
    if payload.get("columns"):
        _known(columns, *payload["columns"])
        columns = payload["columns"]
        found = [{name: row[name] for name in columns} for row in found]
    first, last = payload["offset"], payload["offset"] + payload["limit"]
    return {"columns": columns, "rows": found[first:last], "total": len(found), "truncated": last < len(found)}


def _read(text: str, delimiter: str | None, *, header: bool) -> tuple[list[str], list[Row]]:
    text = text.removeprefix("\ufeff")
    if delimiter is None:
        line = text.partition("\n")[0]
        delimiter = max(_SNIFFED, key=line.count) if any(char in line for char in _SNIFFED) else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    columns: list[str] = []
    try:
        for cells in reader:
            if not cells:
                continue
            if not columns:
                columns = _names(cells) if header else [f"column_{n}" for n in range(1, len(cells) + 1)]
                if header:
                    continue
            if len(cells) > len(columns):
                raise Refused(f"line {reader.line_num} has {len(cells)} values, and there are {len(columns)} columns")
            rows.append({name: cells[at] if at < len(cells) else "" for at, name in enumerate(columns)})
    except csv.Error as error:
        raise Refused(f"line {reader.line_num}: {error}") from None
    return columns, rows


def _names(cells: list[str]) -> list[str]:
    names = [cell.strip() or f"column_{at}" for at, cell in enumerate(cells, 1)]
    if len(names) > MAX_COLUMNS:
        raise Refused(f"more than {MAX_COLUMNS:,} columns")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Refused(f"two columns are called '{twice[:100]}'; read it with header = false")
    return names


def _known(columns: list[str], *wanted: str) -> None:
    for name in wanted:
        if name not in columns:
            raise Refused(f"there is no column '{name[:100]}'; there are {', '.join(columns[:20])}")


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _holds(compare: Callable[[Any, Any], bool], cell: str, wanted: Any) -> bool:
    """Numbers are compared where both are numbers, else texts."""
    left, right = _number(cell), _number(wanted)
    if compare is not COMPARE["contains"] and left is not None and right is not None:
        return compare(left, right)
    return compare(cell, wanted if isinstance(wanted, str) else _text(wanted))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _order(value: Any) -> tuple[bool, float, str]:
    number = _number(value)
    return (number is None, 0.0 if number is None else number, "" if number is not None else str(value))


def _grouped(
    columns: list[str], rows: list[Row], by: list[str], wanted: list[Mapping[str, str]]
) -> tuple[list[str], list[dict[str, Any]]]:
    _known(columns, *by, *(item["column"] for item in wanted))
    groups: dict[tuple[str, ...], list[Row]] = {} if by else {(): []}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in by), []).append(row)
    names = [f"{item['function']}_{item['column']}" for item in wanted]
    found = []
    for key, members in groups.items():
        values = {
            name: _aggregate(item, [number for row in members if (number := _number(row[item["column"]])) is not None])
            for name, item in zip(names, wanted, strict=True)
        }
        found.append({**dict(zip(by, key, strict=True)), "count": len(members), **values})
    return [*by, "count", *names], found


def _aggregate(item: Mapping[str, str], numbers: list[float]) -> Any:
    return _figure(item["function"], numbers)


def _figure(function: str, numbers: list[float]) -> Any:
    """None where the numbers have no such figure, or one that is too large for a number."""
    try:
        figure = AGGREGATES[function](numbers)
    except OverflowError:
        return None
    return None if figure is None or not math.isfinite(figure) else _plain(figure)


def _plain(number: float) -> Any:
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _described(name: str, cells: list[str]) -> dict[str, Any]:
    filled = [cell for cell in cells if cell.strip()]
    numbers = [number for cell in filled if (number := _number(cell)) is not None]
    said = {"name": name, "empty": len(cells) - len(filled), "distinct": len(set(filled))}
    if filled and len(numbers) == len(filled):
        whole = all(number.is_integer() for number in numbers)
        figures = {key: _figure(key, numbers) for key in ("min", "max", "mean", "median", "stdev", "sum")}
        return {**said, "type": "integer" if whole else "number", **figures}
    return {**said, "type": "string", "examples": list(dict.fromkeys(filled))[:5]}
