"""Do people agree with the judge? A sheet of pairs to label without seeing who answered, and what came back.

The sheet is CSV for a spreadsheet: nothing in it can be taken for a formula, and the column that is filled in
is all that is read back, by the number of its pair.
"""

from __future__ import annotations

import csv
import hashlib
import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from tunesmith.evaluation.agreement import Agreement, cohens_kappa
from tunesmith.evaluation.judging import LOSS, TIE, WIN, Pair, request_text
from tunesmith.ledger import JudgeLabels

FEWEST_LABELS: Final = 100
LEAST_KAPPA: Final = 0.6
"""What Landis and Koch (1977) call substantial begins a hair above."""
PAIRS_DRAWN: Final = 150
"""Half as many again as are needed: who labels may leave out what he cannot tell."""
COLUMNS: Final = ("pair", "request", "answer A", "answer B", "better")
MOST_CHARACTERS: Final = 30_000
"""Of one cell; a spreadsheet takes 32,767."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula. Source: OWASP's page on CSV injection."""
_CHOICES: Final = {"a": "A", "b": "B", "tie": "tie", "=": "tie"}
_DELIMITERS: Final = (",", ";", "\t")
"""What spreadsheets save CSV with, by the language that they are set to."""


class SheetError(ValueError):
    """When a labelled sheet cannot be used; the message says what is wrong in which line."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """What a person and the judge said of one pair: what it counts for the candidate."""

    record: str
    person: float
    judge: float


def draw(pairs: Sequence[Pair], outcomes: Mapping[str, float], *, seed: int) -> list[dict[str, Any]]:
    """Draw pairs that were judged, by chance; the same seed draws the same.

    Which answer is A is drawn too. Of each pair the record, both texts and what the judge said are kept.
    """
    known = sorted((pair for pair in pairs if pair.question.id in outcomes), key=lambda one: one.question.id)
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    drawn = chance.sample(known, min(PAIRS_DRAWN, len(known)))
    return [
        {
            "record": pair.question.id,
            "request": request_text(pair.question),
            "candidate": pair.mine,
            "other": pair.other,
            "candidate_is": chance.choice("AB"),
            "judge": outcomes[pair.question.id],
        }
        for pair in drawn
    ]


def write_sheet(drawn: Sequence[Mapping[str, Any]]) -> bytes:
    """Write the sheet, in UTF-8 with the mark by which a spreadsheet tells."""
    told = io.StringIO()
    writer = csv.writer(told, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for name, pair in _named(drawn).items():
        mine, other = _safe(pair["candidate"]), _safe(pair["other"])
        answers = (mine, other) if pair["candidate_is"] == "A" else (other, mine)
        writer.writerow([name, _safe(pair["request"]), *answers, ""])
    return told.getvalue().encode("utf-8-sig")


def read_sheet(content: bytes, drawn: Sequence[Mapping[str, Any]]) -> list[Label]:
    """Read what was filled in; a pair that was left empty has no label.

    Raises SheetError with every line that is wrong.
    """
    named = _named(drawn)
    labels: dict[str, Label] = {}
    problems = []
    for line, row in enumerate(_rows(content), start=2):
        name, better = row.get("pair", "").strip(), row.get("better", "").strip().lower()
        if not better:
            continue
        if name not in named:
            problems.append(f"row {line}: pair {name!r} is none of this run's sheet")
        elif better not in _CHOICES:
            problems.append(f"row {line}: better is {better!r}; allowed are A, B and tie, or nothing")
        elif name in labels:
            problems.append(f"row {line}: pair {name} stands there twice")
        else:
            labels[name] = _label(named[name], _CHOICES[better])
    if problems:
        more = f"; and {len(problems) - 10} more" if len(problems) > 10 else ""
        raise SheetError("; ".join(problems[:10]) + more)
    return list(labels.values())


def judge_objection(run: str, judge: str, labelled: JudgeLabels | None) -> str:
    """Say why a judge may report only, and what to do; empty where enough people's labels agree with it."""
    how = f"`tunesmith label {run}` makes the sheet"
    asked = (
        f"{FEWEST_LABELS} pairs are labelled by people and the judge agrees with them (kappa {LEAST_KAPPA} or"
        " more)"
    )
    if labelled is None:
        return f"a judge that nobody checked reports only: {judge} may promote once {asked}; {how}"
    if len(labelled.labels) < FEWEST_LABELS:
        told = f"{len(labelled.labels)} pairs were labelled"
        return f"the judge reports only: {told}, and {judge} may promote once {asked}; {how}"
    if labelled.kappa < Decimal(str(LEAST_KAPPA)):
        return (
            f"the judge reports only: {judge} agrees with people at a kappa of {labelled.kappa:.2f}, below"
            f" {LEAST_KAPPA}; sharpen evaluation.judge.criteria or take another model, and label again: {how}"
        )
    return ""


def agreement(labels: Sequence[Label]) -> Agreement:
    """Measure how far people and judge agree on who won, tie included. Raises ValueError without labels."""
    return cohens_kappa([one.person for one in labels], [one.judge for one in labels])


def _named(drawn: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Name the pairs, so that no other sheet has the same names."""
    told = "\n".join(f"{pair['record']} {pair['candidate_is']}" for pair in drawn)
    sheet = hashlib.sha256(told.encode()).hexdigest()[:6]
    return {f"P{number}-{sheet}": pair for number, pair in enumerate(drawn, start=1)}


def _label(pair: Mapping[str, Any], better: str) -> Label:
    person = TIE if better == "tie" else WIN if better == pair["candidate_is"] else LOSS
    return Label(record=pair["record"], person=person, judge=float(pair["judge"]))


def _rows(content: bytes) -> list[dict[str, str]]:
    """Read a CSV file as a spreadsheet may have saved it again."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = content.decode(encoding, "replace")
    head = text.partition("\n")[0]
    for delimiter in _DELIMITERS:
        try:
            first, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        except (csv.Error, ValueError):  # another delimiter may fit; no row at all is told of below
            continue
        names = [name.strip().lower() for name in first]
        if {"pair", "better"} <= set(names):
            return [dict(zip(names, row, strict=False)) for row in rows]
    raise SheetError(f"there are no columns pair and better in the first row: {head[:120]!r}")


def _safe(text: str) -> str:
    """Keep a cell from being taken for a formula, and below what a spreadsheet takes."""
    kept = text.replace("\x00", "\ufffd")
    if len(kept) > MOST_CHARACTERS:
        kept = f"{kept[:MOST_CHARACTERS]} … ({len(kept) - MOST_CHARACTERS:,} more characters)"
    return f"'{kept}" if kept.lstrip(" \n").startswith(_FORMULA) else kept
