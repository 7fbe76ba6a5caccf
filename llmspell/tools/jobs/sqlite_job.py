"""One SQL statement on one database, by SQLite, with everything that leads out of that database taken away."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from llmspell.tools.jobs import Refused

MAX_BYTES: Final = 4 * 1024 * 1024
"""Of a result: more than a model reads, less than a message holds."""
_STEPS: Final = 10_000
_READABLE_PRAGMAS: Final = (
    "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list",
    "collation_list", "function_list", "user_version", "encoding", "page_count", "page_size", "data_version",
)  # fmt: skip
"""database_list is not among them: it tells where the file is on this machine. FTS5 asks for data_version."""
_REFUSED: Final = {
    sqlite3.SQLITE_ATTACH: "another database cannot be attached, which VACUUM does too",
    sqlite3.SQLITE_DETACH: "another database cannot be attached",
    sqlite3.SQLITE_TRANSACTION: "each call is a transaction of its own, and none spans two",
    sqlite3.SQLITE_SAVEPOINT: "each call is a transaction of its own, and none spans two",
}
_LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LENGTH: 64 * 1024 * 1024,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 100,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


def run(payload: Mapping[str, Any]) -> dict[str, Any]:
    """{folder, name, identity, max_size, sql, params, write, limit, seconds}: `folder` is an inherited descriptor,
    `identity` the device and inode that the database must have, None for one that is made."""
    path = f"/dev/fd/{payload['folder']}/{payload['name']}"
    mode = "ro" if not payload["write"] else "rw" if payload["identity"] else "rwc"
    refused: list[str] = []
    try:
        connection = sqlite3.connect(_uri(path, mode), uri=True, timeout=2, isolation_level=None)
        try:
            return _query(connection, path, payload, refused)
        finally:
            connection.close()
    except sqlite3.Warning as error:
        raise Refused(str(error)) from None
    except sqlite3.Error as error:
        raise Refused(refused[0] if refused else _told(error, payload)) from None


def _query(connection: sqlite3.Connection, path: str, payload: Mapping[str, Any], refused: list[str]) -> dict[str, Any]:
    _check_identity(path, payload["identity"])
    for limit, value in _LIMITS.items():
        connection.setlimit(limit, value)
    page = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {payload['max_size'] // page}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    if not payload["write"]:
        connection.execute("PRAGMA query_only = ON")
    connection.text_factory = _text
    connection.set_authorizer(lambda *what: _authorized(what, refused))
    end = time.monotonic() + payload["seconds"]
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    cursor = connection.execute(payload["sql"], payload["params"])
    if cursor.description is None:
        return {"changed": max(cursor.rowcount, 0), "last_id": cursor.lastrowid}
    columns = _unique([column[0] for column in cursor.description])
    rows: list[dict[str, Any]] = []
    size = 0
    for row in cursor:
        size += sum(len(value) if isinstance(value, (str, bytes)) else 8 for value in row)
        if len(rows) == payload["limit"] or size > MAX_BYTES:
            return {"columns": columns, "rows": rows, "truncated": True}
        rows.append(dict(zip(columns, row, strict=True)))
    changed = {"changed": cursor.rowcount} if cursor.rowcount >= 0 else {}
    return {"columns": columns, "rows": rows, "truncated": False, **changed}


def _authorized(what: tuple[Any, ...], refused: list[str]) -> int:
    action, first, second = what[0], what[1], what[2]
    reason = _REFUSED.get(action, "")
    if action == sqlite3.SQLITE_PRAGMA and (str(first).lower() not in _READABLE_PRAGMAS):
        reason = f"PRAGMA {first} is not permitted"
    elif action == sqlite3.SQLITE_FUNCTION and str(second).lower() in ("load_extension", "fts3_tokenizer"):
        reason = f"{second} is not permitted"
    if reason:
        refused.append(reason)
    return sqlite3.SQLITE_DENY if reason else sqlite3.SQLITE_OK


def _text(data: bytes) -> str | bytes:
    """Databases hold texts that are none, in older encodings: those come as bytes."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _uri(path: str, mode: str) -> str:
    return f"file:{quote(path)}?mode={mode}"


def _check_identity(path: str, identity: list[int] | None) -> None:
    """What was opened by its name is still the file that was granted."""
    status = os.stat(path, follow_symlinks=False)
    if identity is not None and [status.st_dev, status.st_ino] != identity:
        raise Refused("the database was replaced while it was being opened")


def _told(error: sqlite3.Error, payload: Mapping[str, Any]) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_INTERRUPT:
        return f"the statement took longer than {payload['seconds']:g} seconds, and was stopped"
    if code is not None and code & 0xFF == sqlite3.SQLITE_READONLY:
        return 'the database is granted for reading only; `mode = "write"` in `roots` would grant more'
    if code is not None and code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return "the database would become too large; `max_write_size` under [tools.sqlite] says how much it may grow"
    if code is not None and code & 0xFF == sqlite3.SQLITE_NOTADB:
        return "the file is not an SQLite database"
    return str(error)


def _unique(names: list[str]) -> list[str]:
    """Two columns of one name would be one key."""
    found: dict[str, None] = {}
    counts: dict[str, int] = {}
    for name in names:
        unique = name
        while unique in found:
            counts[name] = counts.get(name, 1) + 1
            unique = f"{name}_{counts[name]}"
        found[unique] = None
    return list(found)
