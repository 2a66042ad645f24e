"""plan_training, watch_training, conclude_training: a job is entered, asked for, watched, read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from conclude_training.handler import lambda_handler as conclude_training
from plan_training.handler import lambda_handler as plan_training
from tests.handlers.model_run import JOB_ARN, LATER, MODEL_ARN, NOW, PROJECT, RUN, RunUnderTest
from tests.tunesmith.training.test_requests import botocores_complaints
from tunesmith.errors import RunClosedError
from tunesmith.ledger import CapacityState, Step
from watch_training.handler import lambda_handler as watch_training


def test_the_request_is_one_that_bedrock_takes(run: RunUnderTest) -> None:
    plan = plan_training(run.event(), None)

    assert botocores_complaints(plan["request"]) == ""
    assert plan["job_name"] == f"{PROJECT}-{RUN}-1"
    assert plan["request"]["BaseModelIdentifier"] == "amazon.nova-micro-v1:0:128k"
    assert plan["request"]["HyperParameters"] == {"epochCount": "3"}
    assert plan["request"]["ValidationDataConfig"] == {
        "Validators": [{"S3Uri": f"s3://artifacts/runs/{RUN}/data/validation.jsonl"}]
    }


def test_validation_data_is_not_sent_to_a_model_that_ignores_it(run: RunUnderTest) -> None:
    run.write_job(base_model="nova-2-lite")

    request = plan_training(run.event(), None)["request"]

    assert "ValidationDataConfig" not in request
    assert botocores_complaints(request) == ""


def test_job_and_model_are_in_the_ledger_before_the_job_is_asked_for(run: RunUnderTest) -> None:
    plan_training(run.event(), None)

    held = {item.token: item for item in run.ledger.open_capacity()}
    assert set(held) == {"job-1", "model-1"}
    assert {item.state for item in held.values()} == {CapacityState.REQUESTED}
    assert held["model-1"].usd_per_month == Decimal("1.95")
    assert held["model-1"].expires == "2026-11-30T10:00:00Z"


def test_a_second_plan_is_the_same_plan(run: RunUnderTest) -> None:
    first = plan_training(run.event(), None)

    assert plan_training(run.event(LATER), None) == first
    assert len(run.ledger.capacity(RUN)) == 2
    assert {item.since for item in run.ledger.capacity(RUN)} == {NOW}


def test_nothing_is_planned_for_a_closed_run(run: RunUnderTest) -> None:
    run.ledger.close_run(RUN, outcome="failed", reason="stopped", now=NOW)

    with pytest.raises(RunClosedError):
        plan_training(run.event(), None)
    assert run.ledger.capacity(RUN) == []


def test_a_job_without_metrics_is_waited_for(run: RunUnderTest) -> None:
    plan_training(run.event(), None)

    decision = watch_training(run.event("2026-11-23T10:10:00Z"), None)

    assert decision == {"action": "wait", "wait_seconds": 60, "reason": "in progress, no metrics yet"}


def test_losses_show_in_the_ledger_as_soon_as_there_is_a_file(run: RunUnderTest) -> None:
    plan_training(run.event(), None)
    run.write_metrics()

    watch_training(run.event("2026-11-23T11:00:00Z"), None)

    step = next(step for step in run.ledger.steps(RUN) if step.step is Step.TRAIN)
    assert step.started == NOW
    assert step.figures == {
        "step": 29,
        "training_loss": Decimal("0.55"),
        "validation_loss": Decimal("1.3"),
    }


def test_a_job_past_its_deadline_is_stopped(run: RunUnderTest) -> None:
    run.write_job(training={"deadline_hours": 2})
    plan_training(run.event(), None)

    assert watch_training(run.event("2026-11-23T11:59:30Z"), None)["wait_seconds"] == 30
    decision = watch_training(run.event("2026-11-23T12:00:00Z"), None)

    assert decision["action"] == "stop"
    assert "2 hours" in decision["reason"]


def test_a_concluded_job_leaves_curves_model_and_cost(run: RunUnderTest) -> None:
    plan_training(run.event(), None)
    run.finish_job()

    assert conclude_training(run.event(LATER), None) == {"outcome": "trained"}

    (job,) = run.read("training/jobs.json")["jobs"]
    assert (job["arn"], job["model_arn"], job["status"]) == (JOB_ARN, MODEL_ARN, "Completed")
    assert job["curves"]["validation"] == [[9, 0, 1.6], [19, 1, 1.2], [29, 2, 1.3]]
    assert len(job["curves"]["training"]) == 30
    assert Decimal(job["cost_usd"]) == Decimal("0.12")
    held = {item.token: item for item in run.ledger.capacity(RUN)}
    assert held["job-1"].state == CapacityState.RELEASED
    assert (held["model-1"].state, held["model-1"].arn) == (CapacityState.OPEN, MODEL_ARN)
    assert [item.token for item in run.ledger.open_capacity()] == ["model-1"]


def test_a_repeated_conclusion_changes_nothing(run: RunUnderTest) -> None:
    plan_training(run.event(), None)
    run.finish_job()
    conclude_training(run.event(LATER), None)
    before = (run.ledger.capacity(RUN), run.read("training/jobs.json"))

    conclude_training(run.event(LATER), None)

    assert (run.ledger.capacity(RUN), run.read("training/jobs.json")) == before


def test_a_job_without_metrics_files_says_so(run: RunUnderTest) -> None:
    plan_training(run.event(), None)
    run.finish_job()
    for key in run.artifacts.keys(f"{run.prefix}/training/output/"):
        run.artifacts.write(key + ".moved", b"")
        run.artifacts._client.delete_object(Bucket="artifacts", Key=key)

    conclude_training(run.event(LATER), None)

    (job,) = run.read("training/jobs.json")["jobs"]
    assert job["curves"] == {"training": [], "validation": []}
    assert len(job["notes"]) == 2


def test_fewer_epochs_than_planned_cost_less(run: RunUnderTest) -> None:
    plan_training(run.event(), None)
    run.finish_job(hyperParameters={"epochCount": "1"})

    conclude_training(run.event(LATER), None)

    assert Decimal(run.read("training/jobs.json")["jobs"][0]["cost_usd"]) == Decimal("0.04")
