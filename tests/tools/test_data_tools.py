"""json_query, json_validate and csv: what they find, what they refuse, and that nothing runs for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import DeniedError, InvalidArgument, ToolError
from llmspell.settings import FileRoot
from tests.tools.files import tool

SALES = "region,amount\nnorth,10\nsouth,7\nnorth,5\nsouth,x\n"


def asked(folder: Path, query: str, **given: Any) -> Any:
    return tool("json_query", folder)(query=query, **given)


@pytest.mark.parametrize(
    ("query", "given", "results"),
    [
        (".users[] | .name", {"data": {"users": [{"name": "a"}, {"name": "b"}]}}, ["a", "b"]),
        ("map(.n) | add", {"text": '[{"n": 1}, {"n": 2.5}]'}, [3.5]),
        (".", {"text": "1 2\n3"}, [1, 2, 3]),
        (".x == null", {"data": {}}, [True]),
        ("$n + .", {"data": 1, "variables": {"n": 41}}, [42]),
        ("empty", {"data": 1}, []),
        ("[limit(3; repeat(1))]", {"data": 1}, [[1, 1, 1]]),
    ],
)
def test_a_jq_program_gives_its_results(tmp_path: Path, query: str, given: Any, results: list[Any]) -> None:
    assert asked(tmp_path, query, **given) == {"results": results}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (".[", "syntax error"),
        ("1 | error(\"mine\")", "mine"),
        (".a.b", "Cannot index"),
        ("def f: f; f", "was stopped|more time or memory"),
        ("[range(1e10)]", "was stopped|more time or memory"),
        ("import \"x\" as $x; $x", "cannot import"),
        (" # c\n  include \"x\"; 1", "cannot import"),
    ],
)  # fmt: skip
def test_a_program_that_cannot_be_run_is_refused(tmp_path: Path, query: str, message: str) -> None:
    with pytest.raises(ToolError, match=message) as caught:
        asked(tmp_path, query, data={"a": 1})
    assert caught.value.message.startswith("json_query: ")


def test_a_program_sees_neither_files_nor_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMSPELL_SECRET", "key")
    (tmp_path / "x.json").write_text('"secret"')
    seen = asked(tmp_path, "[env, $ENV] | tostring", data=1)["results"][0]
    assert "key" not in seen
    assert "PATH" not in seen
    with pytest.raises(ToolError):
        asked(tmp_path, f'1 as $a | import "x" as $x {{search: "{tmp_path}"}}; $x', data=1)


def test_too_many_results_are_cut(tmp_path: Path) -> None:
    answer = asked(tmp_path, "range(20000)", data=1)
    assert (len(answer["results"]), answer["truncated"]) == (10_000, True)


def test_data_and_text_exclude_each_other(tmp_path: Path) -> None:
    for given in ({}, {"data": 1, "text": "1"}):
        with pytest.raises(ToolError, match="give either"):
            asked(tmp_path, ".", **given)


def test_a_value_is_checked_against_a_schema(tmp_path: Path) -> None:
    check = tool("json_validate", tmp_path)
    schema = {"type": "object", "properties": {"n": {"minimum": 1}}, "required": ["n"]}
    assert check(data={"n": 1}, schema=schema) == {"valid": True, "problems": []}
    assert check(text='{"n": 0}', schema=schema)["problems"] == ["$.n: 0 is less than the minimum of 1"]
    with pytest.raises(ToolError, match="is not JSON"):
        check(text="{", schema=schema)
    with pytest.raises(InvalidArgument, match="this is not a JSON Schema"):
        check(data=1, schema={"type": "nonsense"})


@pytest.mark.parametrize(
    ("asks", "rows"),
    [
        ({"limit": 1}, [{"region": "north", "amount": "10"}]),
        ({"where": [{"column": "amount", "op": ">", "value": 6}]}, [{"region": "north", "amount": "10"},
            {"region": "south", "amount": "7"}, {"region": "south", "amount": "x"}]),
        ({"where": [{"column": "region", "op": "==", "value": "south"}], "columns": ["amount"]},
            [{"amount": "7"}, {"amount": "x"}]),
        ({"where": [{"column": "region", "op": "contains", "value": "nor"}], "offset": 1},
            [{"region": "north", "amount": "5"}]),
        ({"order_by": "amount", "columns": ["amount"]},
            [{"amount": "5"}, {"amount": "7"}, {"amount": "10"}, {"amount": "x"}]),
        ({"group_by": ["region"], "aggregate": [{"column": "amount", "function": "sum"}]},
            [{"region": "north", "count": 2, "sum_amount": 15}, {"region": "south", "count": 2, "sum_amount": 7}]),
        ({"aggregate": [{"column": "amount", "function": "mean"}, {"column": "amount", "function": "max"}]},
            [{"count": 4, "mean_amount": 22 / 3, "max_amount": 10}]),
    ],
)  # fmt: skip
def test_rows_are_filtered_grouped_and_sorted(tmp_path: Path, asks: dict[str, Any], rows: list[Any]) -> None:
    assert tool("csv", tmp_path)(text=SALES, **asks)["rows"] == rows


def test_how_much_there_is_and_what_was_left_out_is_said(tmp_path: Path) -> None:
    answer = tool("csv", tmp_path)(text=SALES, limit=3)
    assert (answer["columns"], answer["total"], answer["truncated"]) == (["region", "amount"], 4, True)


def test_columns_are_described(tmp_path: Path) -> None:
    said = tool("csv", tmp_path)(text="a;b\n1;x\n3;\n", describe=True)
    assert said["rows"] == 2
    first, second = said["columns"]
    assert (first["type"], first["min"], first["max"], first["mean"]) == ("integer", 1, 3, 2)
    assert second == {"name": "b", "type": "string", "empty": 1, "distinct": 1, "examples": ["x"]}


def test_a_figure_that_is_too_large_is_none(tmp_path: Path) -> None:
    (column,) = tool("csv", tmp_path)(text="a\n1e308\n1e308\n", describe=True)["columns"]
    assert (column["sum"], column["mean"], column["median"], column["max"]) == (None, None, None, 1e308)


def test_quotes_line_ends_and_marks_of_files_are_understood(tmp_path: Path) -> None:
    call = tool("csv", tmp_path)
    assert call(text='\ufeffa,b\r\n"x, y","l1\nl2"\r\n')["rows"] == [{"a": "x, y", "b": "l1\nl2"}]
    assert call(text="1\t2\n", header=False)["rows"] == [{"column_1": "1", "column_2": "2"}]
    assert call(text="")["rows"] == []


@pytest.mark.parametrize(
    ("asks", "message"),
    [
        ({"text": "a,b\n1,2,3\n"}, "line 2 has 3 values"),
        ({"text": "a,a\n1,2\n"}, "two columns are called 'a'"),
        ({"text": SALES, "columns": ["c"]}, "there is no column 'c'; there are region, amount"),
        ({"text": 'a\n"x'}, "line 2: unexpected end of data"),
        ({}, "give either"),
        ({"text": SALES, "where": [{"column": "a", "op": "~", "value": 1}]}, "where"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path: Path, asks: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolError, match=message):
        tool("csv", tmp_path)(**asks)


def test_a_table_is_read_from_a_granted_folder_only(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text(SALES)
    (tmp_path / "b.csv").write_text(SALES)
    assert tool("csv", tmp_path, FileRoot(path="data"))(path="a.csv")["total"] == 4
    for path in ("../b.csv", "/etc/passwd"):
        with pytest.raises(DeniedError):
            tool("csv", tmp_path, FileRoot(path="data"))(path=path)
    with pytest.raises(DeniedError, match="no folder is granted"):
        tool("csv", tmp_path)(path="a.csv")
