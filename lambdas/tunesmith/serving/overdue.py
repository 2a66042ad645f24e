"""What is overdue, and what exists although the ledger thinks that it is gone?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from tunesmith.ledger import Capacity, CapacityKind, CapacityState
from tunesmith.serving.capacity import CHAMPION, JOB_TOKEN, MODEL_TOKEN, SERVING_TOKEN, SUPERSEDED

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


def forgotten(found: Existing, *, project: str, entered: Sequence[Capacity], now: str) -> Capacity:
    """Make the ledger's entry, due at once, for what exists and is not listed as open.

    `entered` is all that the run ever entered.
    """
    same = next((item for item in entered if item.kind is found.kind and item.name == found.name), None)
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


def overdue_runs(
    still_open: Iterable[Capacity], *, closed: Collection[str], lost: Collection[str], now: str
) -> list[str]:
    """List the runs that left something behind.

    That is: something beyond its expiry; anything at all where the execution ended without a release
    (`lost`); and in a `closed` run whatever its release should have given back.
    """
    return sorted(
        {
            item.run
            for item in still_open
            if item.expires <= now or item.run in lost or (item.run in closed and _was_due(item))
        }
    )


def _was_due(item: Capacity) -> bool:
    return item.kind is not CapacityKind.MODEL and item.purpose not in (CHAMPION, SUPERSEDED)
