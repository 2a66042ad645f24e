"""What becomes of the champion? Planning, promotion and its undoing, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from tunesmith import names
from tunesmith.ledger import KEEP_UNPROMOTED_DAYS, Capacity, Champion
from tunesmith.serving.capacity import CHAMPION, KINDS, NEVER, SERVING_TOKEN, SUPERSEDED, later, model_token

_EARLIER = "earlier_"
"""Prefix under which a champion's `previous` remembers the one before it, for the time of a promotion."""
_REMEMBERED = (
    "run", "model_arn", "model_name", "base_model", "arn", "path", "capacity_name", "capacity_run", "since",
)  # fmt: skip
ROLLBACK: Final = "rollback"
"""What `by_hand` says where an earlier champion comes back."""
GRACE_HOURS: Final = 24
"""How long an ARN that callers may still hold goes on answering after the stable name moved to another."""


@dataclass(frozen=True, kw_only=True)
class ServingPlan:
    """Whether the candidate's own capacity becomes the champion's, or the champion's gets the new model."""

    action: Literal["adopt", "swap"]
    path: str
    candidate_arn: str
    """The capacity that the smoke test asks first; empty where the model has none of its own."""
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
    champion: Champion | None, *, run: str, base_model: str, model: Capacity, serving: Capacity | None
) -> ServingPlan:
    """Decide how the run's model is served, so that callers keep one ARN from champion to champion.

    `serving` is the run's own capacity, None where it has none, as when an earlier champion comes back.
    Raises ValueError where there is neither capacity of the run's own nor a champion's to use.
    """
    if champion is None or not _swaps(champion, run=run, base_model=base_model, serving=serving):
        if serving is None:
            raise ValueError(
                f"{model.name} has no capacity of its own and cannot use that of the project's champion; "
                f"open some with `tunesmith promote {run}`"
            )
        return ServingPlan(
            action="adopt",
            path=_path(serving),
            candidate_arn=serving.arn,
            model_arn=model.arn,
            champion_arn=serving.arn,
            reason=f"{model.name} is the project's first champion; its capacity stays."
            if champion is None
            else f"{model.name} cannot use the capacity of {champion.model_name}: callers get a new ARN.",
        )
    if champion.run == run:
        return ServingPlan(
            action="adopt",
            path=champion.path,
            candidate_arn=champion.arn,
            model_arn=model.arn,
            champion_arn=champion.arn,
            reason=f"{model.name} is the champion already.",
        )
    return ServingPlan(
        action="swap",
        path=champion.path,
        candidate_arn=serving.arn if serving else "",
        model_arn=model.arn,
        champion_arn=champion.arn,
        reason=f"{model.name} takes the place of {champion.model_name} behind the same ARN.",
    )


def promote(
    champion: Champion | None,
    *,
    run: str,
    base_model: str,
    model: Capacity,
    serving: Capacity | None,
    now: str,
) -> tuple[Champion, list[CapacityChange]]:
    """Make the run's model the champion; the old one is kept for a rollback, the one before it may go."""
    if champion is not None and champion.run == run:
        return champion, _held(champion)
    plan = plan_serving(champion, run=run, base_model=base_model, model=model, serving=serving)
    if champion is None or (plan.action == "adopt" and serving is not None):
        crowned = Champion(
            project=model.project,
            run=run,
            model_arn=model.arn,
            model_name=model.name,
            base_model=base_model,
            arn=plan.champion_arn,
            path=plan.path,
            capacity_name=serving.name if serving else "",
            capacity_run=run,
            since=now,
            previous=_remembered(champion) if champion else None,
        )
        return crowned, _held(crowned) + _left_behind(champion, crowned, now)
    crowned = replace(
        champion,
        run=run,
        model_arn=model.arn,
        model_name=model.name,
        since=now,
        previous=_remembered(champion),
    )
    return crowned, _held(crowned) + _left_behind(champion, crowned, now)


def restore(champion: Champion | None, *, run: str, now: str) -> tuple[Champion | None, list[CapacityChange]]:
    """Undo the run's promotion, whether or not it came as far as the ledger.

    The champion that is left, if any, names the model that belongs behind its ARN: a swap may have been made
    although the ledger does not know of it.
    """
    if champion is None or champion.run != run:
        return champion, []
    own = [_model_change(run, champion.model_name, "candidate", later(now, hours=24 * KEEP_UNPROMOTED_DAYS))]
    if champion.capacity_run == run:
        values = {"purpose": "evaluation", "expires": now}
        own.append(CapacityChange(run=run, token=SERVING_TOKEN, values=values))
    if champion.previous is None:
        return None, own
    before = champion.previous
    earlier = {
        name.removeprefix(_EARLIER): value for name, value in before.items() if name.startswith(_EARLIER)
    }
    restored = replace(champion, **{name: before[name] for name in _REMEMBERED}, previous=earlier or None)
    return restored, own + _held(restored)


def _remembered(champion: Champion) -> dict[str, str]:
    facts = {name: getattr(champion, name) for name in _REMEMBERED}
    before = champion.previous or {}
    return facts | {_EARLIER + name: value for name, value in before.items() if not name.startswith(_EARLIER)}


def _held(champion: Champion) -> list[CapacityChange]:
    """List what a champion holds: its model, the deployment for callers, the model to roll back to."""
    held = [
        _model_change(champion.run, champion.model_name, CHAMPION, NEVER),
        CapacityChange(
            run=champion.capacity_run,
            token=SERVING_TOKEN,
            values={"purpose": CHAMPION, "expires": NEVER},
        ),
    ]
    if champion.previous is not None:
        before = champion.previous
        held.append(_model_change(before["run"], before["model_name"], "previous champion", NEVER))
    return held


def _left_behind(champion: Champion | None, crowned: Champion, now: str) -> list[CapacityChange]:
    """List what nobody rolls back to any more, and capacity whose callers must move to another ARN."""
    if champion is None:
        return []
    changes = []
    if champion.previous is not None and champion.previous["run"] not in (crowned.run, champion.run):
        before = champion.previous
        changes.append(_model_change(before["run"], before["model_name"], SUPERSEDED, now))
    if champion.capacity_run != crowned.capacity_run:
        values = {"purpose": SUPERSEDED, "expires": later(now, hours=GRACE_HOURS)}
        changes.append(CapacityChange(run=champion.capacity_run, token=SERVING_TOKEN, values=values))
    return changes


def _swaps(champion: Champion, *, run: str, base_model: str, serving: Capacity | None) -> bool:
    """Tell whether the run's model can stand behind the champion's ARN: same base, served the same way."""
    if champion.run == run:
        return True
    same_path = serving is None or serving.kind is KINDS[champion.path]
    return same_path and champion.base_model == base_model


def _path(serving: Capacity) -> str:
    return next(path for path, kind in KINDS.items() if kind is serving.kind)


def _model_change(run: str, model_name: str, purpose: str, expires: str) -> CapacityChange:
    token = model_token(names.number_of(model_name))
    return CapacityChange(run=run, token=token, values={"purpose": purpose, "expires": expires})
