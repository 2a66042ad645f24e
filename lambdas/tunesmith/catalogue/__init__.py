"""What does Tunesmith know about base models? `models.yaml` as typed values, found by any usual id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from tunesmith.errors import UnknownModelError
from tunesmith.suggestions import did_you_mean

RecordFormat = Literal["converse", "anthropic-messages"]
LifecycleStatus = Literal["active", "legacy", "retired"]

_FILE: Final = Path(__file__).with_name("models.yaml")
_GROUPS: Final = ("identity", "offer", "records", "tuning", "serving", "lifecycle")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a group of facts was read, and when."""

    url: str
    date: date


@dataclass(frozen=True, kw_only=True)
class Hyperparameter:
    """Inclusive range and default of one hyperparameter, under Bedrock's own name."""

    min: Decimal
    max: Decimal
    default: Decimal
    integer: bool


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """Where a model stands in its life; the dates are AWS's, None where it announced none."""

    status: LifecycleStatus
    legacy: date | None = None
    end_of_life: date | None = None
    successor: str = ""
    """Inference id of the model to use instead; empty while the model is active."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One base model: ids, limits, hyperparameters, ways to serve, life, and where each was read."""

    id: str
    """Inference id, which is also Tunesmith's id of the model."""
    training_id: str
    """Id for a customization job, with the context suffix."""
    name: str
    """Short name, as written in a job file."""
    title: str
    family: str
    regions: tuple[str, ...]
    """Regions in which it can be customized."""
    kinds: tuple[str, ...]
    record_format: RecordFormat
    inputs: tuple[str, ...]
    """What a user turn may hold: text, image, video."""
    reasoning: bool
    """Whether an assistant turn may carry reasoning beside its text."""
    minimum_records: int
    maximum_records: int
    """Most records of training and validation together."""
    tokens_per_record: int
    ignores_validation: bool
    """Whether training takes validation data and then makes no use of it."""
    reserved_words: tuple[str, ...]
    """What fails a job when it stands in a prompt; checked without regard to case."""
    hyperparameters: Mapping[str, Hyperparameter]
    serving_paths: tuple[str, ...]
    lifecycle: Lifecycle
    sources: Mapping[str, Source]
    """Group of facts (identity, offer, records, tuning, serving, lifecycle) to its source."""


@cache
def load_catalogue() -> tuple[Model, ...]:
    """List every model that the catalogue knows, in its order."""
    return tuple(_model(entry) for entry in yaml.safe_load(_FILE.read_text("utf-8"))["models"])


def find_model(name: str) -> Model:
    """Find a model by inference id, training id or short name; UnknownModelError lists the known ones."""
    by_name = {
        known: model for model in load_catalogue() for known in (model.id, model.training_id, model.name)
    }
    if name not in by_name:
        short_names = [model.name for model in load_catalogue()]
        raise UnknownModelError(
            f"{name!r} is no base model of the catalogue{did_you_mean(name, by_name)}; "
            f"it knows {', '.join(short_names)}"
        )
    return by_name[name]


def _model(entry: Mapping[str, Any]) -> Model:
    identity, offer, records, tuning, serving, lifecycle = (entry[group] for group in _GROUPS)
    return Model(
        **{key: identity[key] for key in ("id", "training_id", "name", "title", "family")},
        regions=tuple(offer["regions"]),
        kinds=tuple(offer["kinds"]),
        record_format=records["format"],
        inputs=tuple(records["inputs"]),
        reasoning=records["reasoning"],
        minimum_records=records["minimum"],
        maximum_records=records["maximum"],
        tokens_per_record=records["tokens_per_record"],
        ignores_validation=records["ignores_validation"],
        reserved_words=tuple(records["reserved_words"]),
        hyperparameters={name: _hyperparameter(values) for name, values in tuning["hyperparameters"].items()},
        serving_paths=tuple(serving["paths"]),
        lifecycle=Lifecycle(**{key: lifecycle[key] for key in lifecycle if key not in ("source", "date")}),
        sources={group: Source(url=entry[group]["source"], date=entry[group]["date"]) for group in _GROUPS},
    )


def _hyperparameter(values: Mapping[str, Any]) -> Hyperparameter:
    return Hyperparameter(
        **{key: Decimal(str(values[key])) for key in ("min", "max", "default")}, integer=values["integer"]
    )
