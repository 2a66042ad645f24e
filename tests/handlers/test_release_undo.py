"""plan_release on a run that broke while it was being served, and on events that come too late."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from plan_release.handler import lambda_handler as plan_release
from plan_serving.handler import lambda_handler as plan_serving
from record_champion.handler import lambda_handler as record_champion
from tests.handlers.model_run import DEPLOYMENT_ARN, LATER, PROJECT, RUN, RunUnderTest
from tests.handlers.test_serving_handlers import OLD, OLD_RUN, OLDER_RUN, capacity, crown, evaluated
from tunesmith.ledger import Step
from tunesmith.serving.capacity import NEVER

__all__ = ["evaluated"]

PARAMETER = f"/tunesmith/local/{PROJECT}/champion"
SWAPPED_BACK = {
    "restore": "model",
    "parameter": PARAMETER,
    "path": OLD.path,
    "champion_arn": OLD.arn,
    "model_arn": OLD.model_arn,
    "execution": f"{RUN}-undo-20261123130000",
}


def release(
    run: RunUnderTest, outcome: str = "", name: str = RUN, *, reason: str = "broke"
) -> dict[str, Any]:
    plan: dict[str, Any] = plan_release(
        {"run": name, "now": LATER, "outcome": outcome, "reason": reason}, None
    )
    return plan


def test_a_run_that_was_never_served_has_nothing_to_undo(evaluated: RunUnderTest) -> None:
    assert release(evaluated, "failed")["undo"] == {"restore": "none"}


@pytest.mark.parametrize("outcome", ["promoted", "rejected", "inconclusive"])
def test_a_run_that_ended_well_is_not_undone(evaluated: RunUnderTest, outcome: str) -> None:
    plan_serving(evaluated.event(LATER, by_hand=""), None)
    record_champion(evaluated.event(LATER, by_hand=""), None)

    assert release(evaluated, outcome)["undo"] == {"restore": "none"}
    champion = evaluated.ledger.champion(PROJECT)
    assert champion is not None
    assert champion.run == RUN


@pytest.mark.parametrize("outcome", ["failed", ""])
def test_a_swap_that_was_not_recorded_is_swapped_back(evaluated: RunUnderTest, outcome: str) -> None:
    crown(evaluated)
    plan_serving(evaluated.event(LATER, by_hand=""), None)

    for _ in range(2):
        assert release(evaluated, outcome)["undo"] == SWAPPED_BACK
        assert evaluated.ledger.champion(PROJECT) == OLD


def test_a_swap_that_was_recorded_is_undone_in_the_ledger_and_in_bedrock(evaluated: RunUnderTest) -> None:
    crown(evaluated)
    plan_serving(evaluated.event(LATER, by_hand=""), None)
    record_champion(evaluated.event(LATER, by_hand=""), None)

    for _ in range(2):
        plan = release(evaluated, "failed")

        assert plan["undo"] == SWAPPED_BACK
        assert evaluated.ledger.champion(PROJECT) == OLD
        assert capacity(evaluated, OLD_RUN)["model-1"].expires == NEVER
        assert capacity(evaluated, OLDER_RUN)["model-1"].expires == NEVER
        mine = capacity(evaluated)["model-1"]
        assert (mine.purpose, mine.expires) == ("candidate", "2026-11-30T13:00:00Z")
        assert [(item["run"], item["kind"]) for item in plan["items"]] == [(RUN, "deployment")]


def test_a_first_promotion_is_undone_and_its_name_taken_away(evaluated: RunUnderTest) -> None:
    plan_serving(evaluated.event(LATER, by_hand=""), None)
    record_champion(evaluated.event(LATER, by_hand=""), None)

    for _ in range(2):
        plan = release(evaluated, "failed")

        assert plan["undo"] == {"restore": "nothing", "parameter": PARAMETER}
        assert evaluated.ledger.champion(PROJECT) is None
        assert [item["kind"] for item in plan["items"]] == ["deployment"]


def test_a_first_promotion_that_was_not_recorded_leaves_no_name_either(evaluated: RunUnderTest) -> None:
    plan_serving(evaluated.event(LATER, by_hand=""), None)

    assert release(evaluated)["undo"] == {"restore": "nothing", "parameter": PARAMETER}


def test_a_champion_that_came_in_between_is_kept_when_another_run_is_undone(evaluated: RunUnderTest) -> None:
    plan_serving(evaluated.event(LATER, by_hand=""), None)
    crown(evaluated)

    assert release(evaluated, "failed")["undo"]["model_arn"] == OLD.model_arn
    assert evaluated.ledger.champion(PROJECT) == OLD


@pytest.mark.parametrize("late", [f"{RUN}-1", f"{RUN}-1-serve", f"{RUN}-1-reap-20261123143000250"])
def test_a_late_release_of_the_first_attempt_does_nothing_to_the_second(
    evaluated: RunUnderTest, late: str
) -> None:
    release(evaluated, "failed", f"{RUN}-1")
    evaluated.ledger.reopen_run(RUN)
    before = evaluated.ledger.capacity(RUN)

    plan = release(evaluated, "", late)

    assert plan == {"run": RUN, "items": [], "undo": {"restore": "none"}}
    assert evaluated.ledger.require_open(RUN).attempt == 2
    assert evaluated.ledger.capacity(RUN) == before
    assert Step.RELEASE not in {step.step for step in evaluated.ledger.steps(RUN)}


@pytest.mark.parametrize("name", [f"{RUN}-2", RUN, f"{RUN}-undo-20261123130000"])
def test_the_second_attempts_own_release_does_its_work(evaluated: RunUnderTest, name: str) -> None:
    release(evaluated, "failed", f"{RUN}-1")
    evaluated.ledger.reopen_run(RUN)

    assert [item["kind"] for item in release(evaluated, "rejected", name)["items"]] == ["deployment", "model"]
    assert evaluated.ledger.run(RUN).outcome == "rejected"


def test_a_job_that_goes_on_after_the_run_broke_is_left_for_the_next_attempt(evaluated: RunUnderTest) -> None:
    evaluated.ledger.update_capacity(RUN, "job-1", state="open")
    evaluated.finish_job(status="InProgress")

    assert [item["kind"] for item in release(evaluated, "failed")["items"]] == ["deployment"]


def test_a_job_that_nobody_watches_and_that_is_billed_by_the_hour_goes_with_its_run(
    evaluated: RunUnderTest,
) -> None:
    evaluated.ledger.update_capacity(RUN, "job-1", state="open")
    evaluated.finish_job(status="InProgress")
    evaluated.write_job(
        base_model="nova-2-lite", kind="reinforcement", reinforcement={"grader": "exact_match"}
    )

    assert [item["kind"] for item in release(evaluated, "failed")["items"]] == ["deployment", "job"]


def test_a_job_that_could_not_be_stopped_is_not_left_to_go_on(evaluated: RunUnderTest) -> None:
    evaluated.ledger.update_capacity(RUN, "job-1", state="open")
    evaluated.finish_job(status="InProgress")

    items = release(evaluated, "failed", reason="JobStuck: it is still Stopping")["items"]

    assert [item["kind"] for item in items] == ["deployment", "job"]


def test_a_job_of_a_run_that_was_stopped_goes_with_it(evaluated: RunUnderTest) -> None:
    evaluated.ledger.update_capacity(RUN, "job-1", state="open")
    evaluated.finish_job(status="InProgress")

    assert [item["kind"] for item in release(evaluated)["items"]] == ["deployment", "job"]


def test_how_long_a_model_is_kept_is_what_the_job_file_said(evaluated: RunUnderTest) -> None:
    evaluated.ledger.update_run(RUN, keep_days=2)

    release(evaluated, "inconclusive")

    assert capacity(evaluated)["model-1"].expires == "2026-11-25T13:00:00Z"
    assert capacity(evaluated)["serving"].arn == DEPLOYMENT_ARN
    assert replace(capacity(evaluated)["model-1"], expires="").purpose == "candidate"
