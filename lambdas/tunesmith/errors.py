"""Which errors can Tunesmith raise, and by which names do the state machines know them?

    TunesmithError
    ├── JobFileError          the job file cannot be read or breaks a rule
    ├── RunClosedError        an acting step came to a run that is over
    ├── RunOpenError          a second execution was asked for while the first is at work
    ├── SealBrokenError       the blind test is not the one that was sealed
    ├── RecordMissingError    the ledger or a bucket lacks what an earlier step must have written
    ├── UnknownPriceError     money would have to be guessed
    ├── BudgetReachedError    what was spent leaves too little for capacity that would be opened
    ├── UnknownModelError     the catalogue has no such model
    ├── SmokeTestError        a deployed model could not be asked at all
    ├── AssignmentChangedError  other runs of the project kept splitting data while this one did
    ├── MetricFunctionError   a user's own function does not score answers as it has to
    └── ChampionChangedError  another run became champion while this one was being served

Outcomes ("dataset invalid", "over budget", "not better") are values, never errors.
"""

from __future__ import annotations

from typing import Final


class TunesmithError(Exception):
    """Base of every error that Tunesmith raises on purpose."""


class JobFileError(TunesmithError):
    """When a job file cannot be used; `problems` lists every reason at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class RunClosedError(TunesmithError):
    """When a step that spends money or opens capacity finds its run closed."""


class RunOpenError(TunesmithError):
    """When a run cannot be opened again because it was never closed."""


class SealBrokenError(TunesmithError):
    """When the blind test's SHA-256 differs from the one in the ledger."""


class RecordMissingError(TunesmithError):
    """When a record that an earlier step writes is absent."""


class UnknownPriceError(TunesmithError):
    """When a price is neither in the table nor in the override file."""


class BudgetReachedError(TunesmithError):
    """When opening capacity could take a run above its limit."""


class UnknownModelError(TunesmithError):
    """When a model id stands in no catalogue entry."""


class SmokeTestError(TunesmithError):
    """When the smoke test's calls fail, which says nothing of the model."""


class MetricFunctionError(TunesmithError):
    """When a user's own function fails, or answers what is no score of each answer that it was sent."""


class AssignmentChangedError(TunesmithError):
    """When a project's assignment was written by other runs each time that this one wanted to."""


class ChampionChangedError(TunesmithError):
    """When the ARN that callers use is no longer the one that serving was planned for."""


TRANSIENT_FUNCTION_ERRORS: Final = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
)
"""Faults of the Lambda service itself: the same call may succeed when repeated."""

TRANSIENT_BEDROCK_ERRORS: Final = (
    "Bedrock.ThrottlingException",
    "Bedrock.InternalServerException",
    "Bedrock.ServiceUnavailableException",
    "Bedrock.SdkClientException",
)
"""Throttling and 5xx of Bedrock's control plane."""

TRANSIENT_CHILD_ERRORS: Final = (
    "StepFunctions.ThrottlingException",
    "StepFunctions.InternalServerException",
    "StepFunctions.ServiceUnavailableException",
    "StepFunctions.SdkClientException",
)
"""Throttling and 5xx while a child execution is being started; never its own failure."""

TRANSIENT_RECORD_ERRORS: Final = (
    "DynamoDB.ThrottlingException",
    "DynamoDB.ProvisionedThroughputExceededException",
    "DynamoDB.RequestLimitExceededException",
    "DynamoDB.InternalServerErrorException",
    "DynamoDB.SdkClientException",
    "Ssm.InternalServerErrorException",
    "Ssm.TooManyUpdatesException",
    "Ssm.ThrottlingException",
    "Ssm.SdkClientException",
    "SNS.InternalErrorException",
    "SNS.ThrottledException",
    "SNS.SdkClientException",
)
"""Throttling and 5xx of the services that hold records, names and messages."""

TRANSIENT_CLUSTER_ERRORS: Final = (
    "EMRServerless.ThrottlingException",
    "EMRServerless.InternalServerException",
    "EMRServerless.SdkClientException",
    "EmrServerless.ThrottlingException",
    "EmrServerless.InternalServerException",
    "EmrServerless.SdkClientException",
)
"""Throttling and 5xx while a cluster is asked for: by the integration of its own, and through aws-sdk."""

AWAITED_ERRORS: Final = (
    "Bedrock.ResourceNotFoundException",
    "Bedrock.ConflictException",
    "Bedrock.ServiceQuotaExceededException",
    "Bedrock.ValidationException",
    "Bedrock.AccessDeniedException",
    "Ssm.ParameterNotFoundException",
)
"""Answers that a state machine expects and has an edge for."""

FAILURES: Final = (
    "RunFailed",
    "ReleaseFailed",
    "CapacityKept",
    "ClusterFailed",
    "JobFailed",
    "JobStopped",
    "JobRefused",
    "BudgetReached",
    "JobStuck",
    "JobStatusUnknown",
    "AnswersTooSlow",
    "CapacityFailed",
    "CapacityStuck",
    "CapacityStatusUnknown",
    "SwapFailed",
    "SwapStuck",
    "SwapStatusUnknown",
    "ServingRolledBack",
    "ReapFailed",
)
"""The names under which a Fail state reports (States.* is not allowed there)."""

STATES_ERRORS: Final = ("States.ALL", "States.DataLimitExceeded", "States.Runtime", "States.Timeout")
"""Step Functions' own names that a Retry or Catch may use."""
