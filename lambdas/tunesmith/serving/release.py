"""What does a run give back when it is over, and what stays?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from tunesmith.ledger import Capacity, CapacityKind, CapacityState, Champion, Outcome
from tunesmith.serving.capacity import CANDIDATE, KINDS, NEVER, SUPERSEDED

STOPPED_OUTSIDE: Final = "the execution was stopped, timed out or failed outside its own handling"
_MODEL_STAYS_AFTER: Final = (Outcome.FAILED, Outcome.INCONCLUSIVE)
"""A repeat may adopt the model, or a person may promote it, until it expires."""


@dataclass(frozen=True, kw_only=True)
class ReleaseItem:
    """One piece of capacity to give back."""

    run: str
    token: str
    kind: str
    name: str


def plan_release(
    *,
    run: str,
    outcome: str,
    capacity: Iterable[Capacity],
    overdue: Iterable[Capacity],
    existing_models: Collection[str],
    champion: Champion | None,
    now: str,
    keep_until: str = NEVER,
    running_jobs: Collection[str] = (),
) -> list[ReleaseItem]:
    """List what to give back, in the order in which that is possible: deployments, jobs, models.

    `capacity` is the run's own, `overdue` what other closed runs of the project left beyond its expiry;
    `existing_models` names the models that Bedrock has, `keep_until` says how long one may stay that was
    neither promoted nor rejected. `running_jobs` names the jobs that a second execution may adopt.
    """
    own = [
        item
        for item in capacity
        if not _stays(dated(item, keep_until), outcome, existing_models, champion, now)
        and not (item.name in running_jobs and _goes_on(item, outcome, now))
    ]
    others = [
        item for item in overdue if item.run != run and item.expires <= now and not _serves(item, champion)
    ]
    order = list(CapacityKind)
    gone = [item for item in [*own, *others] if item.state is not CapacityState.RELEASED]
    return [
        ReleaseItem(run=item.run, token=item.token, kind=item.kind, name=item.name)
        for item in sorted(gone, key=lambda item: order.index(item.kind))
    ]


def dated(item: Capacity, keep_until: str) -> Capacity:
    """Bring a candidate's expiry forward to what the job file allows after the run."""
    if item.kind is not CapacityKind.MODEL or item.purpose != CANDIDATE:
        return item
    return replace(item, expires=min(item.expires, keep_until))


def _stays(
    item: Capacity, outcome: str, existing_models: Collection[str], champion: Champion | None, now: str
) -> bool:
    if _serves(item, champion):
        return True
    if item.purpose == SUPERSEDED:
        return item.expires > now
    return (
        item.kind is CapacityKind.MODEL
        and outcome in _MODEL_STAYS_AFTER
        and item.name in existing_models
        and item.expires > now
    )


def _goes_on(item: Capacity, outcome: str, now: str) -> bool:
    return item.kind is CapacityKind.JOB and outcome == Outcome.FAILED and item.expires > now


def _serves(item: Capacity, champion: Champion | None) -> bool:
    if champion is None:
        return False
    if item.kind in KINDS.values():
        return item.run == champion.capacity_run
    models = {champion.model_name, champion.previous["model_name"] if champion.previous else ""}
    return item.kind is CapacityKind.MODEL and item.name in models
