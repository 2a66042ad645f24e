"""What does a run's job file, with its model and its data, give a policy to go by?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from tunesmith.catalogue import Model
from tunesmith.job import Job
from tunesmith.training.hyperparameters import (
    EPOCHS,
    WARM_UP,
    choose_hyperparameters,
    epochs_of,
    values_of,
)
from tunesmith.training.policies import MOST_STAGES, STAGE_EPOCHS, Policy, Setting
from tunesmith.training.sweeps import sweep_rounds, sweep_settings

Figures = Mapping[str, Mapping[str, int]]
"""Records and tokens of train, validation and test, as the data report's `split` has them."""
MOST_JUDGED: Final = 1_000
"""Validation records that a model answers at most, to be chosen or not."""


def policy_of(job: Job, model: Model) -> Policy:
    """The policy that the job file names; else a probe, or a pair where validation data is ignored.

    Some kinds are one job.
    """
    if job.customization.why_one_job:
        return "single"
    return job.stopping.policy or ("pair" if model.ignores_validation else "probe")


def planned_epochs(job: Job, model: Model, split: Figures) -> int:
    """The epochs of a job that runs its full length; where Bedrock chooses it, the most that the model takes.

    How long it trains is not documented then, and the budget has to cover it.
    """
    if job.customization.chooses_length:
        return int(model.hyperparameters[EPOCHS].max)
    return epochs_of(choose_hyperparameters(job.hyperparameters, model, records=split["train"]["records"]))


def rounds_of(job: Job, model: Model, split: Figures) -> list[tuple[float, int]]:
    """List the rounds of a run's sweep, each with its share of the training records and its jobs."""
    if job.sweep is None:
        return []
    chosen = setting_of(job, model, split).chosen
    return sweep_rounds(job.sweep, len(sweep_settings(job.sweep, model, chosen)))


def epochs_between(job: Job, model: Model, split: Figures) -> tuple[Decimal, Decimal, Decimal]:
    """Bound the epochs that all jobs of a run bill together: at least, expected, at most.

    One on a share of the training records counts as that share.
    """
    if job.sweep is not None:
        epochs = planned_epochs(job, model, split)
        billed = sum(
            (epochs * jobs * Decimal(str(share)) for share, jobs in rounds_of(job, model, split)), Decimal(0)
        )
        return billed, billed, billed
    least, expected, most = map(Decimal, _whole_epochs_between(job, model, split))
    return least, expected, most


def _whole_epochs_between(job: Job, model: Model, split: Figures) -> tuple[int, int, int]:
    epochs, setting = planned_epochs(job, model, split), setting_of(job, model, split)
    half = math.ceil(epochs / 2)
    match setting.policy:
        case "pair" if setting.judges and half < epochs:
            return epochs + half, epochs + half, epochs + half
        case "probe" if setting.has_curve and not setting.stops_by_itself:
            return epochs, epochs, 2 * epochs - 1
        case "chain" if setting.has_curve and not setting.stops_by_itself:
            # Where Bedrock refuses the second stage, a probe takes the chain's place.
            least, stages = 2 * STAGE_EPOCHS, MOST_STAGES * STAGE_EPOCHS
            refused = STAGE_EPOCHS + 2 * epochs - 1
            return least, max(least, min(epochs, stages)), max(stages, refused)
    return epochs, epochs, epochs


def models_judged(job: Job, model: Model, split: Figures) -> tuple[int, int]:
    """Bound how many models of a run answer the validation records: expected, and at most."""
    setting = setting_of(job, model, split)
    if not setting.judges:
        return 0, 0
    least, expected, most = epochs_between(job, model, split)
    if job.sweep is not None:
        jobs = sum(count for _, count in rounds_of(job, model, split))
        return jobs, jobs
    match setting.policy:
        case "pair" if most > setting.epochs:
            return 2, 2
        case "chain" if setting.has_curve:
            return int(expected), MOST_STAGES
        case "probe" if most > least:
            return 0, 2
    return 0, 0


def setting_of(job: Job, model: Model, split: Figures) -> Setting:
    """Gather what a policy has to go by."""
    validation_records = split["validation"]["records"]
    choices = choose_hyperparameters(job.hyperparameters, model, records=split["train"]["records"])
    return Setting(
        policy=policy_of(job, model),
        epochs=planned_epochs(job, model, split),
        chosen={} if job.customization.chooses_length else values_of(choices),
        has_curve=validation_records > 0 and not model.ignores_validation and job.customization.has_curve,
        judges=validation_records > 0
        and "on_demand" in model.serving_paths
        and not job.customization.learns_texts,
        stops_by_itself=validation_records > 0 and bool(model.early_stopping),
        why_one_job=job.customization.why_one_job,
        warm_up=WARM_UP if WARM_UP in model.hyperparameters else "",
    )
