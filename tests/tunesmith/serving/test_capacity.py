"""Capacity: it has an expiry before it exists, and times compare as text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tunesmith.serving.capacity import NEVER, job_capacity, later, model_capacity, seconds_between


@pytest.mark.parametrize(
    ("hours", "job", "expires"),
    [
        (24, "2026-11-25T10:00:00Z", "2026-11-30T10:00:00Z"),
        (240, "2026-12-04T10:00:00Z", "2026-12-04T10:00:00Z"),
    ],
)
def test_a_job_is_due_a_day_past_its_deadline_and_its_model_no_sooner(
    hours: int, job: str, expires: str
) -> None:
    place: Any = {"project": "triage", "run": "0123456789abcdef", "number": 2, "now": "2026-11-23T10:00:00Z"}

    assert job_capacity(**place, deadline_hours=hours).expires == job
    model = model_capacity(**place, deadline_hours=hours, usd_per_month=Decimal("1.95"))
    assert (model.expires, model.usd_per_month) == (expires, Decimal("1.95"))


@pytest.mark.parametrize(
    "now", ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.417Z", "2026-11-23T10:00:00+00:00"]
)
def test_every_spelling_of_a_time_gives_one(now: str) -> None:
    assert later(now, hours=1) == "2026-11-23T11:00:00Z"
    assert later(now, hours=1) < NEVER
    assert round(seconds_between(now, "2026-11-23T10:01:00Z")) == 60
