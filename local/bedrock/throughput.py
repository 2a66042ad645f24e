"""How is a model served by the hour? Provisioned throughput: created, swapped, deleted, within a quota."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from local.bedrock.errors import BedrockError, conflict, not_found, validation
from local.bedrock.foundation import FoundationModel
from local.bedrock.listing import page, select
from local.bedrock.names import project_of
from local.bedrock.region import CustomModel, Operation, Region, Throughput

COMMITMENT_DAYS: Final = {"OneMonth": 30, "SixMonths": 180}


def create(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Provision model units for a custom or base model that may be served so."""
    token = params.get("clientRequestToken")
    if arn := region.repeated("throughput", token):
        return {"provisionedModelArn": arn}
    model = _servable(region, params["modelId"])
    name, units = params["provisionedModelName"], params["modelUnits"]
    if any(one.name == name for one in region.throughputs.values()):
        raise validation(f"A provisioned model with the name {name} already exists.")
    account = region.account()
    used = sum(one.units for one in region.throughputs.values())
    if used + units > account.quotas.provisioned_units:
        raise BedrockError(
            "ServiceQuotaExceededException",
            f"Account {region.account_id} has no commitment model units reserved for this model: {used} of "
            f"{account.quotas.provisioned_units} are in use and {units} were requested.",
        )
    now, fault = region.now(), region.surroundings.read_faults(project_of(name), "throughput")
    commitment = params.get("commitmentDuration")
    throughput = Throughput(
        name=name,
        arn=region.arn("provisioned-model", region.new_id("throughput", name)),
        model=model,
        units=units,
        created=now,
        ready=now + timedelta(seconds=fault.get("seconds", account.timings.throughput)),
        modified=now,
        commitment=commitment,
        commitment_ends=now + timedelta(days=COMMITMENT_DAYS[commitment]) if commitment else None,
    )
    region.throughputs[throughput.arn] = throughput
    region.set_tags(throughput.arn, params.get("tags", []))
    region.remember("throughput", token, throughput.arn)
    return {"provisionedModelArn": throughput.arn}


def get(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Describe provisioned throughput by name or ARN."""
    return describe(region, find(region, params["provisionedModelId"]))


def list_throughputs(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """List provisioned throughput by name, time, status and model."""
    chosen = select(region.throughputs.values(), params, "creationTimeAfter", "creationTimeBefore")
    summaries = [describe(region, one) for one in chosen]
    for key, member in (("statusEquals", "status"), ("modelArnEquals", "modelArn")):
        if key in params:
            summaries = [one for one in summaries if one[member] == params[key]]
    return page("provisionedModelSummaries", summaries, params)


def update(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Rename, or put another custom model of the same base, or the base itself, behind the ARN."""
    throughput = find(region, params["provisionedModelId"])
    if status_of(region, throughput) != "InService":
        raise validation(f"The provisioned model {throughput.arn} is not InService and cannot be updated.")
    if wanted := params.get("desiredModelId"):
        model = _servable(region, wanted)
        if _base(model).inference_id != _base(throughput.model).inference_id:
            raise validation("The desired model must be of the same base model.")
        throughput.next_model = model
        throughput.next_ready = region.now() + timedelta(seconds=region.account().timings.throughput_update)
    throughput.name = params.get("desiredProvisionedModelName", throughput.name)
    throughput.modified = region.now()
    return {}


def delete(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Give the units back, unless a commitment still runs or they are being created or updated."""
    throughput = find(region, params["provisionedModelId"])
    if status_of(region, throughput) != "InService":
        raise conflict(f"The provisioned model {throughput.arn} is {status_of(region, throughput)}.")
    if throughput.commitment_ends and region.now() < throughput.commitment_ends:
        raise conflict(
            f"The provisioned model {throughput.arn} is committed until {throughput.commitment_ends}."
        )
    del region.throughputs[throughput.arn]
    region.tags.pop(throughput.arn, None)
    return {}


def find(region: Region, identifier: str) -> Throughput:
    """Find provisioned throughput by name or ARN. Raises ResourceNotFoundException."""
    for throughput in region.throughputs.values():
        if identifier in (throughput.arn, throughput.name):
            return throughput
    raise not_found(f"Provisioned model {identifier} is not found.")


def status_of(region: Region, throughput: Throughput) -> str:
    """Return the throughput's status now."""
    if region.now() < throughput.ready:
        return "Creating"
    return "Updating" if throughput.next_ready else "InService"


def advance(region: Region) -> None:
    """Finish the updates that are due."""
    now = region.now()
    for one in region.throughputs.values():
        if one.next_ready and one.next_model and now >= one.next_ready:
            one.model, one.modified = one.next_model, one.next_ready
            one.next_model = one.next_ready = None


def describe(region: Region, one: Throughput) -> dict[str, Any]:
    """Return the throughput in Bedrock's shape."""
    details: dict[str, Any] = {
        "modelUnits": one.units,
        "desiredModelUnits": one.units,
        "provisionedModelName": one.name,
        "provisionedModelArn": one.arn,
        "modelArn": _arn(region, one.model),
        "desiredModelArn": _arn(region, one.next_model or one.model),
        "foundationModelArn": _arn(region, _base(one.model)),
        "status": status_of(region, one),
        "creationTime": one.created,
        "lastModifiedTime": one.modified,
        "commitmentDuration": one.commitment,
        "commitmentExpirationTime": one.commitment_ends,
    }
    return {key: value for key, value in details.items() if value is not None}


def _servable(region: Region, identifier: str) -> CustomModel | FoundationModel:
    foundation = region.foundation_model(identifier)
    model: CustomModel | FoundationModel = foundation or region.custom_model(identifier)
    base = _base(model)
    if not base.provisionable:
        raise validation(
            f"Provisioned Throughput is not supported for {base.model_id} in {region.region_name}."
        )
    current = region.foundation_model(base.model_id) or base
    if current.status == "LEGACY":
        raise validation(f"The model {base.model_id} is marked as Legacy: no new Provisioned Throughput.")
    return model


def _base(model: CustomModel | FoundationModel) -> FoundationModel:
    return model if isinstance(model, FoundationModel) else model.job.base


def _arn(region: Region, model: CustomModel | FoundationModel) -> str:
    if isinstance(model, FoundationModel):
        return f"arn:{region.partition}:bedrock:{region.region_name}{model.arn_suffix}"
    return model.arn


OPERATIONS: Final[dict[str, Operation]] = {
    "CreateProvisionedModelThroughput": create,
    "GetProvisionedModelThroughput": get,
    "ListProvisionedModelThroughputs": list_throughputs,
    "UpdateProvisionedModelThroughput": update,
    "DeleteProvisionedModelThroughput": delete,
}
