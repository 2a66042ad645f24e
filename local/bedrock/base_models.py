"""Which ids does the account list, and what does the product's catalogue say of them?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final

from local.bedrock.foundation import FoundationModel
from tunesmith.catalogue import Hyperparameter, Model, load_catalogue
from tunesmith.catalogue.kinds import KINDS
from tunesmith.catalogue.teachers import find_teacher

PROFILE_GROUPS: Final = ("us", "eu", "apac", "global")
"""Prefixes of cross-Region inference profiles."""
_OF_US_PROFILES: Final = frozenset({"us-east-1", "us-east-2", "us-west-2"})
"""Regions from which the profiles that begin with `us.` are asked."""

_PROVIDERS: Final = {"amazon": "Amazon", "meta": "Meta", "anthropic": "Anthropic", "cohere": "Cohere"}


@cache
def foundation_models() -> list[FoundationModel]:
    """Return each catalogue model under its inference id and, as Bedrock does, under its training id."""
    return [one for model in load_catalogue() for one in _both_ids(model)]


def _both_ids(model: Model) -> list[FoundationModel]:
    customizations = tuple(KINDS[kind].customization for kind in model.kinds)
    provider = _PROVIDERS.get(model.id.partition(".")[0], model.id.partition(".")[0])
    common: dict[str, Any] = {
        "name": model.title.removeprefix(f"{provider} ")[:20],
        "provider": provider,
        "regions": frozenset(model.regions),
        "status": "ACTIVE" if model.lifecycle.status == "active" else "LEGACY",
        "lifecycle_times": _times(model),
        "input_modalities": ("TEXT", *(kind.upper() for kind in model.media if kind == "image")),
        "inference_id": model.id,
        "deployable": "on_demand" in model.serving_paths,
        "provisionable": "provisioned" in model.serving_paths,
    }
    asked_in = _OF_US_PROFILES if model.invocation_id.startswith("us.") else frozenset()
    inference = FoundationModel(
        model_id=model.id, inference_types=("ON_DEMAND",), asked_in=asked_in, **common
    )
    training = FoundationModel(
        model_id=model.training_id,
        customizations=customizations,
        inference_types=("PROVISIONED",) if common["provisionable"] else (),
        hyperparameters=_ranges(model.hyperparameters),
        records=(model.minimum_records, model.maximum_records),
        validation_records=(
            max(1, model.minimum_validation),
            model.maximum_validation or model.maximum_records,
        ),
        counts_validation=model.minimum_counts_validation,
        teachers=tuple(
            name for one in map(find_teacher, model.teachers) for name in (one.id, one.invocation_id)
        ),
        minimum_prompts=model.minimum_prompts,
        **_rewarded(model),
        most_texts=model.texts.maximum if model.texts else 0,
        record_format=model.record_format,
        one_system_text=model.one_system_text,
        tokens_per_record=model.tokens_per_record,
        reserved_words=model.reserved_words,
        reads_validation=not model.ignores_validation,
        **common,
    )
    return [training] if model.training_id == model.id else [inference, training]


def _rewarded(model: Model) -> dict[str, Any]:
    """Say what training by rewards takes; nothing for a model that has none."""
    if model.reinforcement is None:
        return {}
    return {
        "minimum_graded": model.reinforcement.minimum_prompts,
        "reinforcement": _ranges(model.reinforcement.hyperparameters),
    }


def _ranges(hyperparameters: Mapping[str, Hyperparameter]) -> dict[str, tuple[float, float, float]]:
    return {
        name: (float(one.min), float(one.max), float(one.default)) for name, one in hyperparameters.items()
    }


def _times(model: Model) -> dict[str, datetime]:
    dates = {"legacyTime": model.lifecycle.legacy, "endOfLifeTime": model.lifecycle.end_of_life}
    return {key: _midnight(value) for key, value in dates.items() if value is not None}


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
