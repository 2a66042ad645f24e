"""Does a query answer what the reference query answers? Both run on SQLite, in memory and bounded."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any, Final

MOST_STEPS: Final = 20_000_000
"""Of SQLite's virtual machine, some two seconds: a bound in steps gives the same score on any machine."""
MOST_ROWS: Final = 10_000
MOST_BYTES: Final = 1_000_000
"""Of any one text, query or row, so that no single function call runs long or fills memory."""
SIGNIFICANT_DIGITS: Final = 9

_STEPS_BETWEEN_LOOKS: Final = 10_000
_FENCED: Final = re.compile(r"\s*```(?:\w+)?[ \t]*\n(.*?)\n?\s*```\s*", re.DOTALL)
_NO_QUERY: Final = re.compile(r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", re.DOTALL)
_ORDER: Final = re.compile(r"\border\s+by\b", re.IGNORECASE)
_ALLOWED: Final = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
_FAILED: Final = (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError)
"""What a query can fail with: Python's own errors are for NULs, lone surrogates and texts beyond 2 GB."""

Rows = list[tuple[Any, ...]]


def sql_execution(answer: str, reference: str) -> int:
    """Score 1 where the answer's query gives the rows of the reference's, else 0.

    The reference is JSON: `{"sql": query, "database": statements that make tables and rows}`. Rows must stand
    in the same order where the reference orders them; columns' names do not count; numbers agree in nine
    digits. A query may only read, takes MOST_STEPS and gives MOST_ROWS at most. Raises ValueError where the
    reference itself cannot be run.
    """
    query, database = _reference(reference)
    fenced = _FENCED.fullmatch(answer)
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            _bound(connection)
            connection.executescript(database)
            connection.execute("PRAGMA query_only = ON")
            connection.set_authorizer(_only_reading)
            expected = _rows(connection, query)
        except _FAILED as error:
            raise ValueError(f"the reference cannot be run: {error}") from error
        try:
            answered = _rows(connection, fenced[1] if fenced else answer)
        except _FAILED:
            return 0
    if _is_ordered(query):
        return int(answered == expected)
    return int(Counter(answered) == Counter(expected))


def _reference(text: str) -> tuple[str, str]:
    try:
        value = json.loads(text)
        return str(value["sql"]), str(value["database"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError('a reference for SQL is JSON: {"sql": query, "database": statements}') from error


def _bound(connection: sqlite3.Connection) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, MOST_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)  # no other file is opened or written
    _count_steps(connection)


def _only_reading(action: int, *names: str | None) -> int:
    if action not in _ALLOWED or "load_extension" in names:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _rows(connection: sqlite3.Connection, query: str) -> Rows:
    _count_steps(connection)
    rows = connection.execute(query).fetchmany(MOST_ROWS + 1)
    if len(rows) > MOST_ROWS:
        raise ValueError(f"more than {MOST_ROWS:,} rows")
    return [tuple(map(_value, row)) for row in rows]


def _count_steps(connection: sqlite3.Connection) -> None:
    """Give the connection its steps anew; a statement that takes more of them is interrupted."""
    looks = 0

    def too_long() -> bool:
        nonlocal looks
        looks += 1
        return looks * _STEPS_BETWEEN_LOOKS > MOST_STEPS

    connection.set_progress_handler(too_long, _STEPS_BETWEEN_LOOKS)


def _value(value: Any) -> Any:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if isinstance(value, float) else value


def _is_ordered(query: str) -> bool:
    """Tell whether the outermost query orders its rows."""
    outer, depth = [], 0
    for character in _NO_QUERY.sub(" ", query):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            outer.append(character)
    return _ORDER.search("".join(outer)) is not None
