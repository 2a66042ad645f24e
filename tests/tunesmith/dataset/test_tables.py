"""Rows of a CSV file are records; whatever a table holds, its check ends in a report with the right lines."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tunesmith.dataset.converse import lines, pair
from tests.tunesmith.dataset.prepared import prepared_from
from tunesmith.catalogue import find_model
from tunesmith.dataset import CheckedFile, check_file
from tunesmith.dataset.rules import MAX_LINE_BYTES

MICRO = find_model("nova-micro")
ASKED = {"prompt": "question", "completion": "answer"}


def check(data: bytes | str, *, piece: int = 1 << 20, file: str = "train.csv", **options: Any) -> CheckedFile:
    raw = data.encode() if isinstance(data, str) else data
    pieces = (raw[start : start + piece] for start in range(0, len(raw), piece))
    return check_file(pieces, MICRO, file=file, **options)


def rules(checked: CheckedFile) -> list[str]:
    return [problem.rule for problem in checked.problems]


def contents(checked: CheckedFile) -> set[bytes]:
    return {record.line for record in checked.records}


WANTED = contents(check(lines(pair("Where?", "Here"), pair("Who, me?", 'He said "no"\nand left'))))
TABLE = 'prompt,completion\nWhere?,Here\n"Who, me?","He said ""no""\nand left"\n'


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("data", "file"),
    [
        (TABLE.encode(), "train.csv"),
        (gzip.compress(TABLE.encode()), "a/TRAIN.CSV.GZ"),
        (gzip.compress(TABLE.encode()), "train.csv"),
        (TABLE.encode().removesuffix(b"\n"), "train.csv"),
        (b"\n\n" + TABLE.encode() + b"\n", "train.csv"),
        (b"completion,id,prompt\r\nHere,1,Where?\r\n" + b'"He said ""no""\nand left",2,"Who, me?"', "t.csv"),
        (b'" prompt","completion "' + TABLE.encode().removeprefix(b"prompt,completion"), "train.csv"),
        (b'"The\nid",' + TABLE.replace("\nWh", "\n,Wh").replace('\n"', '\n,"').encode(), "train.csv"),
    ],
    ids=["plain", "gzip", "gzip by content", "no last line end", "blank", "CRLF", "spaces", "broken head"],
)
def test_a_row_is_the_record_of_its_named_columns(data: bytes, file: str, piece: int) -> None:
    checked = check(data, file=file, piece=piece)
    assert contents(checked) == WANTED
    assert (checked.read, checked.rejected, {*checked.by_rule} - {"TS001"}) == (2, 0, set())


def test_the_job_file_says_which_column_is_what() -> None:
    told = TABLE.replace("prompt,completion", "question,answer")
    assert contents(check(told, columns=ASKED)) == WANTED
    # One that it does not name is looked for under its own name.
    half = TABLE.replace("completion", "answer")
    assert contents(check(half, columns={"completion": "answer"})) == WANTED


@pytest.mark.parametrize("columns", [{}, {"system": "rules"}])
def test_a_column_of_system_texts_may_be_empty_in_a_row(columns: dict[str, str]) -> None:
    name = columns.get("system", "system")
    checked = check(f"{name},prompt,completion\nBe kind.,a,b\n,c,d\n", columns=columns)
    assert contents(checked) == contents(check(lines(pair("a", "b", system="Be kind."), pair("c", "d"))))


@pytest.mark.parametrize(
    ("group_key", "columns"), [("meta.customer", {}), ("customer", {"customer": "meta.customer"})]
)
def test_a_column_is_the_group_key(group_key: str, columns: dict[str, str]) -> None:
    table = "prompt,completion,meta.customer\na,b,acme\nc,d,acme\ne,f,\n"
    checked = check(table, group_key=group_key, columns=columns)
    record = {"prompt": "x", "completion": "y", "meta": {"customer": "acme"}}
    [like] = check(lines(record), group_key="meta.customer").records
    assert [record.group for record in checked.records] == [like.group, like.group]
    assert [(problem.line, problem.rule) for problem in checked.problems] == [(4, "TS025")]


def test_lines_and_offsets_are_those_of_the_line_that_a_row_begins_in() -> None:
    start = 'prompt,completion\r\n"two\r\nlines","an\n\n\nswer"\r\n'
    bad = '"",b\r\n'
    ragged = "a,b,c\r\n"
    checked = check(f"{start}{bad}{ragged}ü,\r\n")
    assert [(each.line, each.offset, each.rule) for each in checked.problems] == [
        (7, len(start), "TS018"),
        (8, len(start + bad), "TS040"),
        (9, len(start + bad + ragged), "TS018"),
    ]
    assert checked.problems[1].excerpt == "a,b,c"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from([1, 5, 1 << 20]),
)
def test_what_the_library_writes_is_read_with_the_lines_where_it_wrote_it(
    rows: list[tuple[str, str]], separator: str, quoting: Any, piece: int
) -> None:
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=separator, quoting=quoting)
    writer.writerow(["prompt", "completion"])
    places = []
    for row in rows:
        places.append(target.getvalue().count("\n") + 1)
        writer.writerow(row)
    raw = target.getvalue().encode("utf-8", "surrogatepass")
    checked = check(raw, piece=piece)
    wanted = [{"prompt": prompt, "completion": completion} for prompt, completion in rows]
    as_json = check(b"".join(json.dumps(record).encode() + b"\n" for record in wanted), file="t.jsonl")
    assert {*checked.records} == {*as_json.records}
    broken = {problem.line for problem in as_json.problems}
    told = {problem.line for problem in checked.problems if problem.rule != "TS043"}
    assert told == {place for number, place in enumerate(places, 1) if number in broken}


# --- what is wrong with a table


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (b"prompt,completion\na\nb,c\n", [(2, "TS040")]),
        (b"prompt,completion\na,b,c\nb,c\n", [(2, "TS040")]),
        (b"prompt,completion\na\xff,b\nb,c\n", [(2, "TS003")]),
        (b'prompt,completion\n"a\n\xff",b\nb,c\n', [(2, "TS003")]),
        (b'prompt,completion\n"a"x,b\nb,c\n', [(2, "TS044")]),
        (b"prompt,completion\na\0,b\nb,c\n", [(2, "TS022")]),
        (b"prompt,completion\na\rb,c\nb,c\n", [(2, "TS044")]),
        (b"\xef\xbb\xbfprompt,completion\nb,c\n", [(1, "TS002")]),
        (b'\xef\xbb\xbf"prompt","completion"\nb,c\n', [(1, "TS002")]),
        (b"prompt;completion\nb;c\n", [(1, "TS043")]),
        (b"prompt\tcompletion\nb\tc\n", [(1, "TS043")]),
        (b"prompt,completion\n" + b"x" * (MAX_LINE_BYTES + 1) + b",a\nb,c\n", [(2, "TS007")]),
    ],
)
@pytest.mark.parametrize("piece", [3, 1 << 20])
def test_a_bad_row_is_one_problem_and_the_rows_around_it_are_records(
    table: bytes, found: list[tuple[int, str]], piece: int
) -> None:
    checked = check(table, piece=piece if len(table) < MAX_LINE_BYTES else 1 << 20)
    assert [(problem.line, problem.rule) for problem in checked.problems] == found
    assert contents(checked) == contents(check(lines(pair("b", "c"))))
    assert checked.stopped == ""


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            b"question,answer\na,b\n",
            "The header has no column 'prompt', 'completion'; it has 'question', 'answer'.",
        ),
        (b"promt,completion\na,b\n", "no column 'prompt' (did you mean 'promt'?)"),
        (b"prompt,prompt,completion\na,b,c\n", "the column 'prompt' twice"),
        (b"a card of 4111 1111 1111 1111,b\n", "it has 'a card of [payment card]', 'b'"),
        (b"prompt|completion\na|b\n", "it has 'prompt|completion'"),
        (b"hello\n" * 100, "it has 'hello'"),
        (b"\0" * 1000, "The header has no column"),
    ],
)
def test_a_header_without_the_columns_ends_the_file(table: bytes, said: str) -> None:
    checked = check(table)
    assert rules(checked) == ["TS041"]
    assert said in checked.stopped
    assert (checked.read, checked.valid, checked.problems[0].line) == (1, 0, 1)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ('prompt,completion\na,b\n"c,d\ne,f\n', 3),
        ('prompt,completion\na,b\n"c,d\n' + f"{'e' * 99},f\n" * (MAX_LINE_BYTES // 100), 3),
        ('prompt,completion\na,b\n"c\n' + "x" * (MAX_LINE_BYTES + 1), 3),
        ('prompt,"completion\na,b\n', 1),
    ],
)
def test_a_quote_that_is_never_closed_ends_the_file_and_makes_it_no_dataset(table: str, line: int) -> None:
    checked = check(table)
    assert [(problem.line, problem.rule) for problem in checked.problems] == [(line, "TS042")]
    report = prepared_from({"train": checked}).report
    assert report.outcome == "invalid"
    assert f"train.csv cannot be read: A quote in the row that begins in line {line}" in report.reason


def test_a_table_in_latin_1_says_so_at_its_header_or_at_each_row() -> None:
    assert rules(check("prompt,completion,größe\na,b,c\n".encode("latin-1"))) == ["TS003"]
    assert rules(check("prompt,completion\nschön,b\nc,d\n".encode("latin-1"))) == ["TS003"]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"prompt,completion\n"])
def test_a_table_without_rows_holds_nothing(data: bytes) -> None:
    checked = check(data)
    assert (checked.read, checked.valid, checked.stopped) == (0, 0, "")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from([b"a", b'"', b",", b";", b"\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"{"])),
    st.booleans(),
    st.sampled_from([1, 1 << 20]),
)
def test_arbitrary_bytes_in_a_table_end_in_a_report(parts: list[bytes], headed: bool, piece: int) -> None:
    checked = check((b"prompt,completion\n" if headed else b"") + b"".join(parts), piece=piece)
    assert checked.read == checked.valid + checked.rejected


# --- a file of one kind named as another


def test_lines_of_json_are_read_as_such_whatever_the_file_is_called() -> None:
    checked = check(lines(pair("a", "b")), file="train.csv")
    assert (checked.valid, checked.problems) == (1, ())


@pytest.mark.parametrize("header", ["prompt,completion", "\ufeffcompletion;prompt;id", "prompt\tcompletion"])
def test_a_table_under_another_name_is_told_to_be_one(header: str) -> None:
    checked = check(f"{header}\na,b\n", file="train.jsonl")
    assert rules(checked) == ["TS027"]
    assert checked.stopped == "The file is a table with a header, not lines of JSON; name it .csv."


def test_other_text_under_the_name_of_json_lines_is_checked_line_by_line() -> None:
    assert rules(check("question,answer\na,b\n", file="train.jsonl")) == ["TS004", "TS004"]


LIMITED = """
import resource, sys
sys.path[:0] = ["lambdas", "."]
from itertools import chain, repeat
from tunesmith.catalogue import find_model
from tunesmith.dataset import check_file
micro = find_model("nova-micro")
check_file([b"prompt,completion\\na,b\\n"], micro, file="t.csv")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
chunks = chain([b'prompt,completion\\n"'], repeat({plain!r} * (1 << 14), 512))
checked = check_file(chunks, micro, file="t.csv")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, *checked.by_rule)
"""
"""A table of at least 200 MiB behind one quote; how many MiB the check of it took."""


@pytest.mark.parametrize("plain", [b"a,b" * 10 + b"\n", b'","' * 10])
def test_a_row_without_an_end_takes_a_row_s_memory(plain: bytes) -> None:
    program = LIMITED.format(plain=plain)
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True)
    grown, *found = done.stdout.split()
    assert found in (["TS042"], ["TS007"])
    assert int(grown) < 16 * MAX_LINE_BYTES >> 20
