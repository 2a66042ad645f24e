"""A run that may cost more than its job file says without asking: granted, denied, and never answered."""

from __future__ import annotations

import time

from tests.cloud import CloudUnderTest, triage_data
from tests.scenarios.plays import (
    SMALL,
    TINY,
    Played,
    check_nothing_billable_but_the_champion,
    finish,
    job,
    play,
    resume,
    scenario,
)
from tunesmith.aws.executions import answer_task
from tunesmith.ledger import Approval

ASKS = {"limit_usd": 50, "ask_above": 0.01}


def asked(cloud: CloudUnderTest, run: str) -> Approval:
    """Wait until the run has put its question."""
    for _ in range(600):
        if (found := cloud.ledger.approval(run)) is not None:
            return found
        time.sleep(0.05)
    raise AssertionError(f"run {run} asked nothing")


def answered(cloud: CloudUnderTest, project: str, records: int, *, approved: bool) -> Played:
    """Submit a run that asks, and answer it as the command does."""
    run = cloud.submit(job(project, budget=ASKS), triage_data(records=records))
    question = asked(cloud, run)
    assert cloud.jobs(project) == []
    assert answer_task(question.token, approved=approved, by="ada", client=cloud.client("stepfunctions"))
    answer = "approved" if approved else "denied"
    cloud.ledger.answer_approval(run, question.token, answer=answer, by="ada", now="2026-11-28T00:00:00Z")
    return finish(cloud, run)


def approval_granted(cloud: CloudUnderTest) -> Played:
    return answered(cloud, "approval-granted", SMALL, approved=True)


@scenario(approval_granted)
def test_a_run_that_is_approved_goes_on_to_its_verdict(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "promoted"), played.cause
    question = cloud.ledger.approval(played.run.run)
    assert question is not None
    assert (question.answer, question.by) == ("approved", "ada")
    assert "budget.ask_above" in question.question
    (told,) = (body for body in cloud.messages_naming(played.run.run) if "tunesmith approve" in body)
    assert f"tunesmith deny {played.run.run}" in told
    assert question.token not in told


def approval_denied(cloud: CloudUnderTest) -> tuple[Played, Played]:
    first = answered(cloud, "approval-denied", TINY, approved=False)
    cloud.ledger.answer_approval(
        first.run.run,
        cloud.ledger.approval(first.run.run).token,  # type: ignore[union-attr]
        answer="approved",
        by="grace",
        now="2026-11-28T01:00:00Z",
    )
    return first, resume(cloud, first.run.run)


@scenario(approval_denied)
def test_a_run_that_is_denied_pays_nothing_and_one_that_was_approved_asks_no_second_time(
    cloud: CloudUnderTest, played: tuple[Played, Played]
) -> None:
    denied, again = played
    assert (denied.status, denied.output["outcome"]) == ("SUCCEEDED", "denied")
    assert denied.output["reason"].startswith("denied by ada: the run may cost up to $")
    assert again.run.outcome == "inconclusive"
    assert again.run.attempt == 2
    check_nothing_billable_but_the_champion(cloud, "approval-denied")


def approval_timed_out(cloud: CloudUnderTest) -> Played:
    budget = {**ASKS, "answer_within_hours": 8}
    return play(cloud, job("approval-timed-out", budget=budget), triage_data(records=TINY))


@scenario(approval_timed_out)
def test_a_run_that_nobody_answers_is_denied(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "denied")
    assert played.run.reason.startswith("nobody answered within 8 hours")
    assert cloud.jobs("approval-timed-out") == []
    question = cloud.ledger.approval(played.run.run)
    assert question is not None
    assert not answer_task(question.token, approved=True, by="ada", client=cloud.client("stepfunctions"))
    check_nothing_billable_but_the_champion(cloud, "approval-timed-out")
