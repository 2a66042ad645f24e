"""What does a run's job file, with its model and its data, give a policy to go by?"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tunesmith.catalogue import Model
from tunesmith.job import Job
from tunesmith.training.policies import Policy, Setting
from tunesmith.training.requests import EPOCHS, hyperparameters_to_send

WARM_UP: Final = "learningRateWarmupSteps"
MOST_JUDGED: Final = 1_000
"""Validation records that a model answers at most, to be chosen or not."""


def policy_of(job: Job, model: Model) -> Policy:
    """The policy that the job file names; else a probe, or a pair where validation data is ignored."""
    return job.stopping.policy or ("pair" if model.ignores_validation else "probe")


def planned_epochs(job: Job, model: Model) -> int:
    """The epochs of a job that runs its full length."""
    asked = hyperparameters_to_send(job.hyperparameters, model.hyperparameters)
    return int(Decimal(str(asked[EPOCHS])))


def setting_of(job: Job, model: Model, *, validation_records: int) -> Setting:
    """Gather what a policy has to go by."""
    return Setting(
        policy=policy_of(job, model),
        epochs=planned_epochs(job, model),
        has_curve=validation_records > 0 and not model.ignores_validation,
        judges=validation_records > 0 and "on_demand" in model.serving_paths,
        stops_by_itself=bool(model.early_stopping),
        warm_up=WARM_UP if WARM_UP in model.hyperparameters else "",
    )
