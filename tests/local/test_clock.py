"""The simulated clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from local.clock import Clock


def test_it_starts_now_and_runs_as_many_times_faster() -> None:
    clock = Clock(scale=3600)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=5)
    before = clock.elapsed()
    clock.sleep(36)
    assert 36 <= clock.elapsed() - before < 3600
    assert clock.now().tzinfo is UTC


def test_a_simulated_hour_is_six_seconds_at_the_default_scale() -> None:
    assert Clock().real_seconds(3600) == 6


def test_time_does_not_run_backwards() -> None:
    clock = Clock(scale=600)
    earlier = clock.now()
    time.sleep(0.001)
    assert clock.now() > earlier


def test_a_clock_that_stands_still_is_refused() -> None:
    with pytest.raises(ValueError, match="scale must be positive"):
        Clock(scale=0)
