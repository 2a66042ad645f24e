"""The sheet that people fill in: blind, harmless in a spreadsheet, and read back as one may save it.

Labels here are made up by rule; no person gave any.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tunesmith.evaluation.answers import Question
from tunesmith.evaluation.judging import LOSS, TIE, WIN, Pair
from tunesmith.evaluation.label_sheet import (
    COLUMNS,
    MOST_CHARACTERS,
    SheetError,
    agreement,
    draw,
    judge_objection,
    read_sheet,
    write_sheet,
)
from tunesmith.ledger import JudgeLabels

OUTCOMES = (WIN, TIE, LOSS)


def pair(number: int, mine: str = "", other: str = "") -> Pair:
    question = Question(
        id=f"{number:016x}",
        system=[],
        messages=[{"role": "user", "content": [{"text": f"question {number}"}]}],
        reference="",
    )
    return Pair(question=question, mine=mine or f"mine {number}", other=other or f"other {number}")


def drawn(count: int = 300, seed: int = 1, **texts: str) -> list[dict[str, Any]]:
    pairs = [pair(number, **texts) for number in range(count)]
    return draw(pairs, {one.question.id: OUTCOMES[number % 3] for number, one in enumerate(pairs)}, seed=seed)


def rows(sheet: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(sheet.decode("utf-8-sig"), newline="")))


def filled(sheet: bytes, better: list[str], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """The sheet as a spreadsheet saves it, with these in the last column."""
    first, *others = rows(sheet)
    told = io.StringIO()
    writer = csv.writer(told, delimiter=delimiter)
    writer.writerow(first)
    writer.writerows([*row[:-1], word] for row, word in zip(others, better, strict=True))
    return told.getvalue().encode(encoding)


def truth(pairs: list[dict[str, Any]]) -> list[str]:
    """What somebody writes who agrees with the judge on every pair."""
    other = {"A": "B", "B": "A"}
    return [
        "tie"
        if one["judge"] == TIE
        else one["candidate_is"]
        if one["judge"] == WIN
        else other[one["candidate_is"]]
        for one in pairs
    ]


def test_a_hundred_and_fifty_pairs_are_drawn_the_same_ones_each_time() -> None:
    assert len(drawn()) == len({one["record"] for one in drawn()}) == 150
    assert drawn() == drawn()
    assert drawn() != drawn(seed=2)
    assert len(drawn(40)) == 40


def test_the_sheet_does_not_tell_whose_answer_is_whose() -> None:
    pairs = drawn()
    first, *others = rows(write_sheet(pairs))
    assert tuple(first) == COLUMNS
    places = [row[2].startswith("mine") for row in others]
    assert 50 < sum(places) < 100, "the candidate's answer stands in either place"
    assert not any("candidate" in cell or "base" in cell for row in others for cell in row)
    assert all(row[0].startswith("P") and not row[-1] for row in others)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =HYPERLINK(1)", "\n=1"])
def test_nothing_in_the_sheet_is_taken_for_a_formula(text: str) -> None:
    (row,) = rows(write_sheet(drawn(1, mine=text)))[1:]
    found = row[2] if text in row[2] else row[3]
    assert found == f"'{text}"


def test_an_answer_longer_than_a_cell_is_cut_and_said_to_be() -> None:
    (row,) = rows(write_sheet(drawn(1, mine="x" * 40_000)))[1:]
    longest = max(row, key=len)
    assert len(longest) < 32_767
    assert longest.startswith("x" * MOST_CHARACTERS)
    assert longest.endswith("(10,000 more characters)")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_sheet_is_read_however_a_spreadsheet_saved_it(delimiter: str, encoding: str) -> None:
    pairs = drawn()
    labels = read_sheet(filled(write_sheet(pairs), truth(pairs), delimiter, encoding), pairs)
    assert len(labels) == 150
    assert agreement(labels).kappa == 1


def test_pairs_that_are_left_out_have_no_label_and_words_may_be_written_otherwise() -> None:
    pairs = drawn()
    better = [word.upper() if number % 2 else "" for number, word in enumerate(truth(pairs))]
    labels = read_sheet(filled(write_sheet(pairs), better), pairs)
    assert len(labels) == 75
    assert all(label.person == label.judge for label in labels)


def test_every_wrong_row_is_named() -> None:
    pairs = drawn(3)
    sheet = filled(write_sheet(pairs), ["A", "C", "both"])
    with pytest.raises(SheetError, match=r"row 3: better is 'c'; allowed.*row 4: better is 'both'"):
        read_sheet(sheet, pairs)
    twice = sheet.replace(b",C", b",").replace(b",both", b",") + sheet.splitlines(keepends=True)[1]
    with pytest.raises(SheetError, match="stands there twice"):
        read_sheet(twice, pairs)


def test_another_runs_sheet_and_what_is_no_sheet_are_refused() -> None:
    pairs, others = drawn(), drawn(seed=2)
    with pytest.raises(SheetError, match="none of this run's sheet"):
        read_sheet(filled(write_sheet(others), truth(others)), pairs)
    for content in (b"", b"hello", b"PK\x03\x04\x00\x00"):
        with pytest.raises(SheetError, match="no columns pair and better"):
            read_sheet(content, pairs)


KEPT = JudgeLabels(
    project="p",
    fingerprint="f",
    run="r",
    labels={str(number): "tie" for number in range(100)},
    kappa=Decimal("0.6"),
    low=Decimal("0.4"),
    high=Decimal("0.8"),
    by="ana",
    read="2026-11-28T10:00:00Z",
)


def test_a_judge_may_promote_from_a_hundred_labels_and_a_kappa_of_six_tenths_on() -> None:
    assert judge_objection("r", "j", KEPT) == ""
    few = replace(KEPT, labels={str(number): "tie" for number in range(99)})
    assert "99 pairs were labelled" in judge_objection("r", "j", few)
    assert "a kappa of 0.59" in judge_objection("r", "j", replace(KEPT, kappa=Decimal("0.594")))
    assert "`tunesmith label r`" in judge_objection("r", "j", None)
