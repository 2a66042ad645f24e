"""Does a customization job live as one of Amazon Bedrock's does?"""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.bedrock import api
from tests.local.bedrock.conftest import BUCKET, Bedrock, jsonl, tickets


def code_of(raised: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = raised.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def phases(job: dict[str, Any]) -> list[str]:
    names = ("validationDetails", "dataProcessingDetails", "trainingDetails")
    return [job["statusDetails"][name]["status"] for name in names]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def with_validation() -> dict[str, Any]:
    return {"validationDataConfig": {"validators": [{"s3Uri": f"s3://{BUCKET}/validation.jsonl"}]}}


def test_a_job_passes_validation_processing_a_queue_and_training_before_it_is_completed(
    bedrock: Bedrock,
) -> None:
    arn = bedrock.start(**with_validation())
    seen = [(bedrock.job(arn)["status"], phases(bedrock.job(arn)))]
    process_of(arn).wait(timeout=60)
    for seconds in (180, 300, 3600):
        bedrock.clock.move(seconds)
        seen.append((bedrock.job(arn)["status"], phases(bedrock.job(arn))))
    bedrock.clock.move(1600)
    seen.append((bedrock.job(arn)["status"], phases(bedrock.job(arn))))
    assert seen == [
        ("InProgress", ["InProgress", "NotStarted", "NotStarted"]),
        ("InProgress", ["Completed", "InProgress", "NotStarted"]),
        ("InProgress", ["Completed", "Completed", "NotStarted"]),
        ("InProgress", ["Completed", "Completed", "InProgress"]),
        ("Completed", ["Completed", "Completed", "Completed"]),
    ]


def process_of(arn: str) -> Any:
    from local.bedrock import api

    return api.regions["123456789012"]["us-east-1"].jobs[arn].process


def test_metrics_model_and_end_time_exist_only_once_the_job_is_completed(bedrock: Bedrock) -> None:
    late = {"endTime", "outputModelArn", "trainingMetrics", "validationMetrics"}
    arn = bedrock.start(**with_validation())
    early = bedrock.job(arn)
    assert late & early.keys() == set()
    assert bedrock.artifacts(early) == {}
    job = bedrock.finish(arn)
    assert late <= job.keys()
    assert job["outputModelArn"] == arn.replace("model-customization-job", "custom-model")


def test_a_completed_job_writes_the_two_metrics_files_and_its_losses_are_their_last_ones(
    bedrock: Bedrock,
) -> None:
    job = bedrock.finish(bedrock.start(**with_validation(), hyperParameters={"epochCount": "3"}))
    training, validation = (
        "training_artifacts/step_wise_training_metrics.csv",
        "validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv",
    )
    files = bedrock.artifacts(job)
    assert files.keys() == {training, validation}
    assert files[training].splitlines()[0] == "step_number,epoch_number,training_loss,perplexity"
    assert files[validation].splitlines()[0] == "step_number,epoch_number,validation_loss,perplexity"
    steps = rows(files[training])
    assert [int(row["step_number"]) for row in steps] == list(range(57))
    assert [row["epoch_number"] for row in rows(files[validation])] == ["0", "1", "2"]
    last = rows(files[validation])[-1]
    assert float(last["validation_loss"]) == pytest.approx(
        job["validationMetrics"][0]["validationLoss"], abs=1e-5
    )
    assert float(last["perplexity"]) == pytest.approx(math.exp(float(last["validation_loss"])), abs=1e-4)
    final = [float(row["training_loss"]) for row in steps if row["epoch_number"] == "2"]
    assert job["trainingMetrics"]["trainingLoss"] == pytest.approx(sum(final) / len(final), abs=1e-5)
    assert final[-1] < float(steps[0]["training_loss"])


def test_a_model_that_ignores_validation_data_shows_no_validation_loss(bedrock: Bedrock) -> None:
    arn = bedrock.start(
        **with_validation(),
        baseModelIdentifier="amazon.nova-2-lite-v1:0:256k",
        hyperParameters={"epochCount": "1"},
    )
    job = bedrock.finish(arn)
    assert job["status"] == "Completed"
    assert "validationMetrics" not in job
    assert list(bedrock.artifacts(job)) == ["training_artifacts/step_wise_training_metrics.csv"]


def test_more_epochs_take_longer_on_the_simulated_clock(bedrock: Bedrock) -> None:
    took = {}
    for epochs in ("1", "5"):
        job = bedrock.finish(bedrock.start(hyperParameters={"epochCount": epochs}))
        took[epochs] = (job["endTime"] - job["creationTime"]).total_seconds()
    assert 90 * 60 < took["1"] < took["5"] < 120 * 60


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "GetObject"),
        (b"", "contains no records"),
        (jsonl(tickets(5, seed=3)), "number of records"),
        (jsonl(tickets(20, seed=3)) + b"{not json}\n", "at line 21: the line is not valid JSON"),
        (jsonl(tickets(20, seed=3)) + b'{"messages": []}\n', "at line 21: messages must start"),
        (jsonl(tickets(20, seed=3)) + jsonl([("System: obey", "refund")]), "Reserved keyword 'System:'"),
        (jsonl([*tickets(20, seed=3), ("word " * 30_000, "refund")]), "exceeds limit of 32000"),
    ],
    ids=["absent", "empty", "too-few", "not-json", "no-messages", "reserved", "too-long"],
)
def test_bad_training_data_fails_the_job_and_says_why(
    bedrock: Bedrock, body: bytes | None, reason: str
) -> None:
    uri = f"s3://{BUCKET}/no-such-file.jsonl" if body is None else bedrock.put("bad.jsonl", body)
    job = bedrock.finish(bedrock.start(trainingDataConfig={"s3Uri": uri}))
    assert (job["status"], phases(job)) == ("Failed", ["Failed", "NotStarted", "NotStarted"])
    assert reason in job["failureMessage"]
    assert "outputModelArn" not in job
    assert bedrock.artifacts(job) == {}


def test_validation_data_that_is_missing_fails_the_job(bedrock: Bedrock) -> None:
    validators = {"validators": [{"s3Uri": f"s3://{BUCKET}/gone.jsonl"}]}
    job = bedrock.finish(bedrock.start(validationDataConfig=validators))
    assert job["status"] == "Failed"
    assert "gone.jsonl" in job["failureMessage"]


def test_a_stopped_job_keeps_nothing(bedrock: Bedrock) -> None:
    request = bedrock.request()
    arn = bedrock.control.create_model_customization_job(**request)["jobArn"]
    bedrock.clock.move(600)
    bedrock.control.stop_model_customization_job(jobIdentifier=request["jobName"])
    assert bedrock.job(arn)["status"] == "Stopping"
    bedrock.clock.move(60)
    job = bedrock.job(arn)
    assert job["status"] == "Stopped"
    assert "outputModelArn" not in job
    assert bedrock.artifacts(job) == {}
    with pytest.raises(ClientError) as raised:
        bedrock.control.get_custom_model(modelIdentifier=request["customModelName"])
    assert code_of(raised) == ("ResourceNotFoundException", 404)
    with pytest.raises(ClientError) as raised:
        bedrock.control.stop_model_customization_job(jobIdentifier=arn)
    assert code_of(raised) == ("ConflictException", 400)


def test_the_same_token_returns_the_same_job_and_another_token_is_a_conflict(bedrock: Bedrock) -> None:
    request = bedrock.request(clientRequestToken="token-1")
    create = bedrock.control.create_model_customization_job
    first = create(**request)["jobArn"]
    assert create(**request)["jobArn"] == first
    with pytest.raises(ClientError) as raised:
        create(**request | {"clientRequestToken": "token-2"})
    assert code_of(raised) == ("ConflictException", 400)
    bedrock.control.stop_model_customization_job(jobIdentifier=first)
    bedrock.clock.move(60)
    with pytest.raises(ClientError) as raised:
        create(**request | {"clientRequestToken": "token-3", "customModelName": "another"})
    assert code_of(raised) == ("ConflictException", 400)


def test_the_name_of_a_custom_model_is_free_again_after_a_failed_job(bedrock: Bedrock) -> None:
    first = bedrock.request(customModelName="shared", trainingDataConfig={"s3Uri": f"s3://{BUCKET}/gone"})
    arn = bedrock.control.create_model_customization_job(**first)["jobArn"]
    with pytest.raises(ClientError) as raised:
        bedrock.start(customModelName="shared")
    assert code_of(raised) == ("ConflictException", 400)
    assert bedrock.finish(arn)["status"] == "Failed"
    model = bedrock.train(customModelName="shared")
    assert bedrock.control.get_custom_model(modelIdentifier="shared")["modelArn"] == model


def test_jobs_are_listed_by_status_and_name_in_pages(bedrock: Bedrock) -> None:
    names = []
    for _ in range(3):
        request = bedrock.request("listed")
        bedrock.control.create_model_customization_job(**request)
        bedrock.clock.move(1)
        names.append(request["jobName"])
    pages = bedrock.control.get_paginator("list_model_customization_jobs").paginate(
        nameContains="listed",
        statusEquals="InProgress",
        sortOrder="Ascending",
        PaginationConfig={"PageSize": 2},
    )
    listed = [[job["jobName"] for job in page["modelCustomizationJobSummaries"]] for page in pages]
    assert listed == [names[:2], names[2:]]


def test_a_custom_model_can_be_the_base_of_the_next_job(bedrock: Bedrock) -> None:
    first = bedrock.train(hyperParameters={"epochCount": "1"})
    losses = []
    for base in ("amazon.nova-micro-v1:0:128k", first):
        job = bedrock.finish(
            bedrock.start(baseModelIdentifier=base, hyperParameters={"epochCount": "1"}, **with_validation())
        )
        losses.append(job["validationMetrics"][0]["validationLoss"])
    assert losses[1] < losses[0]


def test_tags_of_jobs_and_models_can_be_read_and_changed(bedrock: Bedrock) -> None:
    tags = [{"key": "project", "value": "triage"}]
    arn = bedrock.start(jobTags=tags, customModelTags=tags)
    model = bedrock.finish(arn)["outputModelArn"]
    for resource in (arn, model):
        bedrock.control.tag_resource(resourceARN=resource, tags=[{"key": "run", "value": "1"}])
        bedrock.control.untag_resource(resourceARN=resource, tagKeys=["project"])
        assert bedrock.control.list_tags_for_resource(resourceARN=resource)["tags"] == [
            {"key": "run", "value": "1"}
        ]


def test_an_account_may_refuse_a_custom_model_as_base(bedrock: Bedrock) -> None:
    bedrock.put("train.jsonl", jsonl(tickets(20, seed=1)))
    model = bedrock.train()
    assert bedrock.finish(bedrock.start(baseModelIdentifier=model))["status"] == "Completed"
    bedrock.set_parameter("/tunesmith-local/account", {"custom_bases": False})
    with pytest.raises(ClientError, match="cannot use as a base model") as raised:
        bedrock.start(baseModelIdentifier=model)
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    bedrock.set_parameter("/tunesmith-local/account", {})


def test_jobs_wait_while_as_many_models_as_the_account_may_have_are_in_creation(bedrock: Bedrock) -> None:
    bedrock.put("train.jsonl", jsonl(tickets(20, seed=1)))
    bedrock.set_parameter("/tunesmith-local/account", {"quotas": {"models_creating": 2}})
    jobs = [bedrock.start() for _ in range(3)]
    for arn in jobs:
        process = api.regions["123456789012"]["us-east-1"].jobs[arn].process
        assert process is not None
        assert process.wait(timeout=60) == 0

    def training() -> list[str]:
        return [bedrock.job(arn)["statusDetails"]["trainingDetails"]["status"] for arn in jobs]

    bedrock.clock.move(4_200)
    assert training() == ["InProgress", "InProgress", "NotStarted"]
    bedrock.clock.move(1_600)
    assert training() == ["Completed", "Completed", "InProgress"]
    bedrock.clock.move(1_600)
    assert training() == ["Completed"] * 3
    bedrock.set_parameter("/tunesmith-local/account", {})
