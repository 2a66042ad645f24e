"""Which capacity does a run enter into the ledger, with which expiry, before it is asked for?"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from tunesmith import names
from tunesmith.ledger import KEEP_UNPROMOTED_DAYS, Capacity, CapacityKind, CapacityState

JOB_TOKEN: Final = "job-1"  # noqa: S105 - a sort key of the ledger
MODEL_TOKEN: Final = "model-1"  # noqa: S105
DEPLOYMENT_TOKEN: Final = "deployment"  # noqa: S105
NEVER: Final = "9999-12-31T00:00:00Z"
EVALUATION_DAYS: Final = 2
"""How long a deployment may stay that was opened for an evaluation."""


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
        expires=later(now, hours=max(24 * KEEP_UNPROMOTED_DAYS, deadline_hours + 24)),
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
        purpose="candidate",
        state=CapacityState.REQUESTED,
        since=now,
        expires=later(now, hours=max(24 * KEEP_UNPROMOTED_DAYS, deadline_hours + 24)),
        usd_per_month=usd_per_month,
    )


def deployment_capacity(*, project: str, run: str, now: str) -> Capacity:
    """Enter the candidate's on-demand deployment, which is billed by the token alone."""
    return Capacity(
        run=run,
        project=project,
        token=DEPLOYMENT_TOKEN,
        kind=CapacityKind.DEPLOYMENT,
        name=names.deployment_name(project, run),
        purpose="evaluation",
        state=CapacityState.REQUESTED,
        since=now,
        expires=later(now, hours=24 * EVALUATION_DAYS),
    )


def later(now: str, *, hours: float) -> str:
    """Add hours to an ISO 8601 time; whole seconds, in UTC, so that text order is time order."""
    then = datetime.fromisoformat(now) + timedelta(hours=hours)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_between(start: str, end: str) -> float:
    """Count the seconds from one ISO 8601 time to another."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
