"""What is overdue, and what exists although the ledger thinks that it is gone?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from tunesmith.ledger import Capacity, CapacityKind, CapacityState
from tunesmith.serving.capacity import JOB_TOKEN, MODEL_TOKEN, SERVING_TOKEN

_TOKENS = {
    CapacityKind.DEPLOYMENT: SERVING_TOKEN,
    CapacityKind.THROUGHPUT: SERVING_TOKEN,
    CapacityKind.JOB: JOB_TOKEN,
    CapacityKind.MODEL: MODEL_TOKEN,
}


@dataclass(frozen=True, kw_only=True)
class Existing:
    """Something of Tunesmith's that Bedrock has."""

    kind: CapacityKind
    name: str
    run: str
    arn: str


def forgotten(found: Existing, known: tuple[str, Sequence[Capacity]], *, now: str) -> Capacity | None:
    """Make the ledger's entry, due at once, for what exists and is not open there; None where it is.

    `known` is the run's project and all that it ever entered.
    """
    project, entered = known
    same = next((item for item in entered if item.kind is found.kind and item.name == found.name), None)
    if same is not None and same.state is not CapacityState.RELEASED:
        return None
    stray = same or Capacity(
        run=found.run,
        project=project,
        token=_TOKENS[found.kind],
        kind=found.kind,
        name=found.name,
        purpose="unknown",
        state=CapacityState.OPEN,
        since=now,
        expires=now,
    )
    return replace(stray, state=CapacityState.OPEN, arn=found.arn, expires=now, purpose="left behind")


def overdue_runs(still_open: Iterable[Capacity], *, lost: Collection[str], now: str) -> list[str]:
    """List the runs that have something beyond its expiry, or whose execution ended without a release."""
    return sorted({item.run for item in still_open if item.expires <= now or item.run in lost})
