"""What may a caller do with custom models? Get, list and delete them; using one keeps it from deletion."""

from __future__ import annotations

from typing import Any, Final

from local.bedrock.errors import conflict
from local.bedrock.jobs import customization_of, metrics_of
from local.bedrock.listing import page, select
from local.bedrock.region import CustomModel, Deployment, Operation, Region, Throughput


def get(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a custom model by name or ARN."""
    model = region.custom_model(params["modelIdentifier"])
    request = model.job.request
    details: dict[str, Any] = {
        "modelArn": model.arn,
        "modelName": model.name,
        "jobName": model.job.name,
        "jobArn": model.job.arn,
        "baseModelArn": model.job.base_arn,
        "customizationType": customization_of(model.job),
        "customizationConfig": request.get("customizationConfig"),
        "modelKmsKeyArn": request.get("customModelKmsKeyId"),
        "hyperParameters": request.get("hyperParameters", {}),
        "trainingDataConfig": request["trainingDataConfig"],
        "validationDataConfig": request.get("validationDataConfig"),
        "outputDataConfig": request["outputDataConfig"],
        "creationTime": model.created,
        "modelStatus": "Active",
        **metrics_of(model.job),
    }
    return {key: value for key, value in details.items() if value is not None}


def list_models(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """List custom models by name, time and base model."""
    bases = {params.get("baseModelArnEquals"), params.get("foundationModelArnEquals")} - {None}
    models = [
        model
        for model in select(region.models.values(), params, "creationTimeAfter", "creationTimeBefore")
        if bases <= {model.job.base_arn} and params.get("modelStatus", "Active") == "Active"
    ]
    return page("modelSummaries", [_summary(region, model) for model in models], params)


def delete(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a custom model that nothing serves."""
    model = region.custom_model(params["modelIdentifier"])
    capacity: list[Deployment | Throughput] = [*region.deployments.values(), *region.throughputs.values()]
    users = [one.arn for one in capacity if model in (one.model, one.next_model)]
    if users:
        raise conflict(f"The model {model.arn} cannot be deleted while it is in use by {', '.join(users)}.")
    del region.models[model.arn]
    region.tags.pop(model.arn, None)
    return {}


def _summary(region: Region, model: CustomModel) -> dict[str, Any]:
    return {
        "modelArn": model.arn,
        "modelName": model.name,
        "creationTime": model.created,
        "baseModelArn": model.job.base_arn,
        "baseModelName": model.job.base.model_id.split(":")[0],
        "customizationType": customization_of(model.job),
        "ownerAccountId": region.account_id,
        "modelStatus": "Active",
    }


OPERATIONS: Final[dict[str, Operation]] = {
    "GetCustomModel": get,
    "ListCustomModels": list_models,
    "DeleteCustomModel": delete,
}
