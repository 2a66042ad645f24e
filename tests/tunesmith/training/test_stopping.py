"""The watch rule: patient with a quiet job, firm about deadline and divergence, sparing with checks."""

from __future__ import annotations

import math

import pytest

from tunesmith.training.stopping import watch

HOUR = 3600.0


def test_a_job_without_metrics_goes_on() -> None:
    decision = watch(elapsed_seconds=HOUR, deadline_seconds=24 * HOUR, training_losses=[])

    assert (decision.action, decision.wait_seconds) == ("wait", 360)


@pytest.mark.parametrize(
    ("elapsed", "action"), [(24 * HOUR - 1, "wait"), (24 * HOUR, "stop"), (30 * HOUR, "stop")]
)
def test_the_deadline_stops_a_job(elapsed: float, action: str) -> None:
    assert watch(elapsed_seconds=elapsed, deadline_seconds=24 * HOUR, training_losses=[]).action == action


def test_the_last_wait_ends_at_the_deadline() -> None:
    assert (
        watch(elapsed_seconds=2 * HOUR - 7, deadline_seconds=2 * HOUR, training_losses=[]).wait_seconds == 7
    )


@pytest.mark.parametrize("loss", [math.nan, math.inf])
@pytest.mark.parametrize(
    ("before", "times", "action"), [(9, 3, "stop"), (9, 2, "wait"), (0, 1, "stop"), (10_000, 1, "wait")]
)
def test_a_loss_that_is_no_number_for_three_points_stops_a_job(
    loss: float, before: int, times: int, action: str
) -> None:
    losses = [1.0] * before + [loss] * times

    assert watch(elapsed_seconds=60, deadline_seconds=HOUR, training_losses=losses).action == action


def test_a_loss_that_was_no_number_once_does_not_stop_a_job() -> None:
    losses = [1.0] * 5_000 + [math.nan] * 3 + [0.9] * 5_000

    assert watch(elapsed_seconds=60, deadline_seconds=HOUR, training_losses=losses).action == "wait"


def test_a_loss_that_rises_for_good_stops_a_job() -> None:
    losses = [1.0] * 20 + [4.0] * 20

    decision = watch(elapsed_seconds=60, deadline_seconds=HOUR, training_losses=losses)

    assert decision.action == "stop"
    assert "diverges" in decision.reason


@pytest.mark.parametrize(
    "losses",
    [
        [1.0] * 19 + [9.0] * 20,
        [2.0] * 20 + [9.0] * 3 + [1.0] * 20,
        [1.0] * 20 + [1.9] * 20,
        [0.0] * 60,
    ],
    ids=["too few steps", "a spike", "a slight rise", "nothing left to learn"],
)
def test_what_may_yet_turn_out_well_goes_on(losses: list[float]) -> None:
    assert watch(elapsed_seconds=60, deadline_seconds=HOUR, training_losses=losses).action == "wait"


@pytest.mark.parametrize("hours", [1, 24, 240])
def test_watching_until_the_deadline_stays_far_below_an_executions_events(hours: int) -> None:
    elapsed, checks = 0.0, 0
    while (
        decision := watch(elapsed_seconds=elapsed, deadline_seconds=hours * HOUR, training_losses=[])
    ).action == "wait":
        assert 1 <= decision.wait_seconds <= 1_000
        elapsed, checks = elapsed + decision.wait_seconds, checks + 1

    assert 16 * checks < 20_000
