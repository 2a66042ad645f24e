"""What do Bedrock and S3 tell of a customization job and its model? Reading only: acting calls are states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from tunesmith.aws import clients
from tunesmith.aws.objects import Bucket
from tunesmith.training.metrics import (
    TRAINING_SUFFIX,
    VALIDATION_SUFFIX,
    Curves,
    LossPoint,
    Measure,
    read_points,
)

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock.type_defs import GetModelCustomizationJobResponseTypeDef


@dataclass(frozen=True, kw_only=True)
class CustomizationJob:
    """What GetModelCustomizationJob says of a job; times are ISO 8601, empty where there is none yet."""

    name: str
    arn: str
    status: str
    model_arn: str
    hyperparameters: dict[str, str]
    submitted: str
    changed: str
    """When Bedrock last changed anything of what it shows of the job."""
    training_since: str
    """When the training itself began, after the queue; without phases, when the job was asked for."""
    shows_queue: bool
    """Whether Bedrock tells the queue from the training."""
    ended: str
    failure: str

    @property
    def training_seconds(self) -> float:
        """How long the training itself took, without the queue; 0 where it never began."""
        if not (self.training_since and self.ended):
            return 0.0
        took = datetime.fromisoformat(self.ended) - datetime.fromisoformat(self.training_since)
        return max(0.0, took.total_seconds())

    @property
    def output_folder(self) -> str:
        """Name of the folder below the output prefix in which Bedrock leaves the job's files."""
        return f"model-customization-job-{self.arn.rsplit('/', 1)[-1]}/"


def read_job(name: str, client: BedrockClient | None = None) -> CustomizationJob:
    """Read a customization job by its name or ARN."""
    answer = (client or clients.bedrock()).get_model_customization_job(jobIdentifier=name)
    return CustomizationJob(
        name=answer["jobName"],
        arn=answer["jobArn"],
        status=answer.get("status", ""),
        model_arn=answer.get("outputModelArn", ""),
        hyperparameters=_hyperparameters(answer),
        submitted=answer["creationTime"].isoformat(),
        changed=max(_times(answer)).isoformat(),
        training_since=_training_since(answer),
        shows_queue="trainingDetails" in answer.get("statusDetails", {}),
        ended=(answer.get("endTime") or answer["lastModifiedTime"]).isoformat() if _over(answer) else "",
        failure=answer.get("failureMessage", ""),
    )


def job_goes_on(name: str, client: BedrockClient | None = None) -> bool:
    """Tell whether a customization job is in progress; False too where Bedrock does not say.

    What is not known to go on is given back, which looks at it again.
    """
    try:
        answer = (client or clients.bedrock()).get_model_customization_job(jobIdentifier=name)
    except ClientError:
        return False
    return answer.get("status") == "InProgress"


def model_may_exist(name: str, client: BedrockClient | None = None) -> bool:
    """Tell whether Bedrock has a custom model of that name or ARN; True too where it does not say.

    A release must go on when Bedrock is throttled, and what may exist is never taken for gone.
    """
    try:
        (client or clients.bedrock()).get_custom_model(modelIdentifier=name)
    except ClientError as error:
        return error.response["Error"]["Code"] != "ResourceNotFoundException"
    return True


def read_curves(bucket: Bucket, prefix: str, *, finished: bool, measure: Measure = "loss") -> Curves:
    """Read the metrics files below a prefix; an absent file gives an empty curve."""
    keys = bucket.keys(prefix)

    def points(suffix: str) -> list[LossPoint]:
        # With several validators there may be several files; Tunesmith gives one, and reads the first.
        found = sorted(key for key in keys if key.endswith(suffix))
        text = bucket.read(found[0]).decode("utf-8", "replace") if found else ""
        return read_points(text, finished=finished, measure=measure)

    return Curves(training=points(TRAINING_SUFFIX), validation=points(VALIDATION_SUFFIX), measure=measure)


def _hyperparameters(answer: GetModelCustomizationJobResponseTypeDef) -> dict[str, str]:
    """Read what a job was sent; a reinforcement's are numbers, and stand elsewhere."""
    config = cast("dict[str, Any]", answer.get("customizationConfig") or {})
    numbers = config.get("rftConfig", {}).get("hyperParameters", {})
    told = {name: str(value) for name, value in numbers.items()}
    return dict(answer.get("hyperParameters", {})) or told


def _over(answer: GetModelCustomizationJobResponseTypeDef) -> bool:
    return answer.get("status") in ("Completed", "Failed", "Stopped")


def _times(answer: GetModelCustomizationJobResponseTypeDef) -> list[datetime]:
    details = cast("dict[str, dict[str, Any]]", answer.get("statusDetails", {})).values()
    found = [phase["lastModifiedTime"] for phase in details if "lastModifiedTime" in phase]
    return [answer["creationTime"], answer.get("lastModifiedTime", answer["creationTime"]), *found]


def _training_since(answer: GetModelCustomizationJobResponseTypeDef) -> str:
    """Time at which the training began; a phase that is there and not begun is the queue.

    Without the phase each hour since the job was asked for may be billed, and counts.
    """
    details = answer.get("statusDetails", {}).get("trainingDetails")
    if details is None:
        return answer["creationTime"].isoformat()
    began = details.get("creationTime")
    return began.isoformat() if began and details.get("status") != "NotStarted" else ""
