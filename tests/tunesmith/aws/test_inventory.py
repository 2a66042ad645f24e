"""The inventory: every page is read, and only names that tell a run are Tunesmith's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tunesmith.aws.inventory import existing_capacity
from tunesmith.ledger import CapacityKind
from tunesmith.serving.overdue import Existing

RUN = "0123456789abcdef"
ARN = "arn:aws:bedrock:us-east-1:123456789012:"
WHEN = "2026-11-23T10:00:00Z"
CLIENT = boto3.client("bedrock", region_name="us-east-1")


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Bedrock's control plane with stubbed answers."""
    monkeypatch.setattr("tunesmith.aws.clients.bedrock", lambda: CLIENT)
    with Stubber(CLIENT) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def deployment(name: str) -> dict[str, Any]:
    return {
        "customModelDeploymentArn": f"{ARN}custom-model-deployment/abcdefghijkl",
        "customModelDeploymentName": name,
        "modelArn": f"{ARN}custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl",
        "createdAt": WHEN,
        "status": "Active",
    }


def throughput(name: str) -> dict[str, Any]:
    model = f"{ARN}custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
    return {
        "provisionedModelName": name,
        "provisionedModelArn": f"{ARN}provisioned-model/abcdefghijkl",
        "modelArn": model,
        "desiredModelArn": model,
        "foundationModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k",
        "modelUnits": 1,
        "desiredModelUnits": 1,
        "status": "InService",
        "creationTime": WHEN,
        "lastModifiedTime": WHEN,
    }


def job(name: str) -> dict[str, Any]:
    return {
        "jobArn": f"{ARN}model-customization-job/amazon.nova-micro-v1:0:128k/abcdefghijkl",
        "baseModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k",
        "jobName": name,
        "status": "InProgress",
        "creationTime": WHEN,
    }


def model(name: str) -> dict[str, Any]:
    return {
        "modelArn": f"{ARN}custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl",
        "modelName": name,
        "creationTime": WHEN,
        "baseModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k",
        "baseModelName": "Nova Micro",
    }


def answer(
    bedrock: Stubber,
    *,
    deployments: tuple[str, ...] = (),
    throughputs: tuple[str, ...] = (),
    jobs: tuple[str, ...] = (),
    models: tuple[str, ...] = (),
) -> None:
    """Let Bedrock have things of these names, the models on a page each."""
    bedrock.add_response(
        "list_custom_model_deployments",
        {"modelDeploymentSummaries": [deployment(name) for name in deployments]},
        {},
    )
    bedrock.add_response(
        "list_provisioned_model_throughputs",
        {"provisionedModelSummaries": [throughput(name) for name in throughputs]},
        {},
    )
    bedrock.add_response(
        "list_model_customization_jobs",
        {"modelCustomizationJobSummaries": [job(name) for name in jobs]},
        {"statusEquals": "InProgress"},
    )
    asked: dict[str, Any] = {"isOwned": True}
    for number, name in enumerate(models or ("",), start=1):
        page: dict[str, Any] = {"modelSummaries": [model(name)] if name else []}
        if number < len(models):
            page["nextToken"] = f"page-{number}"
        bedrock.add_response("list_custom_models", page, asked)
        asked = {"isOwned": True, "nextToken": page.get("nextToken", "")}


def test_everything_named_after_a_run_is_found_on_every_page(bedrock: Stubber) -> None:
    answer(
        bedrock,
        deployments=(f"triage-{RUN}",),
        throughputs=(f"support-triage-{RUN}",),
        jobs=(f"triage-{RUN}-1",),
        models=(f"triage-{RUN}-1", f"a-{RUN[::-1]}-2"),
    )

    found = list(existing_capacity())

    assert [(one.kind, one.name, one.run) for one in found] == [
        (CapacityKind.DEPLOYMENT, f"triage-{RUN}", RUN),
        (CapacityKind.THROUGHPUT, f"support-triage-{RUN}", RUN),
        (CapacityKind.JOB, f"triage-{RUN}-1", RUN),
        (CapacityKind.MODEL, f"triage-{RUN}-1", RUN),
        (CapacityKind.MODEL, f"a-{RUN[::-1]}-2", RUN[::-1]),
    ]
    assert found[0] == Existing(
        kind=CapacityKind.DEPLOYMENT,
        name=f"triage-{RUN}",
        run=RUN,
        arn=f"{ARN}custom-model-deployment/abcdefghijkl",
    )


def test_what_is_not_named_after_a_run_is_left_alone(bedrock: Stubber) -> None:
    answer(
        bedrock,
        deployments=("chatbot", RUN, f"triage-{RUN[:-1]}", f"triage-{RUN}-final"),
        models=(f"Triage-{RUN}-1",),
    )

    assert list(existing_capacity()) == []


def test_an_account_with_nothing_has_nothing(bedrock: Stubber) -> None:
    answer(bedrock)

    assert list(existing_capacity()) == []
