"""Reading a loss curve: what holds for every curve, and what each kind of curve is said to be."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator

from tunesmith.training.curves import (
    DEFAULT_RULE,
    RERUN_ABOVE,
    Reading,
    divergence,
    read_curve,
    read_lengths,
)
from tunesmith.training.metrics import LossPoint

LOSS = st.floats(0.01, 100)
CURVE = st.lists(LOSS, min_size=2, max_size=12)
ANY_LOSS = st.one_of(LOSS, st.sampled_from([math.nan, math.inf, 0.0]))


def curve(losses: Sequence[float], *, first: int = 0) -> list[LossPoint]:
    """Spell one validation loss for each epoch, as a metrics file has them."""
    return [LossPoint(10 * (epoch + 1), epoch + first, loss) for epoch, loss in enumerate(losses)]


def read(losses: Sequence[float]) -> Reading:
    return read_curve(curve(losses), epochs=len(losses))


@given(st.lists(ANY_LOSS, max_size=8), st.lists(ANY_LOSS, max_size=60))
def test_every_curve_is_read_and_every_reading_has_its_reason(
    losses: list[float], training: list[float]
) -> None:
    steps = [LossPoint(step, 0, loss) for step, loss in enumerate(training)]

    reading = read_curve(curve(losses), epochs=len(losses), training=steps)

    assert reading.reason
    assert (reading.best_epoch is None) == (reading.best_loss is None)
    if reading.best_epoch is not None:
        assert losses[reading.best_epoch - 1] == reading.best_loss
        assert math.isfinite(losses[reading.best_epoch - 1])
    if reading.finding == "unknown":
        assert not reading.is_rerun_worthwhile
        assert not reading.is_over


@given(CURVE)
def test_the_best_epoch_is_the_shortest_within_the_minimum_improvement_of_the_lowest(
    losses: list[float],
) -> None:
    reading = read(losses)

    assert reading.best_epoch is not None
    assert reading.best_loss is not None
    assert min(losses) >= reading.best_loss * (1 - DEFAULT_RULE.minimum_improvement)
    assert all(earlier > reading.best_loss for earlier in losses[: reading.best_epoch - 1])


@given(CURVE)
def test_a_rerun_is_worthwhile_exactly_where_the_end_is_two_per_cent_above_the_best(
    losses: list[float],
) -> None:
    reading = read(losses)

    assert reading.best_loss is not None
    assert reading.is_rerun_worthwhile == (losses[-1] - reading.best_loss > RERUN_ABOVE * reading.best_loss)
    assert not (reading.is_rerun_worthwhile and reading.best_epoch == len(losses))


@given(CURVE, st.sampled_from([0.125, 0.5, 2.0, 16.0]))
def test_the_unit_of_the_loss_does_not_matter(losses: list[float], factor: float) -> None:
    there, here = read([factor * loss for loss in losses]), read(losses)

    assert (there.finding, there.best_epoch, there.is_over, there.is_rerun_worthwhile) == (
        here.finding,
        here.best_epoch,
        here.is_over,
        here.is_rerun_worthwhile,
    )


@given(CURVE)
def test_epochs_may_be_counted_from_nought_or_from_one_and_rows_may_be_mixed_up(losses: list[float]) -> None:
    from_one = read_curve(curve(losses, first=1)[::-1], epochs=len(losses))

    assert from_one == read(losses)


@given(CURVE, LOSS)
def test_what_was_measured_before_training_changes_nothing(losses: list[float], before: float) -> None:
    with_start = read_curve([LossPoint(0, 0, before), *curve(losses, first=1)], epochs=len(losses))

    assert with_start == read(losses)


@given(CURVE, st.integers(0, 3))
def test_more_patience_never_ends_earlier(losses: list[float], more: int) -> None:
    patient = replace(DEFAULT_RULE, patience=DEFAULT_RULE.patience + more)

    for seen in range(2, len(losses) + 1):
        if read_lengths(losses[:seen], rule=patient).is_over:
            assert read_lengths(losses[:seen]).is_over


@given(st.lists(LOSS, min_size=2, max_size=8), st.integers(1, 3))
def test_equal_points_in_an_epoch_count_as_one(losses: list[float], points: int) -> None:
    often = [point for point in curve(losses) for _ in range(points)]

    reading, once = read_curve(often, epochs=len(losses)), read(losses)

    assert (reading.finding, reading.best_epoch) == (once.finding, once.best_epoch)


@pytest.mark.parametrize(
    ("losses", "finding", "best", "rerun", "over"),
    [
        ([1.0, 0.7, 0.6, 0.55, 0.52], "improving", 5, False, False),
        ([1.0, 0.7, 0.72, 0.8, 0.9], "turned", 2, True, True),
        ([1.0, 0.7, 0.705], "turned", 2, False, False),
        ([1.0, 0.7, 0.7, 0.7001], "settled", 2, False, True),
        ([2.0, 2.0, 1.9, 1.2], "improving", 4, False, False),
        ([2.0, 2.0], "settled", 1, False, False),
        ([0.7, 0.8, 1.9], "diverged", 1, True, True),
        ([0.7, 0.6, math.nan], "not_finite", 2, True, True),
        ([math.nan, math.inf], "not_finite", None, False, True),
        ([math.nan, 0.6, 0.5], "improving", 3, False, False),
    ],
)
def test_a_curve_is_called_what_it_is(
    losses: list[float], finding: str, best: int | None, rerun: bool, over: bool
) -> None:
    reading = read(losses)

    assert (reading.finding, reading.best_epoch) == (finding, best)
    assert (reading.is_rerun_worthwhile, reading.is_over) == (rerun, over)


@pytest.mark.parametrize(
    ("points", "epochs", "words"),
    [
        ([], 3, "there is no validation curve"),
        (curve([0.5]), 1, "a single epoch"),
        (curve([0.5, 0.4]), 5, "epochs 0 to 1, the job trained 5"),
        (curve([0.5] * 6), 3, "epochs 0 to 5, the job trained 3"),
        (curve([0.5, 0.4], first=2), 4, "epochs 2 to 3, the job trained 4"),
    ],
)
def test_where_nothing_can_be_said_the_reading_says_why(
    points: list[LossPoint], epochs: int, words: str
) -> None:
    reading = read_curve(points, epochs=epochs)

    assert reading.finding == "unknown"
    assert words in reading.reason
    assert not reading.is_rerun_worthwhile


def test_an_epoch_counts_by_its_last_points_so_that_one_lucky_point_is_not_the_best() -> None:
    points = [LossPoint(0, 0, 0.9), *(LossPoint(step, 0, loss) for step, loss in enumerate([0.8, 0.4, 0.9]))]
    points += [LossPoint(10 + step, 1, 0.6) for step in range(4)]

    reading = read_curve(points, epochs=2)

    assert reading.best_epoch == 2
    assert reading.final_loss == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("last", "finding", "rerun"),
    [
        ([math.nan, 0.7, 0.65], "improving", False),
        ([0.7, math.inf, 0.65], "improving", False),
        ([0.7, math.nan, math.nan, math.nan], "not_finite", True),
    ],
)
def test_single_points_that_are_no_numbers_are_left_out_of_an_epoch(
    last: list[float], finding: str, rerun: bool
) -> None:
    points = [LossPoint(step, 0, 0.9) for step in range(3)]
    points += [LossPoint(3 + step, 1, loss) for step, loss in enumerate(last)]

    reading = read_curve(points, epochs=2)

    assert (reading.finding, reading.is_rerun_worthwhile) == (finding, rerun)


def test_what_is_learned_by_heart_has_turned_and_not_diverged() -> None:
    learned = [LossPoint(step, step // 20, 1.0 / (step + 1)) for step in range(60)]
    validation = curve([0.7, 0.8, 1.9])

    reading = read_curve(validation, epochs=3, training=learned)

    assert (reading.finding, reading.best_epoch) == ("turned", 1)


def test_a_chain_is_read_by_the_ends_of_its_stages() -> None:
    assert read_lengths([0.9]).finding == "unknown"
    assert not read_lengths([0.9, 0.7, 0.75]).is_over
    reading = read_lengths([0.9, 0.7, 0.75, 0.8])

    assert (reading.finding, reading.best_epoch, reading.is_over) == ("turned", 2, True)


def test_a_loss_that_falls_first_and_ends_above_its_beginning_has_diverged() -> None:
    told = divergence([3.0] * 20 + [1.0] * 40 + [4.0] * 20)

    assert "began at 3, was 1 at its lowest and is 4 over 20 points" in told


@given(st.lists(LOSS, min_size=40, max_size=80))
def test_a_loss_that_ends_no_higher_than_it_began_has_not_diverged(losses: list[float]) -> None:
    assert not divergence([*losses, *losses[:20]])


STEPS = 300
NOISE: dict[str, Callable[[Generator], np.ndarray]] = {
    "exponential": lambda random: random.exponential(1, STEPS),
    "labels that are nearly all known": lambda random: np.where(
        random.random(STEPS) < 0.93, random.exponential(0.01, STEPS), random.uniform(1, 4, STEPS)
    ),
    "low": lambda random: 0.05 * random.lognormal(0, 1, STEPS),
}
RISES = {
    "a jump": np.repeat([3.0, 1.0, 12.0], STEPS // 3),
    "a slow rise": 1 + 0.05 * np.maximum(0, np.arange(STEPS) - STEPS // 2),
    "a doubling with each step": 2.0 ** np.maximum(0, np.arange(STEPS) - 2 * STEPS // 3),
}


@pytest.mark.parametrize("name", NOISE)
def test_no_noisy_loss_of_200_that_goes_nowhere_is_called_diverged_at_any_look(name: str) -> None:
    for seed in range(200):
        losses = NOISE[name](np.random.default_rng(seed)).tolist()

        assert not any(divergence(losses[:seen]) for seen in range(40, STEPS + 1, 52)), seed


@pytest.mark.parametrize("name", RISES)
def test_each_noisy_loss_of_200_that_rises_for_good_is_called_diverged(name: str) -> None:
    for seed in range(200):
        noise = np.random.default_rng(seed).gamma(4, 0.25, STEPS)

        assert divergence((RISES[name] * noise).tolist()), seed


def test_nearly_every_jump_to_four_times_the_beginning_shows_through_noise_as_large_as_the_loss() -> None:
    jumps = [RISES["a jump"] * np.random.default_rng(seed).exponential(1, STEPS) for seed in range(200)]

    assert sum(bool(divergence(losses.tolist())) for losses in jumps) >= 195
