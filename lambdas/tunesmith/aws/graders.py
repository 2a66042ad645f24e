"""What does a user's function say? A reinforcement's grader, or the metric of an evaluation, invoked once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from tunesmith.aws import clients

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_SHOWN: Final = 300


@dataclass(frozen=True, kw_only=True)
class GraderReply:
    """What a grader answered, or why it could not be asked."""

    answer: Any = None
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Named:
    """Where a function is named: the key of the job file, and the list of the environment in cdk.json."""

    key: str
    listed: str


GRADER: Final = Named(key="reinforcement.grader", listed="graders")
METRIC: Final = Named(key="evaluation.metric", listed="metrics")


def ask_grader(
    arn: str,
    samples: Sequence[Mapping[str, Any]],
    client: LambdaClient | None = None,
    *,
    named: Named = GRADER,
) -> GraderReply:
    """Let a Lambda function grade samples: in Bedrock's payload, or in that of a metric."""
    try:
        answered = (client or clients.functions()).invoke(
            FunctionName=arn, Payload=json.dumps(samples).encode()
        )
        body = answered["Payload"].read().decode("utf-8", "replace")
    except ClientError as error:
        return GraderReply(problem=_refused(error, named))
    except ReadTimeoutError:
        return GraderReply(problem=f"it did not answer {len(samples)} samples within two minutes")
    except BotoCoreError as error:
        return GraderReply(problem=f"it could not be asked: {error}")
    if answered.get("FunctionError") and "Task timed out" in body:
        return GraderReply(
            problem=f"it ran out of its own time on {len(samples)} samples: raise the function's timeout"
        )
    if answered.get("FunctionError"):
        return GraderReply(problem=f"it failed: {body[:_SHOWN]}")
    try:
        return GraderReply(answer=json.loads(body))
    except ValueError:
        return GraderReply(problem=f"it answered what is no JSON: {body[:_SHOWN]}")


def _refused(error: ClientError, named: Named) -> str:
    match error.response["Error"]["Code"]:
        case "ResourceNotFoundException":
            return f"there is no such function: deploy it, or correct {named.key}"
        case "AccessDeniedException":
            listed = f"{named.listed} of cdk.json's environment"
            return f"it may not be invoked: put its name into {listed}, and deploy"
    return f"it could not be asked: {error}"
