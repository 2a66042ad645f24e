"""What does Bedrock offer in this account and Region today? Reads of its control plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from tunesmith.aws import clients
from tunesmith.preflight import Access, Offer

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

_UNANSWERED: Final = frozenset(
    {
        "AccessDeniedException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)
"""Answers by which the account does not tell: not allowed to ask, or not asked in its words."""


def region(client: BedrockClient | None = None) -> str:
    """Name the Region that Bedrock is asked in."""
    return (client or clients.bedrock()).meta.region_name


def offers(ids: set[str], client: BedrockClient | None = None) -> list[Offer]:
    """List what ListFoundationModels says of the models with these ids (inference or training ids)."""
    listed = (client or clients.bedrock()).list_foundation_models()["modelSummaries"]
    return [
        Offer(
            id=model["modelId"],
            status=model.get("modelLifecycle", {}).get("status", ""),
            end_of_life=end.date() if (end := model.get("modelLifecycle", {}).get("endOfLifeTime")) else None,
            customizations=tuple(model.get("customizationsSupported", [])),
        )
        for model in listed
        if model["modelId"] in ids
    ]


def access(model_id: str, client: BedrockClient | None = None) -> Access | None:
    """Ask GetFoundationModelAvailability, which costs nothing; None where it does not answer."""
    try:
        answer = (client or clients.bedrock()).get_foundation_model_availability(modelId=model_id)
    except ClientError as error:
        _raise_unless_unanswered(error)
        return None
    return Access(
        authorization=answer["authorizationStatus"],
        entitlement=answer["entitlementAvailability"],
        agreement=answer["agreementAvailability"]["status"],
    )


def deployments_in_use(but: str, client: BedrockClient | None = None) -> int | None:
    """Count the custom model deployments but the one of that name; None where they may not be listed."""
    pages = (client or clients.bedrock()).get_paginator("list_custom_model_deployments").paginate()
    try:
        return sum(
            deployment["customModelDeploymentName"] != but
            for page in pages
            for deployment in page.get("modelDeploymentSummaries", [])
        )
    except ClientError as error:
        _raise_unless_unanswered(error)
        return None


def units_in_use(but: str, client: BedrockClient | None = None) -> int | None:
    """Sum the model units of custom models without commitment but those of that name; None if not listed."""
    pages = (client or clients.bedrock()).get_paginator("list_provisioned_model_throughputs").paginate()
    try:
        return sum(
            throughput["modelUnits"]
            for page in pages
            for throughput in page.get("provisionedModelSummaries", [])
            if throughput["provisionedModelName"] != but
            and "commitmentDuration" not in throughput
            and throughput["status"] != "Failed"
            and ":custom-model/" in throughput["modelArn"]
        )
    except ClientError as error:
        _raise_unless_unanswered(error)
        return None


def _raise_unless_unanswered(error: ClientError) -> None:
    if error.response["Error"]["Code"] not in _UNANSWERED:
        raise error
