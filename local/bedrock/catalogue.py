"""Which base models does the account list, and how? ListFoundationModels and its two companions."""

from __future__ import annotations

from typing import Any, Final

from local.bedrock.errors import not_found
from local.bedrock.foundation import FoundationModel
from local.bedrock.region import Operation, Region

LISTED: Final = ("FINE_TUNING", "CONTINUED_PRE_TRAINING", "DISTILLATION")
"""The values of ModelCustomization in botocore's model."""


def list_models(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """List the Region's base models that are not past their end of life."""
    chosen = [
        model
        for model in _listed(region)
        if params.get("byProvider", model.provider).lower() == model.provider.lower()
        and params.get("byCustomizationType") in (None, *_shown(region, model))
        and params.get("byInferenceType") in (None, *model.inference_types)
        and params.get("byOutputModality", "TEXT") == "TEXT"
    ]
    return {"modelSummaries": [_describe(region, model) for model in chosen]}


def get(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a base model by id or ARN."""
    model = region.foundation_model(params["modelIdentifier"], to_ask=True)
    if model is None or model.ended(region.now()):
        raise not_found(
            f"Could not resolve the foundation model from the model identifier {params['modelIdentifier']}."
        )
    return {"modelDetails": _describe(region, model)}


def get_availability(region: Region, params: dict[str, Any]) -> dict[str, Any]:
    """Say whether the account may use a base model here."""
    model_id = params["modelId"]
    everywhere = {model.model_id for model in region.surroundings.foundation_models()}
    if model_id not in everywhere:
        raise not_found(f"Could not resolve the foundation model from the model identifier {model_id}.")
    model = region.foundation_model(model_id, to_ask=True)
    here = model is not None and not model.ended(region.now())
    return {
        "modelId": model_id,
        "agreementAvailability": {"status": "AVAILABLE"},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE",
        "regionAvailability": "AVAILABLE" if here else "NOT_AVAILABLE",
    }


def _listed(region: Region) -> list[FoundationModel]:
    overrides, now = region.account().foundation_models, region.now()
    offered = (model.as_offered(overrides) for model in region.surroundings.foundation_models())
    return [
        model
        for model in offered
        if region.region_name in model.regions | model.asked_in and not model.ended(now)
    ]


def _describe(region: Region, model: FoundationModel) -> dict[str, Any]:
    return {
        "modelArn": f"arn:{region.partition}:bedrock:{region.region_name}{model.arn_suffix}",
        "modelId": model.model_id,
        "modelName": model.name,
        "providerName": model.provider,
        "inputModalities": list(model.input_modalities),
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "customizationsSupported": _shown(region, model),
        "inferenceTypesSupported": list(model.inference_types),
        "modelLifecycle": {"status": model.status, **model.lifecycle_times},
    }


def _shown(region: Region, model: FoundationModel) -> list[str]:
    """List the customizations that Bedrock's list has a word for; reinforcement is not among them."""
    here = region.region_name in model.regions
    return [kind for kind in model.customizations if kind in LISTED and here]


OPERATIONS: Final[dict[str, Operation]] = {
    "ListFoundationModels": list_models,
    "GetFoundationModel": get,
    "GetFoundationModelAvailability": get_availability,
}
