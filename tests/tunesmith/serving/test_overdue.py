"""Overdue: what expired, what a lost release left, and what the ledger has forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tunesmith.ledger import Capacity, CapacityKind, CapacityState
from tunesmith.serving.capacity import (
    CANDIDATE,
    CHAMPION,
    NEVER,
    SERVING_TOKEN,
    SUPERSEDED,
    job_token,
    judge_token,
    model_token,
)
from tunesmith.serving.overdue import Existing, forgotten, overdue_runs

NOW = "2026-11-23T10:00:00Z"
TOMORROW = "2026-11-24T10:00:00Z"
YESTERDAY = "2026-11-22T10:00:00Z"


def held(
    run: str,
    kind: CapacityKind = CapacityKind.DEPLOYMENT,
    purpose: str = "evaluation",
    expires: str = TOMORROW,
) -> Capacity:
    return Capacity(
        run=run,
        project="triage",
        token=model_token(1) if kind is CapacityKind.MODEL else SERVING_TOKEN,
        kind=kind,
        name=f"triage-{run}",
        purpose=purpose,
        state=CapacityState.OPEN,
        since=YESTERDAY,
        expires=expires,
    )


def test_only_what_is_beyond_its_expiry_is_overdue_while_a_run_goes_on() -> None:
    items = [held("late", expires=NOW), held("early")]

    assert overdue_runs(items, closed=[], lost=[], now=NOW) == ["late"]


def test_a_run_that_ended_without_a_release_is_released_whatever_it_holds() -> None:
    items = [held("lost", CapacityKind.MODEL, CANDIDATE), held("other", CapacityKind.MODEL, CANDIDATE)]

    assert overdue_runs(items, closed=[], lost=["lost"], now=NOW) == ["lost"]


@pytest.mark.parametrize(
    ("kind", "purpose", "listed"),
    [
        (CapacityKind.DEPLOYMENT, "evaluation", True),
        (CapacityKind.THROUGHPUT, "evaluation", True),
        (CapacityKind.JOB, "training", True),
        (CapacityKind.DEPLOYMENT, CHAMPION, False),
        (CapacityKind.THROUGHPUT, SUPERSEDED, False),
        (CapacityKind.MODEL, CANDIDATE, False),
        (CapacityKind.MODEL, "previous champion", False),
    ],
)
def test_a_closed_run_is_released_again_for_what_its_release_should_have_taken(
    kind: CapacityKind, purpose: str, listed: bool
) -> None:
    found = overdue_runs([held("a", kind, purpose)], closed=["a"], lost=[], now=NOW)

    assert found == (["a"] if listed else [])


def test_a_run_is_listed_once_and_runs_come_in_order() -> None:
    items = [held(run, kind, expires=NOW) for run in "ba" for kind in (CapacityKind.MODEL, CapacityKind.JOB)]

    assert overdue_runs([*items, held("c", expires=NEVER)], closed=[], lost=[], now=NOW) == ["a", "b"]


@pytest.mark.parametrize(
    ("kind", "number", "token"),
    [
        (CapacityKind.DEPLOYMENT, 0, SERVING_TOKEN),
        (CapacityKind.DEPLOYMENT, 2, judge_token(2)),
        (CapacityKind.THROUGHPUT, 0, SERVING_TOKEN),
        (CapacityKind.JOB, 1, job_token(1)),
        (CapacityKind.MODEL, 3, model_token(3)),
    ],
)
def test_what_the_ledger_never_knew_is_entered_as_due(kind: CapacityKind, number: int, token: str) -> None:
    found = Existing(kind=kind, name="triage-a", run="a", arn="arn:found", number=number)

    entry = forgotten(found, project="triage", entered=[], now=NOW)

    assert (entry.run, entry.project, entry.token, entry.kind) == ("a", "triage", token, kind)
    assert (entry.arn, entry.state, entry.expires) == ("arn:found", CapacityState.OPEN, NOW)


def test_what_the_ledger_thinks_is_gone_is_due_under_its_old_token_and_price() -> None:
    gone = replace(held("a", expires=NEVER), token="earlier", state=CapacityState.RELEASED, arn="arn:old")
    another = replace(gone, kind=CapacityKind.MODEL, token="another")
    found = Existing(kind=CapacityKind.DEPLOYMENT, name=gone.name, run="a", arn="arn:found")

    entry = forgotten(found, project="triage", entered=[another, gone], now=NOW)

    assert entry == replace(
        gone, state=CapacityState.OPEN, arn="arn:found", expires=NOW, purpose="left behind"
    )
