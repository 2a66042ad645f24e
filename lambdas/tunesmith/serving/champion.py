"""What becomes of the champion? Planning, promotion and its undoing, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from tunesmith.ledger import KEEP_UNPROMOTED_DAYS, Capacity, Champion
from tunesmith.serving.capacity import DEPLOYMENT_TOKEN, MODEL_TOKEN, NEVER, later

_EARLIER = "earlier_"
"""Prefix under which a champion's `previous` remembers the one before it, for the time of a promotion."""


@dataclass(frozen=True, kw_only=True)
class ServingPlan:
    """Whether the candidate's own deployment becomes the champion's, or the champion's gets the new model."""

    action: Literal["adopt", "swap"]
    candidate_arn: str
    model_arn: str
    champion_arn: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CapacityChange:
    """Values to set on one piece of capacity."""

    run: str
    token: str
    values: Mapping[str, str]


def plan_serving(
    champion: Champion | None, *, run: str, model: Capacity, deployment: Capacity
) -> ServingPlan:
    """Decide how the run's model is served, so that callers keep one ARN from champion to champion."""
    if champion is None:
        return ServingPlan(
            action="adopt",
            candidate_arn=deployment.arn,
            model_arn=model.arn,
            champion_arn=deployment.arn,
            reason=f"{model.name} is the project's first champion; its deployment stays.",
        )
    if champion.run == run:
        return ServingPlan(
            action="adopt",
            candidate_arn=champion.arn,
            model_arn=model.arn,
            champion_arn=champion.arn,
            reason=f"{model.name} is the champion already.",
        )
    return ServingPlan(
        action="swap",
        candidate_arn=deployment.arn,
        model_arn=model.arn,
        champion_arn=champion.arn,
        reason=f"{model.name} takes the place of {champion.model_name} behind the same ARN.",
    )


def promote(
    champion: Champion | None, *, run: str, model: Capacity, deployment: Capacity, now: str
) -> tuple[Champion, list[CapacityChange]]:
    """Make the run's model the champion; the old one is kept for a rollback, the one before it may go."""
    if champion is not None and champion.run == run:
        return champion, _held(champion)
    if champion is None:
        crowned = Champion(
            project=model.project,
            run=run,
            model_arn=model.arn,
            model_name=model.name,
            arn=deployment.arn,
            deployment_name=deployment.name,
            deployment_run=run,
            since=now,
        )
        return crowned, _held(crowned)
    crowned = replace(
        champion,
        run=run,
        model_arn=model.arn,
        model_name=model.name,
        since=now,
        previous=_remembered(champion),
    )
    changes = _held(crowned)
    if champion.previous is not None:
        changes.append(_model_change(champion.previous["run"], "superseded", now))
    return crowned, changes


def restore(champion: Champion | None, *, run: str, now: str) -> tuple[Champion | None, list[CapacityChange]]:
    """Undo the run's promotion, whether or not it came as far as the ledger.

    The champion that is left, if any, names the model that belongs behind its ARN: a swap may have been made
    although the ledger does not know of it.
    """
    if champion is None or champion.run != run:
        return champion, []
    own = [_model_change(run, "candidate", later(now, hours=24 * KEEP_UNPROMOTED_DAYS))]
    if champion.previous is None:
        values = {"purpose": "evaluation", "expires": now}
        return None, [*own, CapacityChange(run=run, token=DEPLOYMENT_TOKEN, values=values)]
    before = champion.previous
    earlier = {
        name.removeprefix(_EARLIER): value for name, value in before.items() if name.startswith(_EARLIER)
    }
    restored = replace(
        champion,
        run=before["run"],
        model_arn=before["model_arn"],
        model_name=before["model_name"],
        since=before["since"],
        previous=earlier or None,
    )
    return restored, own + _held(restored)


def _remembered(champion: Champion) -> dict[str, str]:
    facts = {
        "run": champion.run,
        "model_arn": champion.model_arn,
        "model_name": champion.model_name,
        "since": champion.since,
    }
    before = champion.previous or {}
    return facts | {_EARLIER + name: value for name, value in before.items() if not name.startswith(_EARLIER)}


def _held(champion: Champion) -> list[CapacityChange]:
    """List what a champion holds: its model, the deployment for callers, the model to roll back to."""
    held = [
        _model_change(champion.run, "champion", NEVER),
        CapacityChange(
            run=champion.deployment_run,
            token=DEPLOYMENT_TOKEN,
            values={"purpose": "champion", "expires": NEVER},
        ),
    ]
    if champion.previous is not None:
        held.append(_model_change(champion.previous["run"], "previous champion", NEVER))
    return held


def _model_change(run: str, purpose: str, expires: str) -> CapacityChange:
    return CapacityChange(run=run, token=MODEL_TOKEN, values={"purpose": purpose, "expires": expires})
