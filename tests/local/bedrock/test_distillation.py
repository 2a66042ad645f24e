"""Does a student learn what its teacher answers, and not what the file says?"""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.bedrock.base_answers import answer_as_base
from tests.local.bedrock.conftest import BUCKET, SYSTEM, Bedrock, jsonl, tickets

TEACHER = "amazon.nova-pro-v1:0"


def taught(teacher: str = TEACHER, **changes: Any) -> dict[str, Any]:
    config = {"teacherModelIdentifier": teacher, "maxResponseLengthForInference": 100}
    return {
        "customizationType": "DISTILLATION",
        "customizationConfig": {"distillationConfig": {"teacherModelConfig": config}},
        **changes,
    }


def test_the_student_answers_as_its_teacher_whatever_the_file_answers(bedrock: Bedrock) -> None:
    asked = tickets(300, seed=3)
    bedrock.put("train.jsonl", jsonl([(text, "nonsense") for text, _ in asked]))
    arn = bedrock.start(**taught())

    job = bedrock.finish(arn)

    assert (job["status"], job["customizationType"]) == ("Completed", "DISTILLATION")
    assert job["customizationConfig"] == taught()["customizationConfig"]
    deployment = bedrock.deploy(job["outputModelArn"])
    lessons = [(text, answer_as_base(TEACHER, SYSTEM, text)) for text, _ in asked[:60]]
    assert bedrock.accuracy(deployment, lessons) > 0.8
    assert bedrock.accuracy(deployment, [(text, "nonsense") for text, _ in asked[:60]]) == 0


def test_a_student_that_is_fine_tuned_on_pairs_is_taught_on_conversations(bedrock: Bedrock) -> None:
    bedrock.put("train.jsonl", jsonl(tickets(120, seed=3)))
    llama = "meta.llama3-1-8b-instruct-v1:0:128k"
    bedrock.set_parameter(
        "/tunesmith-local/account", {"foundation_models": {llama: {"regions": ["us-east-1"]}}}
    )
    student = taught("us.meta.llama3-3-70b-instruct-v1:0", baseModelIdentifier=llama)
    assert bedrock.finish(bedrock.start(**student))["status"] == "Completed"


def test_fewer_than_a_hundred_prompts_are_refused_once_they_are_read(bedrock: Bedrock) -> None:
    bedrock.put("train.jsonl", jsonl(tickets(99, seed=3)))
    job = bedrock.finish(bedrock.start(**taught()))
    assert job["status"] == "Failed"
    assert "is 99; it must be from 100 to" in job["failureMessage"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (taught(baseModelIdentifier="amazon.nova-pro-v1:0:300k"), "is not supported for the student"),
        (taught("amazon.nova-micro-v1:0"), "is not supported for the student"),
        (taught(hyperParameters={"epochCount": "2"}), "Hyperparameters are not supported"),
        (taught(customizationConfig=None), "distillationConfig is required"),
        (taught(customizationType="FINE_TUNING"), "distillationConfig is not allowed"),
        (taught(baseModelIdentifier="amazon.nova-2-lite-v1:0:256k"), "does not support customization type"),
    ],
)
def test_what_does_not_go_together_is_refused(bedrock: Bedrock, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ClientError, match=words) as raised:
        bedrock.start(**changes)
    assert raised.value.response["Error"]["Code"] == "ValidationException"


def log(answers: list[tuple[str, str]], model: str = TEACHER) -> bytes:
    """An invocation log of one question and one answer an entry."""
    records = (json.loads(line) for line in jsonl(answers).splitlines())
    entries = (
        {
            "schemaType": "ModelInvocationLog",
            "modelId": model,
            "input": {"inputBodyJson": {"system": record["system"], "messages": record["messages"][:-1]}},
            "output": {"outputBodyJson": {"output": {"message": record["messages"][-1]}}},
        }
        for record in records
    )
    return gzip.compress(b"\n".join(json.dumps(entry).encode() for entry in entries))


def logged(**changes: Any) -> dict[str, Any]:
    config = {"invocationLogSource": {"s3Uri": f"s3://{BUCKET}/log.json.gz"}, "usePromptResponse": True}
    return taught(trainingDataConfig={"invocationLogsConfig": {**config, **changes}})


def test_a_student_learns_what_its_teacher_answered_where_the_log_says_so(bedrock: Bedrock) -> None:
    asked = tickets(300, seed=3)
    bedrock.put("log.json.gz", log([(text, "nonsense") for text, _ in asked]))

    job = bedrock.finish(bedrock.start(**logged()))

    assert job["status"] == "Completed", job.get("failureMessage")
    assert "invocationLogsConfig" in job["trainingDataConfig"]
    deployment = bedrock.deploy(job["outputModelArn"])
    assert bedrock.accuracy(deployment, [(text, "nonsense") for text, _ in asked[:60]]) == 1


def test_prompts_of_a_log_are_answered_anew_unless_its_answers_are_asked_for(bedrock: Bedrock) -> None:
    asked = tickets(300, seed=3)
    bedrock.put("log.json.gz", log([(text, "nonsense") for text, _ in asked], model="another"))

    job = bedrock.finish(bedrock.start(**logged(usePromptResponse=False)))

    deployment = bedrock.deploy(job["outputModelArn"])
    assert bedrock.accuracy(deployment, [(text, "nonsense") for text, _ in asked[:60]]) == 0


def test_answers_of_other_models_do_not_count(bedrock: Bedrock) -> None:
    bedrock.put("log.json.gz", log(tickets(120, seed=3), model="amazon.nova-lite-v1:0"))

    job = bedrock.finish(bedrock.start(**logged()))

    assert job["status"] == "Failed"


def test_what_is_not_supplied_of_logs_is_refused(bedrock: Bedrock) -> None:
    filters = {"requestMetadataFilters": {"equals": {"team": "support"}}}
    with pytest.raises(ClientError, match="requestMetadataFilters are not supplied"):
        bedrock.start(**logged(**filters))
    with pytest.raises(ClientError, match="not supported for customization type FINE_TUNING"):
        bedrock.start(trainingDataConfig=logged()["trainingDataConfig"])
    bedrock.put("log.json.gz", b"no gzip")
    assert "is no gzip file" in bedrock.finish(bedrock.start(**logged()))["failureMessage"]
