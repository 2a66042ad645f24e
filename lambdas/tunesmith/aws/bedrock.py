"""What does Bedrock offer in this account and Region today? Reads of its control plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunesmith.aws import clients
from tunesmith.preflight import Offer

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient


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
