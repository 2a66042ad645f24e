"""Can this plan work at all? Every reason against it at once, before anything is paid.

The catalogue knows, the account decides: what Bedrock lists in this Region today goes before what the
catalogue says, which explains the answer and names the successor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from tunesmith.catalogue import Hyperparameter, Model, find_model
from tunesmith.job import Job
from tunesmith.suggestions import did_you_mean

CUSTOMIZATIONS: Final = {"fine-tuning": "FINE_TUNING"}
"""A job file's kind to Bedrock's name of it."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One entry of Bedrock's list of models; `status` is ACTIVE or LEGACY, the words are Bedrock's."""

    id: str
    status: str
    end_of_life: date | None
    customizations: tuple[str, ...]


def find_problems(
    job: Job,
    model: Model,
    *,
    offers: Sequence[Offer],
    region: str,
    split: Mapping[str, int],
    today: date,
) -> list[str]:
    """List every reason why a job cannot work, each with what to do; an empty list means go.

    `offers` is what the account lists under the model's ids, `split` the records of each part.
    """
    return [
        *_offer_problems(job, model, offers, region, today),
        *_record_problems(model, split),
        *_hyperparameter_problems(job, model),
        *_serving_problems(job, model),
    ]


def _offer_problems(
    job: Job, model: Model, offers: Sequence[Offer], region: str, today: date
) -> Iterator[str]:
    regions = " or ".join(model.regions)
    if job.kind not in model.kinds:
        yield f"{model.title} has no {job.kind}; use one of {', '.join(model.kinds)} in `kind`"
    if not offers:
        if model.lifecycle.status != "active":
            yield f"{_past_use(model, model.lifecycle.end_of_life, today)}; {_successor(model)}"
        else:
            yield (
                f"Bedrock does not offer {model.title} to this account in {region}; the catalogue knows it "
                f"in {regions}: deploy Tunesmith there, or ask for access to the model"
            )
        return
    ends = [offer.end_of_life for offer in offers if offer.end_of_life is not None]
    if any(offer.status == "LEGACY" for offer in offers) or any(end <= today for end in ends):
        yield f"{_past_use(model, min(ends, default=None), today)}; {_successor(model)}"
        return
    if not any(CUSTOMIZATIONS[job.kind] in offer.customizations for offer in offers):
        yield (
            f"Bedrock does not offer {job.kind} of {model.title} in {region}; the catalogue knows it in "
            f"{regions}: deploy Tunesmith there"
        )


def _past_use(model: Model, end_of_life: date | None, today: date) -> str:
    if end_of_life is None:
        return f"{model.title} is legacy, so Bedrock takes no new customization jobs for it"
    if end_of_life <= today:
        return f"{model.title} was retired on {end_of_life}"
    return (
        f"{model.title} is legacy and will be retired on {end_of_life}, so Bedrock takes no new "
        f"customization jobs for it"
    )


def _successor(model: Model) -> str:
    if not model.lifecycle.successor:
        return "choose an active model as `base_model`"
    successor = find_model(model.lifecycle.successor)
    return (
        f"use {successor.title} instead (`base_model: {successor.name}`, in {' or '.join(successor.regions)})"
    )


def _record_problems(model: Model, split: Mapping[str, int]) -> Iterator[str]:
    if split["train"] < model.minimum_records:
        yield (
            f"{split['train']} records are left to train on after the split, and {model.title} needs at "
            f"least {model.minimum_records}: add records, or give data.test and data.validation yourself"
        )
    validation = 0 if model.ignores_validation else split["validation"]
    if split["train"] + validation > model.maximum_records:
        counted = f"{split['train']:,} records to train on" + (
            f" and {validation:,} to validate with" if validation else ""
        )
        yield (
            f"{counted} are more than the {model.maximum_records:,} that {model.title} takes: leave some "
            f"out, or ask AWS for a higher quota"
        )


def _hyperparameter_problems(job: Job, model: Model) -> Iterator[str]:
    for name, value in job.hyperparameters.items():
        known = model.hyperparameters.get(name)
        if known is None:
            yield (
                f"hyperparameters.{name} is unknown{did_you_mean(name, model.hyperparameters)}: "
                f"{model.title} has {', '.join(model.hyperparameters)}"
            )
            continue
        number = Decimal(str(value))
        if not known.min <= number <= known.max or (known.integer and number % 1):
            yield f"hyperparameters.{name} is {value}: {model.title} takes {_range(known)}"


def _range(known: Hyperparameter) -> str:
    kind = "a whole number" if known.integer else "a number"
    return f"{kind} from {known.min.normalize():f} to {known.max.normalize():f}"


def _serving_problems(job: Job, model: Model) -> Iterator[str]:
    if job.serving.path is not None and job.serving.path not in model.serving_paths:
        yield (
            f"{model.title} cannot be served by {job.serving.path}, only by "
            f"{' or '.join(model.serving_paths)}: choose another base model"
        )
