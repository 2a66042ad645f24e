"""What is overdue, and what exists although the ledger thinks that it is gone?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from tunesmith.ledger import Capacity, CapacityKind, CapacityState
from tunesmith.serving.capacity import (
    CHAMPION,
    SERVING_TOKEN,
    SUPERSEDED,
    job_token,
    judge_token,
    model_token,
)


@dataclass(frozen=True, kw_only=True)
class Existing:
    """Something of Tunesmith's that Bedrock has."""

    kind: CapacityKind
    name: str
    run: str
    arn: str
    number: int = 0
    """The number of the run's job that it belongs to; 0 for the candidate's deployment or throughput."""


def forgotten(found: Existing, *, project: str, entered: Sequence[Capacity], now: str) -> Capacity:
    """Make the ledger's entry, due at once, for what exists and is not listed as open.

    `entered` is all that the run ever entered.
    """
    same = next((item for item in entered if item.kind is found.kind and item.name == found.name), None)
    stray = same or Capacity(
        run=found.run,
        project=project,
        token=_token(found),
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


def _token(found: Existing) -> str:
    match found.kind:
        case CapacityKind.JOB:
            return job_token(found.number)
        case CapacityKind.MODEL:
            return model_token(found.number)
    return judge_token(found.number) if found.number else SERVING_TOKEN


def _was_due(item: Capacity) -> bool:
    return item.kind is not CapacityKind.MODEL and item.purpose not in (CHAMPION, SUPERSEDED)
