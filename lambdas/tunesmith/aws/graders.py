"""What does a reinforcement's grader say? Invoked as Bedrock invokes it, to find out before that does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tunesmith.aws import clients

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_SHOWN: Final = 300


@dataclass(frozen=True, kw_only=True)
class GraderReply:
    """What a grader answered, or why it could not be asked."""

    answer: Any = None
    problem: str = ""


def ask_grader(
    arn: str, samples: Sequence[Mapping[str, Any]], client: LambdaClient | None = None
) -> GraderReply:
    """Let a Lambda function grade samples in Bedrock's payload."""
    try:
        answered = (client or clients.functions()).invoke(
            FunctionName=arn, Payload=json.dumps(samples).encode()
        )
        body = answered["Payload"].read().decode("utf-8", "replace")
    except ClientError as error:
        return GraderReply(problem=_refused(error))
    except BotoCoreError as error:
        return GraderReply(problem=f"it could not be asked: {error}")
    if answered.get("FunctionError"):
        return GraderReply(problem=f"it failed: {body[:_SHOWN]}")
    try:
        return GraderReply(answer=json.loads(body))
    except ValueError:
        return GraderReply(problem=f"it answered what is no JSON: {body[:_SHOWN]}")


def _refused(error: ClientError) -> str:
    match error.response["Error"]["Code"]:
        case "ResourceNotFoundException":
            return "there is no such function: deploy it, or correct reinforcement.grader"
        case "AccessDeniedException":
            return "it may not be invoked: put its name into graders of cdk.json's environment, and deploy"
    return f"it could not be asked: {error}"
