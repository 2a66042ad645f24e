"""Which capacity does a run enter into the ledger, with which expiry, before it is asked for?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from tunesmith import names
from tunesmith.errors import RecordMissingError
from tunesmith.ledger import KEEP_UNPROMOTED_DAYS, Capacity, CapacityKind, CapacityState

SERVING_TOKEN: Final = "serving"  # noqa: S105 - a sort key of the ledger
CANDIDATE: Final = "candidate"
NOT_CHOSEN: Final = "not chosen"
CHAMPION: Final = "champion"
SUPERSEDED: Final = "superseded"
"""Purposes of stored models, and of capacity that outlives its run."""
NEVER: Final = "9999-12-31T00:00:00Z"
KINDS: Final = {"on_demand": CapacityKind.DEPLOYMENT, "provisioned": CapacityKind.THROUGHPUT}
"""What each serving path opens."""
EVALUATION_HOURS: Final = {"on_demand": 48, "provisioned": 6}
"""How long capacity may stay that was opened for an evaluation; provisioned throughput bills every hour."""


def job_token(number: int) -> str:
    """Sort key of a customization job by its number in the run."""
    return f"job-{number}"


def model_token(number: int) -> str:
    """Sort key of the custom model that the job of the same number leaves."""
    return f"model-{number}"


def judge_token(number: int) -> str:
    """Sort key of the deployment on which that model answers the validation records."""
    return f"judge-{number}"


def job_capacity(*, project: str, run: str, number: int, now: str, deadline_hours: float) -> Capacity:
    """Enter a customization job; a day past its deadline it is overdue."""
    return Capacity(
        run=run,
        project=project,
        token=job_token(number),
        kind=CapacityKind.JOB,
        name=names.job_name(project, run, number),
        purpose="training",
        state=CapacityState.REQUESTED,
        since=now,
        expires=later(now, hours=deadline_hours + 24),
    )


def model_capacity(
    *, project: str, run: str, number: int, now: str, deadline_hours: float, usd_per_month: Decimal
) -> Capacity:
    """Enter the custom model that a job will leave; storing it is billed by the month."""
    return Capacity(
        run=run,
        project=project,
        token=model_token(number),
        kind=CapacityKind.MODEL,
        name=names.custom_model_name(project, run, number),
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


def judging_capacity(*, project: str, run: str, number: int, now: str) -> Capacity:
    """Enter the deployment on which one job's model answers the validation records."""
    return Capacity(
        run=run,
        project=project,
        token=judge_token(number),
        kind=CapacityKind.DEPLOYMENT,
        name=names.capacity_name(project, run, number),
        purpose="validation",
        state=CapacityState.REQUESTED,
        since=now,
        expires=later(now, hours=EVALUATION_HOURS["on_demand"]),
    )


def trained_model(run: str, number: int, capacity: Iterable[Capacity]) -> Capacity:
    """Find the custom model that a run's job of a number left; RecordMissingError where there is none."""
    found = next((item for item in capacity if item.token == model_token(number) and item.arn), None)
    if found is None:
        raise RecordMissingError(
            f"the ledger has no custom model of job {number} of run {run}; training must come first"
        )
    return found


def open_serving(capacity: Iterable[Capacity], token: str = SERVING_TOKEN) -> Capacity | None:
    """Find the deployment or throughput that a run holds, None where it has none or gave it back."""
    held = (item for item in capacity if item.token == token and item.arn)
    return next((item for item in held if item.state is not CapacityState.RELEASED), None)


def later(now: str, *, hours: float) -> str:
    """Add hours to an ISO 8601 time; whole seconds, in UTC, so that text order is time order."""
    then = datetime.fromisoformat(now) + timedelta(hours=hours)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_between(start: str, end: str) -> float:
    """Count the seconds from one ISO 8601 time to another."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
