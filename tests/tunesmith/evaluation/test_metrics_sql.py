"""Queries are right by what they give, and can neither write, hang nor fill memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.evaluation.metrics_sql import MOST_ROWS, sql_execution

DATABASE = """
CREATE TABLE shop (id INTEGER, town TEXT, sales REAL);
INSERT INTO shop VALUES (1, 'Ulm', 10.5), (2, 'Graz', 20.0), (3, 'Ulm', 0.1), (4, 'Bern', NULL);
"""
FOREVER = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "


def reference(query: str, database: str = DATABASE) -> str:
    return json.dumps({"sql": query, "database": database})


ULM = reference("SELECT id FROM shop WHERE town = 'Ulm'")


@pytest.mark.parametrize(
    "answer",
    [
        "SELECT id FROM shop WHERE town = 'Ulm'",
        "select id as number from shop where town like 'ulm' order by id desc;",
        "```sql\nSELECT id FROM shop WHERE town = 'Ulm';\n```",
        "SELECT 1.0 UNION SELECT 3",
        "WITH u AS (SELECT * FROM shop WHERE town = 'Ulm') SELECT id FROM u",
    ],
)
def test_a_query_that_gives_the_same_rows_is_right(answer: str) -> None:
    assert sql_execution(answer, ULM) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "SELECT id, town FROM shop WHERE town = 'Ulm'",
        "SELECT id FROM shop WHERE town = 'Ulm' UNION ALL SELECT 1",
        "SELECT '1' UNION SELECT '3'",
        "SELECT id FROM shops",
        "",
        "I would look for Ulm.",
        "SELECT id FROM shop WHERE town = 'Ulm'; DROP TABLE shop",
        "SELECT \0",
        "SELECT '\ud800'",
    ],
)
def test_any_other_query_is_wrong(answer: str) -> None:
    assert sql_execution(answer, ULM) == 0


@pytest.mark.parametrize(
    "answer",
    [
        "DELETE FROM shop",
        "UPDATE shop SET town = 'Ulm'",
        "PRAGMA query_only = OFF",
        "CREATE TABLE other (id)",
        "SELECT load_extension('x')",
        "VACUUM INTO '{folder}/copy.db'",
        "ATTACH '{folder}/other.db' AS other",
        FOREVER + "SELECT count(*) FROM n",
        FOREVER + "SELECT x FROM n",
        "SELECT randomblob(1000000000)",
        "SELECT replace(hex(zeroblob(400000)), '0', 'many')",
        "SELECT group_concat(a.town || b.town || c.town) FROM shop a, shop b, shop c, shop d, shop e, shop f",
    ],
)
def test_a_query_can_neither_write_nor_hang_nor_fill_memory(answer: str, tmp_path: Path) -> None:
    assert sql_execution(answer.replace("{folder}", str(tmp_path)), ULM) == 0
    assert list(tmp_path.iterdir()) == []


def test_order_counts_where_the_reference_orders_its_rows() -> None:
    ordered = reference("SELECT id FROM shop ORDER BY id")
    assert sql_execution("SELECT id FROM shop ORDER BY id DESC", ordered) == 0
    assert sql_execution("SELECT id FROM shop ORDER BY 1 ASC", ordered) == 1
    inside = reference("SELECT id FROM (SELECT id FROM shop ORDER BY sales) WHERE 'order by' <> ''")
    assert sql_execution("SELECT id FROM shop ORDER BY id DESC", inside) == 1


def test_sums_in_another_order_are_the_same_number() -> None:
    total = reference("SELECT sum(sales) FROM shop")
    assert sql_execution("SELECT 0.1 + 20.0 + 10.5", total) == 1
    assert sql_execution("SELECT 30.61", total) == 0


def test_null_is_null_and_nothing_else() -> None:
    assert sql_execution("SELECT NULL", reference("SELECT sales FROM shop WHERE id = 4")) == 1
    assert sql_execution("SELECT 0", reference("SELECT sales FROM shop WHERE id = 4")) == 0


@pytest.mark.parametrize(
    "broken",
    [
        "SELECT 1",
        '{"sql": "SELECT 1"}',
        reference("SELECT nothing FROM shop"),
        reference("SELECT 1", "CREATE TABLE"),
        reference("SELECT 1", "ATTACH 'other.db' AS other"),
        reference("SELECT 1", "CREATE TABLE t (x); " + FOREVER + "INSERT INTO t SELECT x FROM n"),
        reference(FOREVER + f"SELECT x FROM n LIMIT {MOST_ROWS + 1}"),
        reference("DELETE FROM shop"),
    ],
)
def test_a_reference_that_cannot_be_run_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match="reference"):
        sql_execution("SELECT 1", broken)


@settings(max_examples=50)
@given(st.text() | st.text(alphabet="SELECT *FROMshopid;'\"()-/\n", max_size=60))
def test_any_text_is_right_or_wrong(answer: str) -> None:
    assert sql_execution(answer, ULM) in (0, 1)
