"""plan_round, plan_job, watch_job, conclude_job: a job is entered, asked for, watched, read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from answer_validation.handler import lambda_handler as answer_validation
from plan_capacity.handler import lambda_handler as plan_capacity
from plan_job.handler import lambda_handler as plan_job
from plan_release.handler import lambda_handler as plan_release
from plan_round.handler import lambda_handler as plan_round
from tests.handlers.model_run import (
    DEPLOYMENT_ARN,
    JOB_ARN,
    LATER,
    MODEL_ARN,
    MUCH_TIME,
    NOW,
    PROJECT,
    RUN,
    RunUnderTest,
    record,
)
from tests.tunesmith.training.test_requests import botocores_complaints
from tunesmith.aws.objects import blind_test_key
from tunesmith.errors import RunClosedError
from tunesmith.ledger import CapacityKind, CapacityState, Step
from tunesmith.serving.capacity import job_capacity
from watch_job.handler import lambda_handler as watch_job


def test_the_request_is_one_that_bedrock_takes(run: RunUnderTest) -> None:
    plan = run.plan_job()

    assert botocores_complaints(plan["request"]) == ""
    assert plan["job_name"] == f"{PROJECT}-{RUN}-1"
    assert plan["request"]["BaseModelIdentifier"] == "amazon.nova-micro-v1:0:128k"
    assert plan["request"]["HyperParameters"] == {
        "epochCount": "3",
        "learningRate": "0.00001",
        "learningRateWarmupSteps": "2",
    }
    assert plan["request"]["ValidationDataConfig"] == {
        "Validators": [{"S3Uri": f"s3://artifacts/runs/{RUN}/data/validation.jsonl"}]
    }


def test_validation_data_is_not_sent_to_a_model_that_ignores_it(run: RunUnderTest) -> None:
    run.write_job(base_model="nova-2-lite")

    request = run.plan_job()["request"]

    assert "ValidationDataConfig" not in request
    assert botocores_complaints(request) == ""


def test_job_and_model_are_in_the_ledger_before_the_job_is_asked_for(run: RunUnderTest) -> None:
    run.plan_job()

    held = {item.token: item for item in run.ledger.open_capacity()}
    assert set(held) == {"job-1", "model-1"}
    assert {item.state for item in held.values()} == {CapacityState.REQUESTED}
    assert held["model-1"].usd_per_month == Decimal("1.95")
    assert held["model-1"].expires == "2026-11-30T10:00:00Z"


def test_a_second_plan_is_the_same_plan(run: RunUnderTest) -> None:
    first = run.plan_job()

    assert run.plan_job(LATER) == first
    assert len(run.ledger.capacity(RUN)) == 2
    assert {item.since for item in run.ledger.capacity(RUN)} == {NOW}


def test_nothing_is_planned_for_a_closed_run(run: RunUnderTest) -> None:
    run.ledger.close_run(RUN, outcome="failed", reason="stopped", now=NOW)

    with pytest.raises(RunClosedError):
        run.plan_job()
    assert run.ledger.capacity(RUN) == []


def test_a_job_without_metrics_is_waited_for(run: RunUnderTest) -> None:
    run.plan_job()

    decision = watched(run, "2026-11-23T10:10:00Z")

    assert (decision["action"], decision["wait_seconds"]) == ("wait", 60)
    assert decision["reason"] == "in progress, no metrics yet"


def test_losses_show_in_the_ledger_as_soon_as_there_is_a_file(run: RunUnderTest) -> None:
    run.plan_job()
    run.write_metrics()

    watched(run, "2026-11-23T11:00:00Z")

    step = next(step for step in run.ledger.steps(RUN) if step.step is Step.TRAIN)
    assert step.started == NOW
    assert step.figures == {
        "step": 29,
        "training_loss": Decimal("0.55"),
        "validation_loss": Decimal("1.3"),
    }


def test_a_job_past_its_deadline_is_stopped(run: RunUnderTest) -> None:
    run.write_job(training={"deadline_hours": 2})
    run.plan_job()

    assert watched(run, "2026-11-23T11:59:30Z")["wait_seconds"] == 30
    decision = watched(run, "2026-11-23T12:00:00Z")

    assert decision["action"] == "stop"
    assert "2 hours" in decision["reason"]


def test_a_concluded_job_leaves_curves_model_and_cost(run: RunUnderTest) -> None:
    run.plan_job()
    run.finish_job()

    assert run.conclude_job() == {"job": 1, "status": "Completed"}

    job = run.read("training/jobs/1.json")
    assert (job["arn"], job["model_arn"], job["status"]) == (JOB_ARN, MODEL_ARN, "Completed")
    assert job["curves"]["validation"] == [[9, 0, 1.6], [19, 1, 1.2], [29, 2, 1.3]]
    assert len(job["curves"]["training"]) == 30
    assert Decimal(job["cost_usd"]) == Decimal("0.12")
    held = {item.token: item for item in run.ledger.capacity(RUN)}
    assert held["job-1"].state == CapacityState.RELEASED
    assert (held["model-1"].state, held["model-1"].arn) == (CapacityState.OPEN, MODEL_ARN)
    assert [item.token for item in run.ledger.open_capacity()] == ["model-1"]


def test_a_repeated_conclusion_changes_nothing(run: RunUnderTest) -> None:
    run.plan_job()
    run.finish_job()
    run.conclude_job()
    before = (run.ledger.capacity(RUN), run.read("training/jobs/1.json"))

    run.conclude_job()

    assert (run.ledger.capacity(RUN), run.read("training/jobs/1.json")) == before


def test_a_job_without_metrics_files_says_so(run: RunUnderTest) -> None:
    run.plan_job()
    run.finish_job()
    for key in run.artifacts.keys(f"{run.prefix}/training/output/"):
        run.artifacts.write(key + ".moved", b"")
        run.artifacts._client.delete_object(Bucket="artifacts", Key=key)

    run.conclude_job()

    job = run.read("training/jobs/1.json")
    assert job["curves"] == {"training": [], "validation": []}
    assert len(job["notes"]) == 2


def test_fewer_epochs_than_planned_cost_less(run: RunUnderTest) -> None:
    run.plan_job()
    run.finish_job(hyperParameters={"epochCount": "1"})

    run.conclude_job()

    assert Decimal(run.read("training/jobs/1.json")["cost_usd"]) == Decimal("0.04")


def watched(run: RunUnderTest, now: str, *, told: bool = False) -> dict[str, Any]:
    """Look at job 1, of which Bedrock shows that it is in progress since the beginning."""
    run.finish_job(status="InProgress", metrics=False)
    return watch_job(run.event(now, job=1, told=told), None)


TWELVE_HOURS_ON = "2026-11-23T22:00:00Z"


def test_a_job_that_shows_no_change_for_twelve_hours_is_told_once_and_goes_on(run: RunUnderTest) -> None:
    run.plan_job()

    assert watched(run, "2026-11-23T21:59:00Z")["action"] == "wait"
    alert = watched(run, TWELVE_HOURS_ON)
    later = watched(run, "2026-11-23T23:00:00Z", told=True)

    assert (alert["action"], later["action"]) == ("alert", "wait")
    assert f"{PROJECT}-{RUN}-1" in alert["message"]
    assert "stop_when_stuck" in alert["message"]
    told = run.read("training/watch/1.json")
    assert [entry["action"] for entry in told] == ["wait", "alert", "wait"]
    assert told[1]["evidence"]["changed"] == "2026-11-23T10:00:00+00:00"


def test_a_stuck_job_is_stopped_where_the_job_file_asks_for_it(run: RunUnderTest) -> None:
    run.write_job(training={"stop_when_stuck": True})
    run.plan_job()

    assert watched(run, TWELVE_HOURS_ON)["action"] == "stop"


def test_a_project_whose_jobs_take_long_waits_longer_before_one_counts_as_stuck(run: RunUnderTest) -> None:
    run.plan_job()
    earlier = job_capacity(project=PROJECT, run=RUN, number=9, now="2026-11-22T10:00:00Z", deadline_hours=24)
    run.ledger.enter_capacity(earlier)
    run.ledger.update_capacity(RUN, "job-9", arn=JOB_ARN)
    run.ledger.release_capacity(RUN, "job-9", "2026-11-22T15:00:00Z")

    assert watched(run, TWELVE_HOURS_ON)["action"] == "wait"
    assert watched(run, "2026-11-24T00:59:00Z")["action"] == "wait"
    assert watched(run, "2026-11-24T01:00:00Z")["action"] == "alert"


def test_a_job_billed_by_the_hour_is_stopped_before_it_goes_over_the_budget(run: RunUnderTest) -> None:
    estimate = run.read("estimate.json")
    hourly = {"what": "training by the hour", "unit": "hour", "price": "10", "high_usd": "0", "usd": "0"}
    items = [hourly, *(item for item in estimate["items"] if not item["what"].startswith("training"))]
    run.artifacts.write_json(f"{run.prefix}/estimate.json", {**estimate, "items": items, "high_usd": "2"})
    run.write_job(budget={"limit_usd": 32})
    round_of(run, NOW)
    plan_job(run.event(job=1), None)

    assert watched(run, "2026-11-23T12:45:00Z")["action"] == "wait"
    decision = watched(run, "2026-11-23T12:55:00Z")

    assert decision["action"] == "stop"
    assert "budget.limit_usd" in decision["reason"]


def round_of(run: RunUnderTest, now: str = LATER) -> dict[str, Any]:
    return plan_round(run.event(now), None)


def trained(run: RunUnderTest, number: int, **facts: Any) -> None:
    """Let a job of the current round run to its end."""
    plan_job(run.event(job=number), None)
    run.finish_job(number, **facts)
    run.conclude_job(number=number)


def test_the_first_round_of_a_probe_is_one_job_and_the_second_has_the_best_length(run: RunUnderTest) -> None:
    first = round_of(run)
    trained(run, 1)
    second = round_of(run)

    assert (first["action"], first["jobs"]) == ("train", [1])
    assert (second["action"], second["jobs"]) == ("train", [2])
    request = plan_job(run.event(job=2), None)["request"]
    assert request["HyperParameters"]["epochCount"] == "2"
    assert request["JobName"] == request["CustomModelName"] == f"{PROJECT}-{RUN}-2"
    assert request["OutputDataConfig"] == {"S3Uri": f"s3://artifacts/runs/{RUN}/training/output/2/"}
    assert request["ClientRequestToken"] != plan_job(run.event(job=1), None)["request"]["ClientRequestToken"]


def test_a_round_that_was_begun_is_gone_on_with(run: RunUnderTest) -> None:
    first = round_of(run)

    assert round_of(run) == first
    assert [job["number"] for job in run.read("training/plan.json")["jobs"]] == [1]
    assert len(run.read("training/plan.json")["decisions"]) == 1


def test_no_rerun_begins_that_the_budget_does_not_cover(run: RunUnderTest) -> None:
    run.write_job(budget={"limit_usd": run.read("estimate.json")["high_usd"]})
    round_of(run)
    trained(run, 1)

    decision = round_of(run)

    assert decision["action"] == "keep"
    assert "budget.limit_usd" in decision["why"]


def test_no_rerun_begins_past_the_deadline(run: RunUnderTest) -> None:
    run.write_job(training={"deadline_hours": 2})
    round_of(run, NOW)
    trained(run, 1)

    decision = round_of(run, "2026-11-23T12:30:00Z")

    assert decision["action"] == "keep"
    assert "training.deadline_hours" in decision["why"]


def test_no_rerun_begins_that_would_end_past_the_deadline_if_it_took_as_long(run: RunUnderTest) -> None:
    run.write_job(training={"deadline_hours": 5})
    round_of(run, NOW)
    trained(run, 1)

    took = run.read("training/jobs/1.json")
    assert took["submitted"] < took["ended"]
    decision = round_of(run, "2026-11-23T14:45:00Z")

    assert decision["action"] == "keep"
    assert "another job as long as the longest" in decision["why"]


def test_what_an_earlier_execution_kept_is_kept_though_another_job_was_refused(run: RunUnderTest) -> None:
    run.write_job(stopping={"policy": "pair"})
    round_of(run)
    trained(run, 1)
    plan_job(run.event(job=2), None)
    run.conclude_job(number=2, refused="Bedrock.ValidationException: in passing")
    kept = round_of(run)
    assert (kept["action"], kept["models"]) == ("keep", [1])
    plan_release(run.event(LATER, outcome="failed", reason="Crash"), None)
    run.ledger.reopen_run(RUN)

    again = round_of(run)

    assert (again["action"], again["models"], again["jobs"]) == ("keep", [1], [])
    assert run.ledger.run(RUN).chosen == 1


def test_models_are_judged_on_validation_and_the_others_are_due_at_once(run: RunUnderTest) -> None:
    run.write_job(stopping={"policy": "pair"})
    assert round_of(run)["jobs"] == [1, 2]
    for number, right in ((1, 0.9), (2, 0.5)):
        trained(run, number)
        judge(run, number, right)

    decision = round_of(run)

    assert (decision["action"], decision["models"]) == ("keep", [1])
    assert decision["delete"] == [{"name": f"{PROJECT}-{RUN}-2", "token": "model-2"}]
    assert run.ledger.run(RUN).chosen == 1
    spare = next(item for item in run.ledger.capacity(RUN) if item.token == "model-2")
    assert (spare.purpose, spare.expires) == ("not chosen", LATER)


def test_a_model_is_judged_on_a_deployment_of_its_own_and_asked_no_record_twice(run: RunUnderTest) -> None:
    run.write_job(stopping={"policy": "pair"}, serving={"path": "provisioned"})
    round_of(run)
    trained(run, 2)
    judge(run, 2, 0.6)
    asked = len(run.bedrock.asked)

    again = answer_validation(run.event(LATER, job=2), MUCH_TIME)

    plan = next(item for item in run.ledger.capacity(RUN) if item.token == "judge-2")
    assert (plan.kind, plan.name) == (CapacityKind.DEPLOYMENT, f"{PROJECT}-{RUN}-2")
    assert again == {"unfinished": False, "capacity": {"name": plan.name, "token": "judge-2"}}
    assert (asked, len(run.bedrock.asked)) == (50, 50)
    told = run.read("training/judged/2.json")
    assert (told["metric"], told["value"], len(told["scores"])) == ("exact_match", 60.0, 50)
    assert Decimal(told["cost_usd"]) > 0


def test_the_blind_test_is_never_opened_to_choose_a_model(run: RunUnderTest) -> None:
    run.artifacts.delete(blind_test_key(RUN))
    run.write_job(stopping={"policy": "pair"})
    round_of(run)
    for number in (1, 2):
        trained(run, number)
        judge(run, number, 0.9)

    assert round_of(run)["action"] == "keep"


def test_a_job_that_bedrock_refuses_leaves_nothing_and_is_asked_for_again_by_a_second_execution(
    run: RunUnderTest,
) -> None:
    run.plan_job()

    assert run.conclude_job(refused="Bedrock.ValidationException: no such role")["status"] == "Refused"

    decision = round_of(run)
    assert (decision["action"], decision["error"]) == ("fail", "JobRefused")
    assert "no such role" in decision["why"]
    assert run.ledger.open_capacity() == []
    run.ledger.close_run(RUN, outcome="failed", reason="refused", now=LATER)
    run.ledger.reopen_run(RUN)
    assert (round_of(run)["action"], round_of(run)["jobs"]) == ("train", [1])


@pytest.mark.parametrize(
    ("ended", "error", "why"),
    [
        ({"status": "Failed", "failureMessage": "bad data"}, "JobFailed", "bad data"),
        ({"status": "Stopped"}, "JobStopped", "it diverged"),
    ],
)
def test_a_job_that_leaves_no_model_ends_training_with_its_reason(
    run: RunUnderTest, ended: dict[str, Any], error: str, why: str
) -> None:
    run.plan_job()
    run.finish_job(outputModelArn="", **ended)
    run.conclude_job(stopped_because="it diverged")

    decision = round_of(run)

    assert (decision["action"], decision["error"]) == ("fail", error)
    assert why in decision["why"]
    assert run.ledger.open_capacity() == []


def judge(run: RunUnderTest, number: int, right: float) -> None:
    """Let a job's model answer so large a share of the validation records rightly."""
    plan = plan_capacity(run.event(LATER, job=number), None)
    arn = f"{DEPLOYMENT_ARN[:-1]}{number}"
    run.ledger.update_capacity(RUN, plan["token"], arn=arn, state=CapacityState.OPEN)

    def answer(text: str) -> str:
        value = int(text.rpartition(" ")[2])
        return str(value % 10) if value - 2000 < 50 * right else "?"

    run.bedrock.answers[arn] = answer
    answer_validation(run.event(LATER, job=number), MUCH_TIME)


def test_a_run_that_goes_on_from_a_champion_asks_for_its_model_as_base(run: RunUnderTest) -> None:
    before = {"run": "fedcba9876543210", "model_arn": "arn:champion", "model_name": "m-1"}
    run.ledger.update_run(RUN, continues=before)

    assert run.plan_job()["request"]["BaseModelIdentifier"] == "arn:champion"


def test_a_sweep_is_planned_once_and_asked_for_in_pairs(run: RunUnderTest) -> None:
    run.write_job(sweep={})

    first = round_of(run)

    assert (first["action"], first["jobs"]) == ("train", [1, 2])
    assert round_of(run) == first
    assert [job["number"] for job in run.read("training/plan.json")["jobs"]] == [1, 2]
    asked = plan_job(run.event(job=2), None)["request"]["HyperParameters"]
    assert asked == {"epochCount": "3", "learningRate": "0.00000333", "learningRateWarmupSteps": "2"}


def test_a_round_that_the_budget_does_not_cover_is_not_begun(run: RunUnderTest) -> None:
    run.write_job(sweep={}, budget={"limit_usd": 0.05})

    decision = round_of(run)

    assert (decision["action"], decision["error"]) == ("fail", "BudgetReached")
    assert run.ledger.capacity(RUN) == []


def swept(run: RunUnderTest, **sweep: Any) -> None:
    """Let the first pair of a sweep run to its end."""
    run.write_job(sweep=sweep, training={"deadline_hours": 6})
    round_of(run, NOW)
    for number in (1, 2):
        trained(run, number)


def test_the_next_pair_of_a_sweep_begins_where_it_can_end_in_time(run: RunUnderTest) -> None:
    swept(run)

    assert round_of(run, "2026-11-23T13:00:00Z")["jobs"] == [3]


def test_a_deadline_between_two_jobs_of_a_sweep_ends_it_with_what_it_trained(run: RunUnderTest) -> None:
    swept(run)

    waiting = round_of(run, "2026-11-23T14:00:00Z")
    assert (waiting["action"], waiting["models"]) == ("judge", [1, 2])
    for number in (1, 2):
        judge(run, number, 0.9)
    decision = round_of(run, "2026-11-23T15:00:00Z")

    assert (decision["action"], decision["models"]) == ("keep", [1])
    assert "another job as long as the longest" in decision["why"]
    assert [job["number"] for job in run.read("training/plan.json")["jobs"]] == [1, 2]


def test_no_pair_of_a_sweep_begins_that_the_budget_does_not_cover(run: RunUnderTest) -> None:
    swept(run)
    estimate, jobs = (
        run.read("estimate.json"),
        [run.read(f"training/jobs/{number}.json") for number in (1, 2)],
    )
    others = Decimal(estimate["high_usd"]) - Decimal(estimate["items"][0]["high_usd"])
    spent = sum(Decimal(job["cost_usd"]) for job in jobs)
    run.write_job(sweep={}, budget={"limit_usd": str(others + spent)})

    assert round_of(run)["action"] == "judge"
    assert "budget.limit_usd" in run.read("training/plan.json")["decisions"][-1]["why"]


def test_a_setting_that_was_refused_is_asked_for_again_only_in_its_own_round(run: RunUnderTest) -> None:
    run.write_job(sweep={"data_shares": [0.5, 1]})
    round_of(run)
    trained(run, 1)
    plan_job(run.event(job=2), None)
    run.conclude_job(number=2, refused="Bedrock.AccessDeniedException: in passing")
    reopened(run)
    assert round_of(run)["jobs"] == [2]
    run.conclude_job(number=2, refused="Bedrock.AccessDeniedException: for good")
    assert round_of(run)["jobs"] == [3]
    trained(run, 3)
    for number in (1, 3):
        judge(run, number, 0.9)
    assert round_of(run)["jobs"] == [4, 5]
    reopened(run)

    assert round_of(run)["jobs"] == [4, 5]


def reopened(run: RunUnderTest) -> None:
    plan_release(run.event(LATER, outcome="failed", reason="Crash"), None)
    run.ledger.reopen_run(RUN)


def test_a_job_on_a_share_of_the_records_reads_a_file_that_holds_as_many(run: RunUnderTest) -> None:
    run.write_job(sweep={"data_shares": [0.25, 1]})
    round_of(run)

    request = plan_job(run.event(job=1), None)["request"]
    again = plan_job(run.event(job=2), None)["request"]

    uri = f"s3://artifacts/runs/{RUN}/training/shares/25.jsonl"
    assert request["TrainingDataConfig"] == again["TrainingDataConfig"] == {"S3Uri": uri}
    assert botocores_complaints(request) == ""
    lines = set(run.artifacts.lines(f"runs/{RUN}/training/shares/25.jsonl"))
    assert len(lines) == 100
    assert lines < {record(number) for number in range(1000, 1400)}


def test_a_job_on_a_share_of_the_records_costs_that_share(run: RunUnderTest) -> None:
    run.write_job(sweep={"data_shares": [0.25, 1]})
    round_of(run)
    trained(run, 1)

    # Three settings on a quarter, two on all: 3 epochs each are 8.25 of all records.
    usd = Decimal(run.read("estimate.json")["items"][0]["usd"])
    assert Decimal(run.read("training/jobs/1.json")["cost_usd"]) == usd * Decimal("0.75") / Decimal("8.25")
