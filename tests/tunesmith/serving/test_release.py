"""Release: what nobody needs goes, in the order in which it can; what serves stays."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from tunesmith.ledger import Capacity, CapacityKind, CapacityState, Champion
from tunesmith.serving.release import plan_release

NOW = "2026-11-23T10:00:00Z"
TOMORROW = "2026-11-24T10:00:00Z"
CHAMPION = Champion(
    project="triage",
    run="mine",
    model_arn="arn:model",
    model_name="mine-model",
    arn="arn:deployment",
    base_model="amazon.nova-micro-v1:0",
    path="on_demand",
    capacity_name="deployment",
    capacity_run="first",
    since=NOW,
    previous={"run": "before", "model_arn": "arn:old", "model_name": "before-model"},
)


def held(kind: CapacityKind, run: str = "mine", state: CapacityState = CapacityState.OPEN) -> Capacity:
    return Capacity(
        run=run,
        project="triage",
        token=str(kind),
        kind=kind,
        name=f"{run}-{kind}",
        purpose="",
        state=state,
        since=NOW,
        expires=TOMORROW,
    )


ALL = [held(kind) for kind in (CapacityKind.DEPLOYMENT, CapacityKind.JOB, CapacityKind.MODEL)]


def plan(
    outcome: str,
    capacity: list[Capacity],
    champion: Champion | None = None,
    overdue: list[Capacity] | None = None,
    now: str = NOW,
) -> list[str]:
    items = plan_release(
        run="mine",
        outcome=outcome,
        capacity=capacity,
        overdue=overdue or [],
        existing_models={"mine-model"},
        champion=champion,
        now=now,
    )
    return [item.name for item in items]


@pytest.mark.parametrize("order", list(permutations(ALL)))
def test_deployments_go_before_jobs_and_jobs_before_models(order: tuple[Capacity, ...]) -> None:
    assert plan("rejected", list(order)) == ["mine-deployment", "mine-job", "mine-model"]


@pytest.mark.parametrize("outcome", ["failed", "inconclusive"])
def test_a_model_that_exists_stays_until_it_expires(outcome: str) -> None:
    assert plan(outcome, ALL) == ["mine-deployment", "mine-job"]
    assert plan(outcome, ALL, now=TOMORROW) == ["mine-deployment", "mine-job", "mine-model"]


def test_a_model_that_was_never_made_leaves_the_ledger() -> None:
    never_made = replace(held(CapacityKind.MODEL), name="another", state=CapacityState.REQUESTED)

    assert plan("failed", [never_made]) == ["another"]


@pytest.mark.parametrize("outcome", ["promoted", "failed", "rejected"])
def test_what_the_champion_needs_stays_whatever_the_outcome(outcome: str) -> None:
    champions = [held(CapacityKind.MODEL), held(CapacityKind.DEPLOYMENT, run="first")]
    rollback = [held(CapacityKind.MODEL, run="before")]

    assert plan(outcome, champions, CHAMPION, overdue=rollback, now=TOMORROW) == []


def test_after_a_swap_the_runs_own_deployment_goes() -> None:
    assert plan("promoted", ALL, CHAMPION) == ["mine-deployment", "mine-job"]


def test_what_could_not_be_given_back_is_tried_again() -> None:
    assert plan("rejected", [held(CapacityKind.DEPLOYMENT, state=CapacityState.KEPT)]) == ["mine-deployment"]


def test_what_is_given_back_is_not_listed() -> None:
    assert plan("rejected", [replace(item, state=CapacityState.RELEASED) for item in ALL]) == []


def test_what_other_runs_left_beyond_its_expiry_goes_too() -> None:
    superseded = held(CapacityKind.MODEL, run="older")

    assert plan("promoted", [], CHAMPION, overdue=[superseded], now=TOMORROW) == ["older-model"]
    assert plan("promoted", [], CHAMPION, overdue=[superseded], now=NOW) == []
