"""Does every kind of customization get from an upload to a verdict?"""

from __future__ import annotations

import gzip
import hashlib
import json
import re

import pytest
import yaml

from examples.support_triage.generate import tickets
from tests.cloud import CloudUnderTest, triage_data
from tests.scenarios.plays import (
    NOTHING,
    SMALL,
    Played,
    check_nothing_billable_but_the_champion,
    deploy_function,
    finish,
    job,
    play,
    scenario,
)
from tests.scenarios.test_families import offer
from tunesmith import names
from tunesmith.catalogue import find_model


def reinforced(cloud: CloudUnderTest) -> Played:
    model = find_model("nova-2-lite")
    offer(cloud, model)
    given = job(
        "reinforced",
        base_model=model.name,
        kind="reinforcement",
        reinforcement={"grader": "exact_match"},
        hyperparameters={"epochCount": 4, "trainingSamplePerPrompt": 8, "evalInterval": 5},
        evaluation={"max_tokens": 16, "few_shot": False, "noise_records": 0},
    )
    return play(cloud, given, prompts(SMALL))


def prompts(records: int) -> bytes:
    """Tickets as prompts of OpenAI's format, whose labels the grader alone is told."""
    lines = []
    for line in triage_data(records=records).splitlines():
        record = json.loads(line)
        asked, answered = (turn["content"][0]["text"] for turn in record["messages"])
        system = {"role": "system", "content": record["system"][0]["text"]}
        turns = [system, {"role": "user", "content": asked}]
        lines.append(json.dumps({"messages": turns, "reference_answer": answered, "source": "shop"}))
    return "\n".join(lines).encode()


@scenario(reinforced)
def test_a_model_earns_its_rewards_from_the_deployed_grader_and_is_judged_as_any(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "promoted"), played.run.reason
    [name] = cloud.jobs("reinforced")
    made = cloud.client("bedrock").get_model_customization_job(jobIdentifier=name)
    asked = made["customizationConfig"]["rftConfig"]
    # The version that stood when the job was planned grades it to its end.
    assert re.fullmatch(r".*GradeAnswers.*:\d+", asked["graderConfig"]["lambdaGrader"]["lambdaArn"])
    assert asked["hyperParameters"]["epochCount"] == 4
    [told] = cloud.report(played.run.run)["training"]["jobs"]
    rewards = [value for _, _, value in told["curves"]["training"]]
    third = len(rewards) // 3
    assert told["measure"] == "reward"
    assert sum(rewards[-third:]) > 1.3 * sum(rewards[:third])
    assert told["curves"]["validation"][-1][2] > told["curves"]["validation"][0][2]
    # Hours of the simulated clock, which a machine under load makes many of.
    assert 0 < told["cost_usd"] <= cloud.report(played.run.run)["cost"]["limit"]
    check_nothing_billable_but_the_champion(cloud, "reinforced")


def graded_by_nonsense(cloud: CloudUnderTest) -> Played:
    model = find_model("nova-2-lite")
    offer(cloud, model)
    grader = {"grader": deploy_function(cloud, "nonsense", NONSENSE)}
    given = job("ill-graded", base_model=model.name, kind="reinforcement", reinforcement=grader)
    return play(cloud, given, prompts(SMALL))


NONSENSE = """
def lambda_handler(event, _context):
    return [{"id": one["id"], "aggregate_reward_score": len(one["id"]) * 0.0} for one in event]
"""


@scenario(graded_by_nonsense)
def test_a_users_function_that_rewards_every_answer_alike_is_refused_before_anything_is_paid(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "refused")
    assert "8 right answers were given 0 on average, and 24 wrong ones 0" in played.run.reason
    assert cloud.billable("ill-graded") == NOTHING
    assert cloud.jobs("ill-graded") == []


def distilled(cloud: CloudUnderTest) -> Played:
    given = job("distilled", hyperparameters={}, kind="distillation", distillation={"teacher": "nova-pro"})
    return play(
        cloud,
        {**given, "evaluation": {"max_tokens": 16, "few_shot": False, "noise_records": 0}},
        triage_data(records=SMALL),
    )


@scenario(distilled)
def test_a_student_is_taught_judged_and_paid_for_with_its_teacher(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert played.status == "SUCCEEDED", played.cause
    # The teacher is an untuned model: whether its student beats the base model is what the verdict says.
    assert played.run.outcome in ("promoted", "rejected", "inconclusive"), played.run.reason
    [name] = cloud.jobs("distilled")
    made = cloud.client("bedrock").get_model_customization_job(jobIdentifier=name)
    teacher = made["customizationConfig"]["distillationConfig"]["teacherModelConfig"]
    assert teacher["teacherModelIdentifier"] == "amazon.nova-pro-v1:0"
    assert made["hyperParameters"] == {}
    check_nothing_billable_but_the_champion(cloud, "distilled")


def distilled_from_a_log(cloud: CloudUnderTest) -> Played:
    given = job(
        "from-a-log",
        data="log.json.gz",
        hyperparameters={},
        kind="distillation",
        distillation={
            "teacher": "nova-pro",
            "logs": {"use_logged_answers": True, "filters": {"equals": {"team": "support"}}},
        },
    )
    entries = [
        *logged(triage_data(records=SMALL), team="support"),
        # What another team was answered would teach nonsense.
        *(
            entry.replace(b"shop", b"bank")
            for entry in logged(triage_data(records=SMALL, seed=9), team="bank")
        ),
    ]
    return play(cloud, given, b"\n".join(entries))


def logged(records: bytes, *, team: str) -> list[bytes]:
    """Spell records as a log of what their teacher answered."""
    found = []
    for line in records.splitlines():
        record = json.loads(line)
        *turns, answer = record["messages"]
        entry = {
            "schemaType": "ModelInvocationLog",
            "modelId": "amazon.nova-pro-v1:0",
            "requestMetadata": {"team": team},
            "input": {"inputBodyJson": {"system": record["system"], "messages": turns}},
            "output": {"outputBodyJson": {"output": {"message": answer}, "stopReason": "end_turn"}},
        }
        found.append(json.dumps(entry).encode())
    return found


@pytest.mark.soak
@scenario(distilled_from_a_log)
def test_a_student_learns_what_its_teacher_was_logged_to_answer_and_its_blind_test_stays_blind(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "promoted"), played.run.reason
    run = played.run.run
    [name] = cloud.jobs("from-a-log")
    made = cloud.client("bedrock").get_model_customization_job(jobIdentifier=name)
    bucket, key = cloud.deployment["artifacts_bucket"], f"runs/{run}/data/train-log.json.gz"
    assert made["trainingDataConfig"]["invocationLogsConfig"] == {
        "usePromptResponse": True,
        "invocationLogSource": {"s3Uri": f"s3://{bucket}/{key}"},
    }
    s3 = cloud.client("s3")
    log = gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    blind = s3.get_object(Bucket=bucket, Key=f"blind/{run}/test.jsonl")["Body"].read()
    trained = {
        json.dumps(json.loads(line)["input"]["inputBodyJson"]["messages"]) for line in log.splitlines()
    }
    tested = {json.dumps(json.loads(line)["messages"][:1]) for line in blind.splitlines()}
    assert len(trained) > 100
    assert len(tested) >= 100
    assert not trained & tested
    assert b"bank" not in log
    items = {item["what"] for item in cloud.report(run)["cost"]["items"]}
    assert not any(what.startswith("teacher") for what in items)
    check_nothing_billable_but_the_champion(cloud, "from-a-log")


TITAN = find_model("titan-text-express")


def read(cloud: CloudUnderTest, project: str, questions: bytes = b"") -> Played:
    """Let a model that is offered once more read notes, and answer questions where there are any."""
    offer(cloud, TITAN)
    notes = [f"Case note, queue {label}: {text}" for text, label in tickets(200, seed=3)]
    train = "".join(json.dumps({"input": note}) + "\n" for note in notes).encode()
    files = {"train": train, **({"test": questions} if questions else {})}
    given = job(
        project,
        base_model=TITAN.name,
        kind="continued-pre-training",
        data={role: f"{role}.jsonl" for role in files},
        budget={"limit_usd": 1000},
    )
    body = yaml.safe_dump(given).encode()
    for role, content in files.items():
        cloud.put(f"datasets/{project}/{role}.jsonl", content)
    cloud.put(f"datasets/{project}/job.yaml", body)
    digests = [(role, hashlib.sha256(content).hexdigest()) for role, content in files.items()]
    return finish(cloud, names.run_id(body, digests))


def read_and_asked(cloud: CloudUnderTest) -> Played:
    return read(cloud, "read-and-asked", triage_data(records=140, seed=41))


@scenario(read_and_asked)
def test_a_model_that_read_texts_is_judged_by_the_questions_that_the_user_brings(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "promoted"), played.run.reason
    [name] = cloud.jobs("read-and-asked")
    made = cloud.client("bedrock").get_model_customization_job(jobIdentifier=name)
    assert made["customizationType"] == "CONTINUED_PRE_TRAINING"
    [trained] = cloud.report(played.run.run)["training"]["jobs"]
    assert len(trained["curves"]["validation"]) == 2
    check_nothing_billable_but_the_champion(cloud, "read-and-asked")


def read_and_not_asked(cloud: CloudUnderTest) -> Played:
    return read(cloud, "read-not-asked")


@scenario(read_and_not_asked)
def test_a_model_that_read_texts_and_is_asked_nothing_is_kept_and_not_promoted(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "inconclusive"), played.cause
    assert "texts hold no answers" in played.run.reason
    report = cloud.report(played.run.run)
    assert report["evaluation"] is None
    assert [item["what"] for item in report["capacity"]] == ["job", "model"]
    assert report["training"]["jobs"][0]["curves"]["validation"]
    check_nothing_billable_but_the_champion(cloud, "read-not-asked")
