"""How is a custom model served on demand? Deployments: created, swapped in place, deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from local.bedrock.errors import BedrockError, not_found, validation
from local.bedrock.listing import page, select
from local.bedrock.names import project_of
from local.bedrock.region import Deployment, Operation, Region

DESCRIPTION: Final = "Served by a local stand-in: a small linear model, no LLM."


def create(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Deploy a custom model; the deployment is Creating for a while."""
    token = params.get("clientRequestToken")
    if arn := region.repeated("deployment", token):
        return {"customModelDeploymentArn": arn}
    model = region.custom_model(params["modelArn"])
    if not model.job.base.deployable:
        raise validation(
            f"Custom models of {model.job.base.model_id} cannot be deployed for on-demand inference."
        )
    name = params["modelDeploymentName"]
    if any(one.name == name for one in region.deployments.values()):
        raise validation(f"A custom model deployment with the name {name} already exists.")
    account = region.account()
    if len(region.deployments) >= account.quotas.deployments:
        raise BedrockError(
            "ServiceQuotaExceededException",
            f"The account may have {account.quotas.deployments} custom model deployments.",
        )
    now, fault = region.now(), region.surroundings.read_faults(project_of(name), "deployment")
    deployment = Deployment(
        name=name,
        arn=region.arn("custom-model-deployment", region.new_id("deployment", name)),
        model=model,
        created=now,
        ready=now + timedelta(seconds=fault.get("seconds", account.timings.deployment)),
        description=params.get("description", DESCRIPTION),
        fault=fault,
    )
    region.deployments[deployment.arn] = deployment
    region.set_tags(deployment.arn, params.get("tags", []))
    region.remember("deployment", token, deployment.arn)
    return {"customModelDeploymentArn": deployment.arn}


def get(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a deployment by name or ARN."""
    deployment = find(region, params["customModelDeploymentIdentifier"])
    details: dict[str, Any] = {
        "customModelDeploymentArn": deployment.arn,
        "modelDeploymentName": deployment.name,
        "modelArn": deployment.model.arn,
        "createdAt": deployment.created,
        "status": status_of(region, deployment),
        "description": deployment.description,
        "updateDetails": _update_details(deployment),
        "failureMessage": _failure(region, deployment),
        "lastUpdatedAt": deployment.updated,
    }
    return {key: value for key, value in details.items() if value is not None}


def list_deployments(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """List deployments by name, time, status and model."""
    summaries = [
        {
            "customModelDeploymentArn": one.arn,
            "customModelDeploymentName": one.name,
            "modelArn": one.model.arn,
            "createdAt": one.created,
            "status": status_of(region, one),
        }
        | ({"lastUpdatedAt": one.updated} if one.updated else {})
        for one in select(region.deployments.values(), params, "createdAfter", "createdBefore")
    ]
    for key, member in (("statusEquals", "status"), ("modelArnEquals", "modelArn")):
        if key in params:
            summaries = [one for one in summaries if one[member] == params[key]]
    return page("modelDeploymentSummaries", summaries, params)


def update(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Put another custom model of the same base behind the ARN; the old one answers until that is done."""
    deployment = find(region, params["customModelDeploymentIdentifier"])
    if status_of(region, deployment) != "Active" or deployment.next_ready:
        raise validation(f"The deployment {deployment.arn} is in a mutating state and cannot be updated.")
    model = region.custom_model(params["modelArn"])
    if model.job.base.model_id != deployment.model.job.base.model_id:
        raise validation("The new custom model must have the same base model as the deployed one.")
    deployment.swap_failed = None
    deployment.swap_fault = region.surroundings.read_faults(project_of(deployment.name), "swap")
    deployment.next_model = model
    deployment.next_ready = region.now() + timedelta(seconds=region.account().timings.deployment_update)
    return {"customModelDeploymentArn": deployment.arn}


def delete(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a deployment that is not being created or updated."""
    deployment = find(region, params["customModelDeploymentIdentifier"])
    if status_of(region, deployment) == "Creating" or deployment.next_ready:
        raise validation(f"The deployment {deployment.arn} is in a mutating state and cannot be deleted.")
    del region.deployments[deployment.arn]
    region.tags.pop(deployment.arn, None)
    return {}


def find(region: Region, identifier: str) -> Deployment:
    """Find a deployment by name or ARN. Raises ResourceNotFoundException."""
    for deployment in region.deployments.values():
        if identifier in (deployment.arn, deployment.name):
            return deployment
    raise not_found(f"Custom model deployment {identifier} is not found.")


def status_of(region: Region, deployment: Deployment) -> str:
    """Return the deployment's status now."""
    if region.now() < deployment.ready or deployment.fault.get("hang"):
        return "Creating"
    return "Failed" if deployment.fault.get("ends") == "Failed" else "Active"


def advance(region: Region) -> None:
    """Finish the updates that are due."""
    now = region.now()
    for deployment in region.deployments.values():
        if not deployment.next_ready or now < deployment.next_ready or deployment.swap_fault.get("hang"):
            continue
        if deployment.swap_fault.get("ends") == "Failed":
            deployment.swap_failed = deployment.next_model
        elif deployment.next_model:
            deployment.model = deployment.next_model
        deployment.updated = deployment.next_ready
        deployment.next_model = deployment.next_ready = None


def _update_details(deployment: Deployment) -> dict[str, str] | None:
    if deployment.next_model:
        return {"modelArn": deployment.next_model.arn, "updateStatus": "Updating"}
    if deployment.swap_failed:
        return {"modelArn": deployment.swap_failed.arn, "updateStatus": "UpdateFailed"}
    if deployment.updated:
        return {"modelArn": deployment.model.arn, "updateStatus": "UpdateCompleted"}
    return None


def _failure(region: Region, deployment: Deployment) -> str | None:
    if status_of(region, deployment) == "Failed":
        return str(deployment.fault.get("message", "Encountered an internal error during deployment."))
    return str(deployment.swap_fault.get("message", "")) or None if deployment.swap_failed else None


OPERATIONS: Final[dict[str, Operation]] = {
    "CreateCustomModelDeployment": create,
    "GetCustomModelDeployment": get,
    "ListCustomModelDeployments": list_deployments,
    "UpdateCustomModelDeployment": update,
    "DeleteCustomModelDeployment": delete,
}
