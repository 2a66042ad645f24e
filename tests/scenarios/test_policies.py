"""How long does a run train? Jobs made, model kept, and nothing billable left of the others."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest

from examples.support_triage.vocabulary import LABELS
from tests.cloud import CloudUnderTest, triage_data
from tests.scenarios.plays import (
    HOURLY,
    NOTHING,
    SMALL,
    TINY,
    Played,
    beatable_data,
    better_data,
    check_nothing_billable_but_the_champion,
    finish,
    job,
    play,
    resume,
    scenario,
)
from tunesmith.serving.capacity import NEVER

LONG = {"epochCount": 5}
HASTY = {"epochCount": 5, "learningRate": 3e-5}
"""On noisy data the stand-in learns the noise by heart well before five such epochs are over."""


def noisy_data(records: int = 400, wrong: float = 0.3) -> bytes:
    """Tickets of which many have a wrong label: to learn them all by heart does harm."""
    chance = random.Random(1)
    lines = [json.loads(line) for line in triage_data(records=records).splitlines()]
    for line in lines:
        answer = line["messages"][-1]["content"][0]
        if chance.random() < wrong:
            answer["text"] = chance.choice([label for label in LABELS if label != answer["text"]])
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def trained(cloud: CloudUnderTest, played: Played) -> list[dict[str, Any]]:
    """The report's jobs; of their models only the chosen one is left, and no deployment but a champion's."""
    report = cloud.report(played.run.run)
    jobs: list[dict[str, Any]] = report["training"]["jobs"]
    assert [one["name"] for one in jobs if one["chosen"]] == [
        f"{played.project}-{played.run.run}-{played.run.chosen}"
    ]
    assert report["training"]["decisions"][-1]["action"] == "keep"
    kept = {one["name"] for one in jobs if one["chosen"]}
    assert set(cloud.billable(played.project)["models"]) <= kept
    check_nothing_billable_but_the_champion(cloud, played.project)
    return jobs


def asked(cloud: CloudUnderTest, project: str) -> list[dict[str, Any]]:
    """What Bedrock says of the project's jobs, in the order of their numbers."""
    bedrock = cloud.client("bedrock")
    return [bedrock.get_model_customization_job(jobIdentifier=name) for name in sorted(cloud.jobs(project))]


def probe(cloud: CloudUnderTest) -> Played:
    given = job("probe", stopping={"policy": "probe"}, hyperparameters=HASTY)
    return play(cloud, given, noisy_data())


@scenario(probe)
def test_a_probe_that_overfits_is_run_again_at_its_best_length(cloud: CloudUnderTest, played: Played) -> None:
    assert played.status == "SUCCEEDED", played.cause
    first, second = trained(cloud, played)
    losses = [loss for _, _, loss in first["curves"]["validation"]]
    best = losses.index(min(losses)) + 1
    assert losses[-1] > 1.02 * min(losses)
    assert [one["hyperParameters"]["epochCount"] for one in asked(cloud, "probe")] == ["5", str(best)]
    assert first["score"] is not None
    assert second["score"] is not None


def enough(cloud: CloudUnderTest) -> Played:
    return play(cloud, job("enough", stopping={}, hyperparameters=LONG), triage_data(records=SMALL))


@scenario(enough)
def test_a_probe_that_still_gains_is_the_only_job(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "promoted"), played.cause
    (only,) = trained(cloud, played)
    assert only["chosen"]
    assert "no rerun" in cloud.report(played.run.run)["training"]["decisions"][-1]["why"]


def pair(cloud: CloudUnderTest) -> Played:
    given = job("pair", base_model="nova-2-lite", stopping={}, hyperparameters={"epochCount": 3})
    return play(cloud, given, triage_data(records=HOURLY))


@scenario(pair)
def test_a_model_that_ignores_validation_data_is_trained_twice_at_once(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "promoted"), played.cause
    jobs = trained(cloud, played)
    described = asked(cloud, "pair")
    assert [one["hyperParameters"]["epochCount"] for one in described] == ["3", "2"]
    assert max(one["creationTime"] for one in described) < min(one["endTime"] for one in described)
    assert all(one["score"] is not None and not one["curves"]["validation"] for one in jobs)


def chain(cloud: CloudUnderTest) -> Played:
    return play(cloud, job("chain", stopping={"policy": "chain"}), noisy_data())


@scenario(chain)
def test_a_chain_stops_after_the_turn_and_keeps_the_best(cloud: CloudUnderTest, played: Played) -> None:
    assert played.status == "SUCCEEDED", played.cause
    jobs = trained(cloud, played)
    losses = [one["curves"]["validation"][-1][2] for one in jobs]
    assert len(losses) > 2
    assert losses[-1] > losses[-2] * 0.998
    assert losses[:-1] == sorted(losses[:-1], reverse=True)
    described = asked(cloud, "chain")
    assert [one["hyperParameters"]["epochCount"] for one in described] == ["1"] * len(jobs)
    assert [one["hyperParameters"].get("learningRateWarmupSteps") for one in described][1:] == ["0"] * (
        len(jobs) - 1
    )
    scores = {one["number"]: one["score"] for one in jobs}
    assert scores[played.run.chosen] >= max(scores.values()) - 10


def refused(cloud: CloudUnderTest) -> Played:
    run = cloud.submit(job("refused-chain", stopping={"policy": "chain"}), triage_data(records=SMALL))
    cloud.wait_for_billable("refused-chain", "jobs")
    refusal = {"error": "ValidationException", "message": "no custom model as base", "times": 1}
    cloud.fault("refused-chain", bedrock={"CreateModelCustomizationJob": refusal})
    return finish(cloud, run)


@scenario(refused)
def test_a_chain_that_bedrock_refuses_becomes_a_probe(cloud: CloudUnderTest, played: Played) -> None:
    assert played.status == "SUCCEEDED", played.cause
    jobs = trained(cloud, played)
    assert [(one["purpose"], one["status"]) for one in jobs[:3]] == [
        ("chain", "Completed"),
        ("chain", "Refused"),
        ("probe", "Completed"),
    ]
    assert "no custom model as base" in jobs[2]["why"]
    assert f"refused-chain-{played.run.run}-2" not in cloud.jobs("refused-chain")


def broken_rerun(cloud: CloudUnderTest) -> list[Played]:
    given = job("broken-rerun", stopping={"policy": "probe"}, hyperparameters=HASTY)
    run = cloud.submit(given, noisy_data())
    cloud.wait_for_billable("broken-rerun", "jobs")
    crash = {"error": "Crash", "when": "behind", "times": 1}
    cloud.fault("broken-rerun", states={"job/Create job": crash})
    return [finish(cloud, run), resume(cloud, run)]


@scenario(broken_rerun)
def test_a_second_execution_adopts_the_rerun_that_nobody_had_written_down(
    cloud: CloudUnderTest, played: list[Played]
) -> None:
    first, second = played
    assert (first.status, second.status) == ("FAILED", "SUCCEEDED"), second.cause
    assert len(trained(cloud, second)) == 2
    made = [f"broken-rerun-{second.run.run}-{number}" for number in (1, 2)]
    assert sorted(cloud.jobs("broken-rerun")) == made, "each job was asked for once"


def full(cloud: CloudUnderTest) -> list[Played]:
    refusal = {"error": "ServiceQuotaExceededException", "message": "no room for another custom model"}
    cloud.fault("full", bedrock={"CreateModelCustomizationJob": refusal})
    first = play(cloud, job("full"), triage_data(records=SMALL))
    cloud.fault("full")
    return [first, resume(cloud, first.run.run)]


@pytest.mark.soak
@scenario(full)
def test_an_account_without_room_for_a_model_is_waited_for_a_day_and_resumed_once_there_is_some(
    cloud: CloudUnderTest, played: list[Played]
) -> None:
    first, second = played
    assert (first.status, first.run.outcome) == ("FAILED", "failed")
    assert "no room for another custom model" in first.run.reason
    assert (second.status, second.run.outcome) == ("SUCCEEDED", "promoted"), second.cause
    assert cloud.jobs("full") == [f"full-{second.run.run}-1"]
    (only,) = trained(cloud, second)
    assert (only["number"], only["attempt"], only["status"]) == (1, 2, "Completed")


# --- the watcher

RUNAWAY = {"growth": 1.2}
"""The stand-in's rate grows with each step: the loss falls at first and then runs away."""


def diverging(cloud: CloudUnderTest) -> Played:
    cloud.fault("diverging", job={**RUNAWAY, "metrics": "early", "seconds": 48 * 3600})
    return play(cloud, job("diverging", hyperparameters=LONG), triage_data(records=SMALL))


@scenario(diverging)
def test_a_job_that_is_seen_to_diverge_is_stopped(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("FAILED", "failed")
    assert "JobStopped" in played.run.reason
    assert "training diverges" in played.run.reason
    assert [one["status"] for one in asked(cloud, "diverging")] == ["Stopped"]
    (told,) = cloud.report(played.run.run)["training"]["jobs"]
    assert told["watched"][-1]["action"] == "stop"
    assert told["watched"][-1]["evidence"]["training_loss"] > 0
    assert cloud.billable("diverging") == NOTHING


def unseen(cloud: CloudUnderTest) -> Played:
    cloud.fault("unseen", job=RUNAWAY)
    return play(cloud, job("unseen", hyperparameters=LONG), triage_data(records=SMALL))


@scenario(unseen)
def test_no_opinion_is_had_of_a_job_whose_metrics_come_at_its_end(
    cloud: CloudUnderTest, played: Played
) -> None:
    (told,) = trained(cloud, played)
    assert told["status"] == "Completed"
    first, *later = told["watched"]
    assert (first["action"], first["reason"]) == ("wait", "in progress, no metrics yet")
    # Before the last look the job may end, and metrics are there, although it was in progress when asked.
    assert {one["action"] for one in later[:-1]} <= {"wait"}


def stuck(cloud: CloudUnderTest) -> Played:
    cloud.fault("stuck", job={"hang": True})
    return play(cloud, job("stuck", training={"deadline_hours": 20}), triage_data(records=TINY))


@scenario(stuck)
def test_a_stuck_job_is_told_of_once_and_stopped_at_its_deadline(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("FAILED", "failed")
    assert "deadline_hours" in played.run.reason
    (alert,) = [text for text in cloud.messages_naming("is stuck") if f"stuck-{played.run.run}-1" in text]
    assert "stop_when_stuck" in alert
    assert cloud.billable("stuck") == NOTHING


def unstoppable(cloud: CloudUnderTest) -> Played:
    cloud.fault("unstoppable", job={"hang": True, "stopping_seconds": 24 * 3600})
    return play(cloud, job("unstoppable", training={"deadline_hours": 1}), triage_data(records=TINY))


@pytest.mark.soak
@scenario(unstoppable)
def test_a_job_that_never_ends_to_stop_is_given_up_kept_in_the_ledger_and_told(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("FAILED", "failed")
    run = played.run.run
    ended = cloud.wait_for_end("job", f"{run}-1-train-1")
    assert (ended["status"], ended["error"]) == ("FAILED", "JobStuck")
    assert (
        "was seen stopping 241 times, and does not end: it was still running after an hour" in ended["cause"]
    )
    [held] = [item for item in cloud.ledger.open_capacity() if item.run == run and item.token == "job-1"]
    assert held.expires < NEVER
    assert any("unstoppable" in text for text in cloud.messages_naming(f"unstoppable-{run}-1"))


# --- sweeps and continuation


def sweep(cloud: CloudUnderTest) -> Played:
    return play(cloud, job("sweep", stopping={}, sweep={}), triage_data(records=SMALL))


@scenario(sweep)
def test_a_sweep_trains_two_settings_at_a_time_and_keeps_one(cloud: CloudUnderTest, played: Played) -> None:
    assert played.status == "SUCCEEDED", played.cause
    jobs = trained(cloud, played)
    described = asked(cloud, "sweep")
    rates = [one["hyperParameters"].get("learningRate") for one in described]
    assert rates == ["0.00001", "0.00000333", "0.00003"]
    assert {one["hyperParameters"]["epochCount"] for one in described} == {"2"}
    for one in described:
        beside = [other for other in described if other["creationTime"] <= one["creationTime"]]
        assert sum(other["endTime"] > one["creationTime"] for other in beside) <= 2
    assert all(one["score"] is not None for one in jobs)
    assert "by luck" in cloud.report(played.run.run)["training"]["decisions"][-1]["why"]
    report = cloud.report(played.run.run)
    assert report["cost"]["actual"] <= report["cost"]["high"] <= report["cost"]["limit"]


def halved(cloud: CloudUnderTest) -> Played:
    rounds = {"over": ["learningRate", "learningRateWarmupSteps"], "data_shares": [0.25, 1]}
    return play(cloud, job("halved", stopping={}, sweep=rounds), triage_data(records=SMALL))


@pytest.mark.soak
@scenario(halved)
def test_the_better_half_of_a_sweep_goes_on_from_a_share_of_the_data_to_all_of_it(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert played.status == "SUCCEEDED", played.cause
    jobs = trained(cloud, played)
    described = asked(cloud, "halved")
    prefix = f"runs/{played.run.run}"
    files = [f"{prefix}/training/shares/25.jsonl"] * 4 + [f"{prefix}/data/train.jsonl"] * 2
    bucket = cloud.deployment["artifacts_bucket"]
    assert [one["trainingDataConfig"]["s3Uri"] for one in described] == [
        f"s3://{bucket}/{key}" for key in files
    ]
    few, many = prompts(cloud, files[0]), prompts(cloud, files[-1])
    assert few < many
    assert len(few) == math.ceil(len(many) / 4)
    assert not many & prompts(cloud, f"blind/{played.run.run}/test.jsonl")
    assert max(one["endTime"] for one in described[:4]) < min(one["creationTime"] for one in described[4:])
    assert [(one["round"], one["data_share"]) for one in jobs] == [(1, 0.25)] * 4 + [(2, 1.0)] * 2
    others = [one["score"] for one in jobs[1:4]]
    assert jobs[4]["hyperparameters"] == jobs[0]["hyperparameters"]
    best = jobs[1 + others.index(max(others))]
    assert jobs[5]["hyperparameters"] == best["hyperparameters"]
    assert played.run.chosen in (5, 6)
    report = cloud.report(played.run.run)
    assert report["cost"]["actual"] <= report["cost"]["high"] <= report["cost"]["limit"]


def late(cloud: CloudUnderTest) -> Played:
    cloud.fault("late", job={"seconds": 30 * 3600})
    given = job("late", stopping={}, sweep={}, training={"deadline_hours": 60})
    return play(cloud, given, triage_data(records=TINY))


@pytest.mark.soak
@scenario(late)
def test_a_deadline_between_two_jobs_of_a_sweep_leaves_the_best_of_those_that_ended(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert played.status == "SUCCEEDED", played.cause
    assert [one["status"] for one in trained(cloud, played)] == ["Completed", "Completed"]
    told = cloud.report(played.run.run)["training"]["decisions"][-1]["why"]
    assert "not all of the sweep is trained, since another job as long as the longest" in told


def continued(cloud: CloudUnderTest) -> list[Played]:
    early = job("continued", base_model="champion", seed=2)
    cloud.submit(early, beatable_data())
    assert "no champion yet" in cloud.wait_for_rejection("continued")["problems"][0]
    first = play(cloud, job("continued"), beatable_data())
    # Else the new data would make a run of its own with the old job file.
    old = f"datasets/{first.project}/job.yaml"
    cloud.client("s3").delete_object(Bucket=cloud.deployment["dataset_bucket"], Key=old)
    more = beatable_data() + better_data()
    return [first, play(cloud, job("continued", base_model="champion"), more)]


@scenario(continued)
def test_a_new_version_goes_on_from_the_champion_and_none_of_its_training_is_tested(
    cloud: CloudUnderTest, played: list[Played]
) -> None:
    first, second = played
    assert [one.run.outcome for one in played] == ["promoted", "promoted"], second.cause
    name = f"continued-{first.run.run}-1"
    assert second.run.continues["model_name"] == name
    assert second.run.base_model == first.run.base_model
    assert cloud.report(second.run.run)["training"]["continues"] == name
    before = prompts(cloud, f"runs/{first.run.run}/data/train.jsonl")
    after = prompts(cloud, f"runs/{second.run.run}/data/train.jsonl")
    assert before & after, "a champion is trained on further with what it was trained on"
    assert not before & prompts(cloud, f"blind/{second.run.run}/test.jsonl")
    assert not after & prompts(cloud, f"blind/{first.run.run}/test.jsonl")


def prompts(cloud: CloudUnderTest, key: str) -> set[str]:
    """What the records of a file ask."""
    body = cloud.client("s3").get_object(Bucket=cloud.deployment["artifacts_bucket"], Key=key)["Body"]
    return {json.loads(line)["messages"][0]["content"][0]["text"] for line in body.iter_lines()}
