"""What Bedrock and S3 tell of a job: read as it comes, and nothing made up for what is absent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tunesmith.aws import clients
from tunesmith.aws.customization import model_may_exist, read_curves, read_job
from tunesmith.aws.objects import Bucket

JOB: dict[str, Any] = {
    "jobArn": "arn:aws:bedrock:us-east-1:1:model-customization-job/amazon.nova-micro-v1:0:128k/abcdefghijkl",
    "jobName": "triage-0123456789abcdef-1",
    "outputModelName": "triage-0123456789abcdef-1",
    "roleArn": "arn:aws:iam::123456789012:role/training",
    "status": "InProgress",
    "creationTime": datetime(2026, 11, 23, 10, tzinfo=UTC),
    "lastModifiedTime": datetime(2026, 11, 23, 11, tzinfo=UTC),
    "baseModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k",
    "trainingDataConfig": {"s3Uri": "s3://artifacts/runs/0123456789abcdef/data/train.jsonl"},
    "validationDataConfig": {"validators": []},
    "outputDataConfig": {"s3Uri": "s3://artifacts/runs/0123456789abcdef/training/output/"},
}


CLIENT = boto3.client("bedrock", region_name="us-east-1")


@pytest.fixture
def bedrock() -> Iterator[Stubber]:
    """Bedrock's control plane with stubbed answers."""
    with Stubber(CLIENT) as stubber:
        yield stubber


def test_a_job_in_progress_has_no_end_and_no_model(bedrock: Stubber) -> None:
    bedrock.add_response("get_model_customization_job", JOB, {"jobIdentifier": JOB["jobName"]})

    job = read_job(JOB["jobName"], CLIENT)

    assert (job.status, job.ended, job.model_arn, job.hyperparameters) == ("InProgress", "", "", {})
    assert job.output_folder == "model-customization-job-abcdefghijkl/"


@pytest.mark.parametrize(
    ("more", "ended"),
    [
        ({"endTime": datetime(2026, 11, 23, 12, tzinfo=UTC)}, "2026-11-23T12:00:00+00:00"),
        ({}, "2026-11-23T11:00:00+00:00"),
    ],
)
def test_a_job_that_is_over_has_an_end(bedrock: Stubber, more: dict[str, Any], ended: str) -> None:
    bedrock.add_response("get_model_customization_job", {**JOB, "status": "Completed", **more})

    assert read_job(JOB["jobName"], CLIENT).ended == ended


def test_only_a_model_that_bedrock_does_not_know_is_taken_for_gone(bedrock: Stubber) -> None:
    bedrock.add_client_error("get_custom_model", "ResourceNotFoundException")
    bedrock.add_client_error("get_custom_model", "AccessDeniedException")

    assert model_may_exist("triage-0123456789abcdef-1", CLIENT) is False
    assert model_may_exist("triage-0123456789abcdef-1", CLIENT) is True


@pytest.mark.parametrize(
    "folder",
    [
        "validation_artifacts",
        "validation_artifacts/post_fine_tuning_validation",
        "validation_artifacts/post_fine_tuning_validation/validation",
    ],
)
def test_metrics_are_found_wherever_a_family_puts_them(aws: None, folder: str) -> None:
    clients.s3().create_bucket(Bucket="artifacts")
    bucket = Bucket("artifacts")
    head = "step_number,epoch_number,validation_loss,perplexity\n"
    bucket.write(
        f"runs/r/training/output/job/{folder}/validation_metrics.csv", f"{head}9,0,0.5,1.6\n".encode()
    )
    bucket.write("runs/r/training/output/.write_access_check_file.tmp", b"")

    curves = read_curves(bucket, "runs/r/training/output/", finished=True)

    assert (curves.training, curves.validation) == ([], [(9, 0, 0.5)])


@pytest.mark.parametrize(
    ("details", "since", "shows_queue"),
    [
        ({"statusDetails": {"trainingDetails": {"status": "NotStarted"}}}, "", True),
        (
            {
                "statusDetails": {
                    "trainingDetails": {"status": "InProgress", "creationTime": JOB["lastModifiedTime"]}
                }
            },
            "2026-11-23T11:00:00+00:00",
            True,
        ),
        ({}, "2026-11-23T10:00:00+00:00", False),
    ],
    ids=["queued", "training", "no phases"],
)
def test_hours_count_from_the_training_or_where_that_is_not_told_from_the_request(
    bedrock: Stubber, details: dict[str, Any], since: str, shows_queue: bool
) -> None:
    bedrock.add_response("get_model_customization_job", {**JOB, **details})

    job = read_job(JOB["jobName"], CLIENT)

    assert (job.training_since, job.shows_queue) == (since, shows_queue)
