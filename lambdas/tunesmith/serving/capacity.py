"""Which capacity does a run enter into the ledger, with which expiry, before it is asked for?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from tunesmith import names
from tunesmith.errors import RecordMissingError
from tunesmith.ledger import KEEP_UNPROMOTED_DAYS, Capacity, CapacityKind, CapacityState

JOB_TOKEN: Final = "job-1"  # noqa: S105 - a sort key of the ledger
MODEL_TOKEN: Final = "model-1"  # noqa: S105
SERVING_TOKEN: Final = "serving"  # noqa: S105
CANDIDATE: Final = "candidate"
CHAMPION: Final = "champion"
SUPERSEDED: Final = "superseded"
"""Purposes of stored models, and of capacity that outlives its run."""
NEVER: Final = "9999-12-31T00:00:00Z"
KINDS: Final = {"on_demand": CapacityKind.DEPLOYMENT, "provisioned": CapacityKind.THROUGHPUT}
"""What each serving path opens."""
EVALUATION_HOURS: Final = {"on_demand": 48, "provisioned": 6}
"""How long capacity may stay that was opened for an evaluation; provisioned throughput bills every hour."""


def job_capacity(*, project: str, run: str, now: str, deadline_hours: float) -> Capacity:
    """Enter the customization job; a day past its deadline it is overdue."""
    return Capacity(
        run=run,
        project=project,
        token=JOB_TOKEN,
        kind=CapacityKind.JOB,
        name=names.job_name(project, run),
        purpose="training",
        state=CapacityState.REQUESTED,
        since=now,
        expires=later(now, hours=deadline_hours + 24),
    )


def model_capacity(
    *, project: str, run: str, now: str, deadline_hours: float, usd_per_month: Decimal
) -> Capacity:
    """Enter the custom model that the job will leave; storing it is billed by the month."""
    return Capacity(
        run=run,
        project=project,
        token=MODEL_TOKEN,
        kind=CapacityKind.MODEL,
        name=names.custom_model_name(project, run),
        purpose=CANDIDATE,
        state=CapacityState.REQUESTED,
        since=now,
        expires=later(now, hours=max(24 * KEEP_UNPROMOTED_DAYS, deadline_hours + 24)),
        usd_per_month=usd_per_month,
    )


def serving_capacity(*, project: str, run: str, path: str, now: str, usd_per_hour: Decimal) -> Capacity:
    """Enter the candidate's deployment (billed by the token alone) or throughput (billed by the hour)."""
    return Capacity(
        run=run,
        project=project,
        token=SERVING_TOKEN,
        kind=KINDS[path],
        name=names.capacity_name(project, run),
        purpose="evaluation",
        state=CapacityState.REQUESTED,
        since=now,
        expires=later(now, hours=EVALUATION_HOURS[path]),
        usd_per_hour=usd_per_hour,
    )


def trained_model(run: str, capacity: Iterable[Capacity]) -> Capacity:
    """Find the custom model that a run trained; RecordMissingError where the ledger has none."""
    found = next((item for item in capacity if item.token == MODEL_TOKEN and item.arn), None)
    if found is None:
        raise RecordMissingError(f"the ledger has no custom model of run {run}; training must come first")
    return found


def open_serving(capacity: Iterable[Capacity]) -> Capacity | None:
    """Find the deployment or throughput that a run holds, None where it has none or gave it back."""
    held = (item for item in capacity if item.token == SERVING_TOKEN and item.arn)
    return next((item for item in held if item.state is not CapacityState.RELEASED), None)


def later(now: str, *, hours: float) -> str:
    """Add hours to an ISO 8601 time; whole seconds, in UTC, so that text order is time order."""
    then = datetime.fromisoformat(now) + timedelta(hours=hours)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_between(start: str, end: str) -> float:
    """Count the seconds from one ISO 8601 time to another."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
