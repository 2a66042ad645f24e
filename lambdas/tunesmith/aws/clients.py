"""How are AWS clients made? Here and nowhere else: one per service and process, with standard retries."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 5})


@cache
def bedrock() -> BedrockClient:
    """Bedrock's control plane, used for reading; acting calls are states of a machine."""
    return boto3.client("bedrock", config=_RETRIES)  # noqa: TID251


@cache
def bedrock_runtime() -> BedrockRuntimeClient:
    """Bedrock's inference, with a connection for each call in flight; who calls counts the throttling."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1}, max_pool_connections=64, read_timeout=120
    )
    return boto3.client("bedrock-runtime", config=config)  # noqa: TID251


@cache
def cloudformation() -> CloudFormationClient:
    """The stacks' service, for the command alone."""
    return boto3.client("cloudformation", config=_RETRIES)  # noqa: TID251


@cache
def dynamodb() -> DynamoDBClient:
    """The ledger's service."""
    return boto3.client("dynamodb", config=_RETRIES)  # noqa: TID251


@cache
def functions() -> LambdaClient:
    """Lambda, for functions of the user's: asked once, and given the time that one should need at most."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=120)
    return boto3.client("lambda", config=config)  # noqa: TID251


@cache
def price_list() -> Any:
    """The Price List, which few Regions serve, each for all; its types are not among the stubs."""
    return boto3.client("pricing", region_name="us-east-1", config=_RETRIES)  # noqa: TID251


@cache
def s3() -> S3Client:
    """The buckets' service."""
    return boto3.client("s3", config=_RETRIES)  # noqa: TID251


@cache
def service_quotas() -> Any:
    """Service Quotas: what the account may have at once; its types are not among the stubs."""
    return boto3.client("service-quotas", config=_RETRIES)  # noqa: TID251


@cache
def sns() -> SNSClient:
    """The notification topic's service."""
    return boto3.client("sns", config=_RETRIES)  # noqa: TID251


@cache
def ssm() -> SSMClient:
    """Parameter Store, where stable names live."""
    return boto3.client("ssm", config=_RETRIES)  # noqa: TID251


@cache
def stepfunctions() -> SFNClient:
    """Step Functions, for starting and following runs."""
    return boto3.client("stepfunctions", config=_RETRIES)  # noqa: TID251


def forget() -> None:
    """Drop all clients, so that the next call makes them for the current credentials and endpoint."""
    for make in (
        bedrock,
        bedrock_runtime,
        cloudformation,
        dynamodb,
        functions,
        price_list,
        s3,
        service_quotas,
        sns,
        ssm,
        stepfunctions,
    ):
        make.cache_clear()
