"""What becomes of an upload? Outcome, status, ledger, and nothing billable left but the champion."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import yaml

from tests.cloud import CloudUnderTest, run_of_upload, triage_data
from tests.scenarios.plays import (
    NOTHING,
    TINY,
    Played,
    beatable_data,
    better_data,
    check_nothing_billable_but_the_champion,
    job,
    play,
    scenario,
)
from tunesmith.ledger import CapacityState, Run
from tunesmith.settings import function_settings

# --- a good run


def good(cloud: CloudUnderTest) -> Played:
    return play(cloud, job("good", evaluation={}), triage_data())


@scenario(good)
def test_a_better_candidate_is_promoted_and_served(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.output["outcome"], played.run.outcome) == (
        "SUCCEEDED",
        "promoted",
        "promoted",
    )
    champion = cloud.ledger.champion("good")
    assert champion is not None
    assert champion.run == played.run.run
    assert cloud.champion_parameter("good") == champion.arn
    check_nothing_billable_but_the_champion(cloud, "good")
    answer = cloud.client("bedrock-runtime").converse(
        modelId=champion.arn, messages=[{"role": "user", "content": [{"text": "My invoice is wrong"}]}]
    )
    assert answer["output"]["message"]["content"][0]["text"]
    report = cloud.report(played.run.run)
    gain = report["evaluation"]["gain"]
    assert gain["low"] > gain["minimum"]
    assert gain["low"] <= gain["value"] <= gain["high"]
    assert report["outcome"] == "promoted"
    assert report["training"]["jobs"][0]["curves"]["training"]
    assert {f"runs/{played.run.run}/{name}" for name in ("report.html", "model_card.html")} <= set(
        cloud.artifact_keys(f"runs/{played.run.run}/")
    )
    assert {one["label"] for one in report["savings"]["others"]} == {"base", "few_shot"}


# --- runs that end early, with an answer


def bad_dataset(cloud: CloudUnderTest) -> Played:
    lines = triage_data(records=200).splitlines()
    lines[3] = b"{not json"
    for number in range(20, 60):
        lines[number] = b'{"schemaVersion": "bedrock-conversation-2024", "messages": []}'
    return play(cloud, job("bad-dataset"), b"\n".join(lines))


@scenario(bad_dataset)
def test_a_bad_dataset_ends_invalid_with_every_bad_line_listed(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "invalid")
    rejected = cloud.client("s3").get_object(
        Bucket=cloud.deployment["artifacts_bucket"], Key=f"runs/{played.run.run}/data/rejected.jsonl"
    )["Body"]
    lines = [json.loads(line) for line in rejected.iter_lines()]
    assert {line["line"] for line in lines} == {4, *range(21, 61)}
    assert all(line["rule"] and line["reason"] for line in lines)
    assert cloud.jobs("bad-dataset") == []
    check_nothing_billable_but_the_champion(cloud, "bad-dataset")


def over_budget(cloud: CloudUnderTest) -> Played:
    return play(cloud, job("over-budget", budget={"limit_usd": 0.01}), triage_data())


@scenario(over_budget)
def test_a_run_over_its_budget_spends_nothing(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "over_budget")
    assert "0.01" in played.run.reason
    assert cloud.jobs("over-budget") == []
    check_nothing_billable_but_the_champion(cloud, "over-budget")


def retired_model(cloud: CloudUnderTest) -> Played:
    return play(cloud, job("retired-model", base_model="amazon.titan-text-premier-v1:0"), triage_data())


@scenario(retired_model)
def test_a_retired_model_is_refused_with_a_successor(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "refused")
    assert "retired" in played.run.reason
    assert "nova" in played.run.reason.lower()
    assert cloud.jobs("retired-model") == []
    check_nothing_billable_but_the_champion(cloud, "retired-model")


def not_better(cloud: CloudUnderTest) -> Played:
    cloud.fault("not-better", job={"learns": False})
    return play(cloud, job("not-better"), triage_data())


@scenario(not_better)
def test_a_candidate_that_is_not_better_is_not_served(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "rejected")
    assert cloud.ledger.champion("not-better") is None
    assert cloud.champion_parameter("not-better") is None
    assert cloud.billable("not-better") == NOTHING


def small_test(cloud: CloudUnderTest) -> Played:
    return play(cloud, job("small-test"), triage_data(records=150))


@scenario(small_test)
def test_a_test_below_a_hundred_records_is_inconclusive(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "inconclusive")
    assert cloud.ledger.champion("small-test") is None
    check_nothing_billable_but_the_champion(cloud, "small-test")


# --- runs in which something broke


def job_fails(cloud: CloudUnderTest) -> Played:
    cloud.fault("job-fails", job={"ends": "Failed", "message": "Could not validate GetObject permissions"})
    return play(cloud, job("job-fails"), triage_data())


@scenario(job_fails)
def test_a_failed_job_fails_the_run_with_bedrocks_reason(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("FAILED", "failed")
    assert "Could not validate GetObject permissions" in played.run.reason
    assert cloud.billable("job-fails") == NOTHING


# Bedrock alone asks grade_answers, in a reinforcement; rate_shard is asked where a judge or a user's function
# is the metric.
IN_THE_RUN = sorted(
    set(function_settings())
    - {"admit_upload", "find_overdue", "restore_champion", "plan_release", "write_report"}
    - {"grade_answers", "rate_shard"}
)
BEHIND_A_VERDICT = ("plan_serving", "record_champion", "smoke_test")
"""What only a candidate comes to that was proven better."""


def function_raises(cloud: CloudUnderTest, function: str) -> Played:
    project = f"raises-{function.replace('_', '-')}"
    cloud.fault(project, functions={function: {"error": "RuntimeError", "message": f"{function} broke"}})
    # Models are judged where there are two to choose from.
    policy = "pair" if function == "answer_validation" else "single"
    asks = {"budget": {"ask_above": 0}} if function == "ask_approval" else {}
    records = 500 if function in BEHIND_A_VERDICT else TINY
    return play(cloud, job(project, stopping={"policy": policy}, **asks), triage_data(records=records))


@pytest.mark.parametrize("function", IN_THE_RUN)
@scenario(function_raises)
def test_a_function_that_raises_fails_the_run_and_all_is_given_back(
    cloud: CloudUnderTest, played: Played, function: str
) -> None:
    assert (played.status, played.run.outcome) == ("FAILED", "failed")
    assert f"{function} broke" in played.run.reason
    assert cloud.ledger.champion(played.project) is None
    assert cloud.champion_parameter(played.project) is None
    check_nothing_billable_but_the_champion(cloud, played.project)


def release_raises(cloud: CloudUnderTest, function: str) -> str:
    project = f"breaks-{function.replace('_', '-')}"
    cloud.fault(project, functions={function: {"error": "RuntimeError", "message": f"{function} broke"}})
    run = cloud.submit(job(project), triage_data(records=500))
    status: str = cloud.wait_for_run(run)["status"]
    return status


@pytest.mark.parametrize("function", ["plan_release", "write_report"])
@scenario(release_raises)
def test_a_release_that_breaks_turns_the_run_red(cloud: CloudUnderTest, played: str, function: str) -> None:
    assert played == "FAILED"
    if function == "write_report":
        check_nothing_billable_but_the_champion(cloud, "breaks-write-report")


def restore_raises(cloud: CloudUnderTest) -> Played:
    cloud.fault(
        "raises-restore",
        functions={
            "record_champion": {"error": "RuntimeError", "message": "record_champion broke"},
            "restore_champion": {"error": "RuntimeError", "message": "restore_champion broke"},
        },
    )
    return play(cloud, job("raises-restore"), triage_data(records=500))


@scenario(restore_raises)
def test_a_broken_rollback_still_ends_in_release(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("FAILED", "failed")
    check_nothing_billable_but_the_champion(cloud, "raises-restore")


def admit_raises(cloud: CloudUnderTest) -> int:
    cloud.fault(
        "raises-admit", functions={"admit_upload": {"error": "RuntimeError", "message": "admit broke"}}
    )
    cloud.submit(job("raises-admit"), triage_data(records=150))
    return cloud.dead_letters_naming("datasets/raises-admit/")


@scenario(admit_raises)
def test_an_upload_that_cannot_be_admitted_is_kept_in_the_dead_letter_queue(
    cloud: CloudUnderTest, played: int
) -> None:
    assert played >= 1
    assert cloud.runs_of("raises-admit") == []


def choice_breaks(cloud: CloudUnderTest) -> Played:
    cloud.fault("choice-breaks", functions={"check_preflight": {"returns": {"verdict": "no outcome here"}}})
    return play(cloud, job("choice-breaks"), triage_data(records=200))


@scenario(choice_breaks)
def test_an_error_in_a_choice_reaches_release(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("FAILED", "failed")
    check_nothing_billable_but_the_champion(cloud, "choice-breaks")


def pass_breaks(cloud: CloudUnderTest) -> Played:
    cloud.fault("pass-breaks", functions={"decide_promotion": {"returns": {"outcome": "rejected"}}})
    return play(cloud, job("pass-breaks"), triage_data(records=200))


@scenario(pass_breaks)
def test_an_error_in_a_pass_reaches_release(cloud: CloudUnderTest, played: Played) -> None:
    """The Pass "End early" reads a reason that is not there."""
    assert (played.status, played.run.outcome) == ("FAILED", "failed")
    assert cloud.billable("pass-breaks")["deployments"] == []
    check_nothing_billable_but_the_champion(cloud, "pass-breaks")


def stopped(cloud: CloudUnderTest) -> Run:
    run = cloud.submit(job("stopped"), triage_data(records=200))
    cloud.wait_for_billable("stopped", "jobs")
    cloud.client("stepfunctions").stop_execution(executionArn=cloud.execution_arn("pipeline", f"{run}-1"))
    return cloud.wait_for_close(run)


@scenario(stopped)
def test_an_execution_stopped_by_hand_is_released_and_reported(cloud: CloudUnderTest, played: Run) -> None:
    assert cloud.wait_for_run(played.run)["status"] == "ABORTED"
    assert played.outcome == "failed"
    assert cloud.billable("stopped")["jobs"] == []
    check_nothing_billable_but_the_champion(cloud, "stopped")
    assert cloud.report(played.run)["outcome"] == "failed"


def kept(cloud: CloudUnderTest) -> Played:
    cloud.fault(
        "kept",
        job={"learns": False},
        bedrock={"DeleteCustomModelDeployment": {"error": "AccessDeniedException", "message": "not yours"}},
    )
    return play(cloud, job("kept"), triage_data(records=500))


@scenario(kept)
def test_release_goes_on_past_what_it_cannot_give_back_and_raises_the_alarm(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert played.status == "FAILED"
    left = cloud.billable("kept")
    assert left["jobs"] == []
    assert len(left["deployments"]) == 1
    items = {c.kind: c for c in cloud.ledger.capacity(played.run.run)}
    assert items["deployment"].state == CapacityState.KEPT  # type: ignore[index]
    assert "not yours" in items["deployment"].problem  # type: ignore[index]
    assert any("could not be given back" in message for message in cloud.messages_naming(played.run.run))


# --- the same, twice, late, or not at all


def five_at_once(cloud: CloudUnderTest) -> Run:
    body, train = yaml.safe_dump(job("five-at-once")).encode(), triage_data(records=200)
    cloud.put("datasets/five-at-once/train.jsonl", train)
    uploads = [
        threading.Thread(target=cloud.put, args=("datasets/five-at-once/job.yaml", body)) for _ in range(5)
    ]
    for upload in uploads:
        upload.start()
    for upload in uploads:
        upload.join()
    run = run_of_upload(body, train)
    cloud.wait_for_run(run)
    return cloud.wait_for_close(run)


@scenario(five_at_once)
def test_the_same_upload_five_times_at_once_is_one_run(cloud: CloudUnderTest, played: Run) -> None:
    assert [run.run for run in cloud.runs_of("five-at-once")] == [played.run]
    assert [e["name"] for e in cloud.executions("pipeline") if e["name"].startswith(played.run)] == [
        f"{played.run}-1"
    ]
    assert len(cloud.jobs("five-at-once")) == 1


def changed_data(cloud: CloudUnderTest) -> tuple[Played, Played]:
    first = play(cloud, job("changed-data"), beatable_data())
    second = play(cloud, job("changed-data"), better_data())
    return first, second


@scenario(changed_data)
def test_changed_data_is_a_new_run_behind_the_same_name(
    cloud: CloudUnderTest, played: tuple[Played, Played]
) -> None:
    first, second = played
    assert first.run.run != second.run.run
    assert (first.run.outcome, second.run.outcome) == ("promoted", "promoted")
    evaluation = cloud.report(second.run.run)["evaluation"]
    labels = [model["label"] for model in evaluation["models"]]
    assert labels == ["candidate", "base", "champion"]
    assert evaluation["gain"]["low"] > evaluation["gain"]["minimum"]
    champion = cloud.ledger.champion("changed-data")
    assert champion is not None
    assert champion.run == second.run.run
    assert champion.previous is not None
    assert champion.previous["run"] == first.run.run
    assert champion.capacity_run == first.run.run, "callers keep the first deployment's ARN"
    assert cloud.champion_parameter("changed-data") == champion.arn
    served = cloud.client("bedrock").get_custom_model_deployment(customModelDeploymentIdentifier=champion.arn)
    assert served["modelArn"] == champion.model_arn
    left = cloud.billable("changed-data")
    assert left["deployments"] == [champion.capacity_name]
    assert set(left["models"]) == {champion.model_name, champion.previous["model_name"]}


def no_better(cloud: CloudUnderTest) -> list[Played]:
    return [play(cloud, job("no-better"), triage_data(records=400, seed=seed)) for seed in (7, 8)]


@scenario(no_better)
def test_a_model_that_is_better_than_base_but_not_than_the_champion_is_not_promoted(
    cloud: CloudUnderTest, played: list[Played]
) -> None:
    first, second = played
    assert [one.run.outcome for one in played] == ["promoted", "inconclusive"]
    assert "The gain over the champion" in second.run.reason
    champion = cloud.ledger.champion("no-better")
    assert champion is not None
    assert champion.run == first.run.run
    check_nothing_billable_but_the_champion(cloud, "no-better")


def job_first(cloud: CloudUnderTest) -> Played:
    return play(cloud, job("job-first"), triage_data(records=150), job_first=True)


@scenario(job_first)
def test_a_job_file_that_comes_before_its_data_waits_for_it(cloud: CloudUnderTest, played: Played) -> None:
    assert played.status == "SUCCEEDED"
    assert len(cloud.runs_of("job-first")) == 1


def own_output(cloud: CloudUnderTest) -> int:
    first = play(cloud, job("own-output"), triage_data(records=150))
    key = f"runs/{first.run.run}/data/train.jsonl"
    body = cloud.client("s3").get_object(Bucket=cloud.deployment["artifacts_bucket"], Key=key)["Body"].read()
    cloud.client("s3").put_object(Bucket=cloud.deployment["artifacts_bucket"], Key=key, Body=body)
    cloud.put(key, body)
    cloud.put("settings/notes.txt", b"no job\n")
    cloud.wait_for_quiet_queue()
    return len([e for e in cloud.executions("pipeline") if e["name"].startswith(first.run.run)])


@scenario(own_output)
def test_an_upload_of_the_pipelines_own_output_starts_no_run(cloud: CloudUnderTest, played: int) -> None:
    assert played == 1
    assert len(cloud.runs_of("own-output")) == 1


def malformed_job(cloud: CloudUnderTest) -> dict[str, Any]:
    body = yaml.safe_dump({"project": "malformed", "base_modle": "x", "data": 3}).encode()
    cloud.put("datasets/malformed/job.yaml", body)
    return cloud.wait_for_rejection("malformed")


@scenario(malformed_job)
def test_a_malformed_job_file_is_answered_with_every_problem(
    cloud: CloudUnderTest, played: dict[str, Any]
) -> None:
    said = " ".join(played["problems"])
    assert "base_modle" in said
    assert "base_model" in said
    assert "data" in said
    assert cloud.runs_of("malformed") == []
