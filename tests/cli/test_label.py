"""`tunesmith label`: the sheet, what is read back, and what becomes of the judge.

Labels here are made up by rule; no person gave any.
"""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fakes import RUN, Account, tunesmith
from tests.tunesmith.evaluation.test_label_sheet import drawn, filled, truth
from tunesmith.ledger import CapacityKind

FINGERPRINT = "0" * 16


def judged(account: Account, pairs: list[dict[str, Any]]) -> None:
    """Leave a run as one that its judge reported on."""
    account.admit()
    account.hold(CapacityKind.MODEL)
    account.end("inconclusive", "But a judge that nobody checked reports only.")
    kept = {"fingerprint": FINGERPRINT, "judge": "Meta Llama 3.3 70B Instruct", "pairs": pairs}
    account.artifacts.write_json(f"runs/{RUN}/evaluation/label_pairs.json", kept)
    account.artifacts.write_json(f"runs/{RUN}/evaluation/verdict.json", {"reports_only": "nobody checked"})


@pytest.fixture
def pairs(account: Account) -> list[dict[str, Any]]:
    found = drawn()
    judged(account, found)
    return found


def answered(pairs: list[dict[str, Any]], wrong: int = 0, left_out: int = 0) -> Path:
    """Fill the sheet in as the judge says, but for so many rows that say otherwise or nothing."""
    sheet = Path(tunesmith("label", RUN, "--json").json["file"])
    better = truth(pairs)
    other = {"A": "B", "B": "tie", "tie": "A"}
    for number in range(len(better)):
        if number < wrong:
            better[number] = other[better[number]]
        elif number < wrong + left_out:
            better[number] = ""
    sheet.write_bytes(filled(sheet.read_bytes(), better, delimiter=";"))
    return sheet


def test_the_sheet_lies_where_its_path_says_for_this_user_alone(pairs: list[dict[str, Any]]) -> None:
    answer = tunesmith("label", RUN)
    assert answer.code == 0
    sheet = Path(answer.stdout.strip())
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    rows = list(csv.reader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")))
    assert len(rows) == 151
    assert f"tunesmith label {RUN} --read {sheet}" in answer.stderr


def test_a_sheet_that_may_hold_labels_is_not_written_over(pairs: list[dict[str, Any]]) -> None:
    sheet = answered(pairs)
    before = sheet.read_bytes()
    answer = tunesmith("label", RUN)
    assert answer.code == 2
    assert "which may hold labels" in answer.stderr
    assert sheet.read_bytes() == before


def test_labels_that_agree_let_the_judge_promote(account: Account, pairs: list[dict[str, Any]]) -> None:
    sheet = answered(pairs, wrong=15, left_out=30)
    answer = tunesmith("label", RUN, "--read", sheet, "--json")
    assert answer.code == 0
    assert (answer.json["labels"], answer.json["may_promote"]) == (120, True)
    assert 0.75 < float(answer.json["kappa"]) < 0.9
    kept = account.ledger.judge_labels("support-triage", FINGERPRINT)
    assert kept is not None
    assert len(kept.labels) == 120
    assert (kept.run, str(kept.kappa)) == (RUN, answer.json["kappa"])
    assert set(kept.labels.values()) == {"candidate", "other", "tie"}


@pytest.mark.parametrize(("wrong", "left_out"), [(60, 0), (0, 51)])
def test_too_little_agreement_or_too_few_labels_leave_the_judge_reporting(
    account: Account, pairs: list[dict[str, Any]], wrong: int, left_out: int
) -> None:
    sheet = answered(pairs, wrong=wrong, left_out=left_out)
    answer = tunesmith("label", RUN, "--read", sheet)
    assert answer.code == 1
    assert "kappa" in answer.stdout
    assert "reports only" in answer.stderr
    refused = tunesmith("resume", RUN)
    assert refused.code == 2
    assert "it came to its end" in refused.stderr


def test_a_run_whose_judge_was_checked_since_can_be_decided(
    account: Account, pairs: list[dict[str, Any]]
) -> None:
    assert tunesmith("resume", RUN).code == 2
    tunesmith("label", RUN, "--read", answered(pairs))
    account.bedrock.jobs[f"support-triage-{RUN}-1"] = "Completed"
    account.bedrock.models.add(f"arn:model/support-triage-{RUN}-1")
    assert tunesmith("resume", RUN).code == 0
    assert account.executions.started[-1][1] == f"{RUN}-2"


def test_what_cannot_be_read_changes_nothing(account: Account, pairs: list[dict[str, Any]]) -> None:
    wrong = Path("wrong.csv")
    wrong.write_text("pair,better\nP1-000000,A\n")
    answer = tunesmith("label", RUN, "--read", wrong)
    assert answer.code == 2
    assert "none of this run's sheet" in answer.stderr
    assert tunesmith("label", RUN, "--read", "nowhere.csv").code == 2
    assert account.ledger.judge_labels("support-triage", FINGERPRINT) is None


def test_a_run_without_a_judge_has_nothing_to_label(account: Account) -> None:
    account.admit()
    answer = tunesmith("label", RUN)
    assert answer.code == 2
    assert "asked no judge" in answer.stderr


def test_a_small_test_makes_a_sheet_and_says_that_it_is_too_small(account: Account) -> None:
    judged(account, drawn(40))
    answer = tunesmith("label", RUN)
    assert answer.code == 0
    assert "too few" in answer.stderr
