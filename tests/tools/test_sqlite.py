"""sqlite: what a statement gives, and that it gets at no other file, changes nothing it may not, and ends."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import DeniedError, ToolError
from llmspell.settings import FileRoot
from tests.tools.files import tool

FOREVER = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT {} FROM c"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    with sqlite3.connect(tmp_path / "data" / "a.db") as database:
        database.execute("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, photo BLOB)")
        database.execute("INSERT INTO people(name, photo) VALUES ('ann', x'ff00'), ('bob', NULL)")
    database.close()
    (tmp_path / "other.db").write_bytes((tmp_path / "data" / "a.db").read_bytes())
    return tmp_path


def query(base: Path, sql: str, *, mode: Any = "read", path: str = "a.db", ms: int = 2_000, **given: Any) -> Any:
    root = FileRoot(path="data", mode=mode)
    return tool("sqlite", base, root, timeout_ms=ms, max_write_bytes=1_000_000)(path=path, sql=sql, **given)


def test_rows_come_as_tables_with_the_types_of_their_values(base: Path) -> None:
    answer = query(base, "SELECT *, 1.5 AS n FROM people WHERE name = ?", params=["ann"])
    row = {"id": 1, "name": "ann", "photo": b"\xff\x00", "n": 1.5}
    assert answer == {"columns": ["id", "name", "photo", "n"], "rows": [row], "truncated": False}
    assert query(base, "SELECT count(*) AS c FROM people WHERE id > :least", params={"least": 1})["rows"] == [{"c": 1}]
    assert query(base, "SELECT 1 AS a, 2 AS a")["rows"] == [{"a": 1, "a_2": 2}]
    assert query(base, "PRAGMA table_info(people)")["rows"][0]["name"] == "id"


def test_texts_that_are_none_come_as_bytes_and_many_columns_of_one_name_apart(base: Path) -> None:
    assert query(base, "SELECT CAST(x'ff' AS TEXT) AS t")["rows"] == [{"t": b"\xff"}]
    assert query(base, "SELECT " + ",".join(["1"] * 1990))["columns"][-1] == "1_1990"


def test_a_full_text_index_can_be_made_and_asked(base: Path) -> None:
    query(base, "CREATE VIRTUAL TABLE words USING fts5(text)", mode="write")
    query(base, "INSERT INTO words VALUES ('hello world')", mode="write")
    assert query(base, "SELECT text FROM words('world')")["rows"] == [{"text": "hello world"}]


def test_rows_are_bounded_by_their_number_and_by_their_size(base: Path) -> None:
    answer = query(base, FOREVER.format("x"), limit=2)
    assert (answer["rows"], answer["truncated"]) == ([{"x": 1}, {"x": 2}], True)
    answer = query(base, FOREVER.format("hex(zeroblob(500000))"))
    assert (len(answer["rows"]) <= 5, answer["truncated"]) == (True, True)


def test_what_is_granted_for_writing_is_changed_and_kept(base: Path) -> None:
    added = query(base, "INSERT INTO people(name) VALUES ('cat')", mode="write")
    assert added == {"changed": 1, "last_id": 3}
    assert query(base, "SELECT count(*) AS c FROM people")["rows"] == [{"c": 3}]
    assert query(base, "DELETE FROM people WHERE id < 3 RETURNING id", mode="write")["rows"] == [{"id": 1}, {"id": 2}]


def test_a_database_is_made_where_writing_is_granted(base: Path) -> None:
    query(base, "CREATE TABLE t(x)", mode="write", path="new.db")
    assert (base / "data" / "new.db").exists()
    with pytest.raises(ToolError, match="there is no 'none\\.db'"):
        query(base, "CREATE TABLE t(x)", path="none.db")


@pytest.mark.parametrize("sql", ["INSERT INTO people(name) VALUES ('x')", "DROP TABLE people", "CREATE TABLE t(x)"])
def test_what_is_granted_for_reading_is_not_changed(base: Path, sql: str) -> None:
    before = (base / "data" / "a.db").read_bytes()
    with pytest.raises(ToolError, match="granted for reading only"):
        query(base, sql)
    assert (base / "data" / "a.db").read_bytes() == before
    assert sorted(path.name for path in (base / "data").iterdir()) == ["a.db"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("ATTACH '{0}/other.db' AS o", "cannot be attached"),
        ("ATTACH ':memory:' AS o", "cannot be attached"),
        ("VACUUM INTO '{0}/stolen.db'", "cannot be attached"),
        ("BEGIN", "a transaction of its own"),
        ("SAVEPOINT a", "a transaction of its own"),
        ("PRAGMA database_list", "PRAGMA database_list is not permitted"),
        ("SELECT file FROM pragma_database_list", "PRAGMA database_list is not permitted"),
        ("DETACH main", "cannot be attached"),
        ("SELECT load_extension('{0}/x.so')", "load_extension is not permitted"),
        ("SELECT fts3_tokenizer('simple', x'00')", "fts3_tokenizer is not permitted|no such function"),
        ("PRAGMA journal_mode = WAL", "PRAGMA journal_mode is not permitted"),
        ("PRAGMA writable_schema = 1", "PRAGMA writable_schema is not permitted"),
        ("PRAGMA temp_store_directory = '{0}'", "PRAGMA temp_store_directory is not permitted"),
        ("PRAGMA query_only = OFF", "PRAGMA query_only is not permitted"),
        ("SELECT readfile('/etc/passwd')", "no such function"),
        ("SELECT writefile('{0}/x', 'x')", "no such function"),
        ("SELECT zeroblob(1000000000)", "too big"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("SELEC", "syntax error"),
        ("SELECT ?", "Incorrect number of bindings"),
        ("SELECT " + "(" * 1000 + "1" + ")" * 1000, "overflow|too large|depth"),
    ],
)
def test_a_statement_that_leads_out_is_refused(base: Path, sql: str, message: str) -> None:
    for mode in ("read", "write"):
        with pytest.raises(ToolError, match=message):
            query(base, sql.replace("{0}", str(base)), mode=mode)
    assert not (base / "stolen.db").exists()


def test_a_statement_that_does_not_end_is_stopped(base: Path) -> None:
    with pytest.raises(ToolError, match=r"took longer than 0\.5 seconds"):
        query(base, FOREVER.format("count(*)"), ms=500)


def test_a_database_grows_as_far_as_the_manifest_says(base: Path) -> None:
    fill = FOREVER.format("zeroblob(10000)") + " LIMIT 1000"
    query(base, "CREATE TABLE t(x)", mode="write")
    with pytest.raises(ToolError, match="would become too large"):
        query(base, f"INSERT INTO t {fill}", mode="write")
    assert query(base, "SELECT count(*) AS c FROM t")["rows"] == [{"c": 0}]


def test_no_path_leads_to_another_file(base: Path) -> None:
    (base / "data" / "link.db").symlink_to(base / "other.db")
    (base / "data" / "text.db").write_text("no database at all, but long enough to be looked at as one. " * 20)
    for path in ("../other.db", str(base / "other.db"), "link.db", "a.db\0", "file:a.db?mode=rwc"):
        with pytest.raises((DeniedError, ToolError)):
            query(base, "SELECT 1", path=path)
    with pytest.raises(ToolError, match="not an SQLite database"):
        query(base, "SELECT * FROM sqlite_schema", path="text.db")
    with pytest.raises(ToolError, match="not a regular file"):
        query(base, "SELECT 1", path=".")
    with pytest.raises(DeniedError, match="no folder is granted"):
        tool("sqlite", base)(path="a.db", sql="SELECT 1")


def test_a_name_with_signs_of_addresses_is_just_a_name(base: Path) -> None:
    query(base, "CREATE TABLE t(x)", mode="write", path="a?mode=ro#%41.db")
    assert (base / "data" / "a?mode=ro#%41.db").exists()
