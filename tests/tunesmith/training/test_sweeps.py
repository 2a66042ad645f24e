"""Sweeps: settings inside the ranges, Sobol's own points, and a default that is hard to replace by luck."""

from __future__ import annotations

from decimal import Decimal
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

from tunesmith.catalogue import Hyperparameter, find_model
from tunesmith.training.sweeps import (
    MOST_DIMENSIONS,
    SPAN,
    choose_setting,
    halving_rounds,
    rate_settings,
    sobol_points,
    sobol_settings,
    survivors,
)

NOVA = find_model("nova-micro").hyperparameters
RATE = NOVA["learningRate"]


def known(low: str, high: str, default: str, *, integer: bool = False) -> Hyperparameter:
    return Hyperparameter(min=Decimal(low), max=Decimal(high), default=Decimal(default), integer=integer)


def test_a_sweep_over_the_rate_tries_the_default_a_third_and_three_times() -> None:
    settings = rate_settings("learningRate", RATE)

    assert [setting["learningRate"] for setting in settings] == [
        Decimal("0.00001"),
        Decimal("0.00000333"),
        Decimal("0.00003"),
    ]


@pytest.mark.parametrize(
    ("rate", "values"),
    [
        (known("0.5", "2", "1"), ["1"]),
        (known("0.1", "2", "1"), ["1", "0.333"]),
        (known("1", "3", "1"), ["1", "3"]),
    ],
)
def test_a_rate_outside_the_models_range_is_not_tried(rate: Hyperparameter, values: list[str]) -> None:
    assert [setting["rate"] for setting in rate_settings("rate", rate)] == list(map(Decimal, values))


@pytest.mark.parametrize("dimensions", range(1, MOST_DIMENSIONS + 1))
def test_sobol_points_are_scipys(dimensions: int) -> None:
    expected = qmc.Sobol(dimensions, scramble=False, bits=30).random(128)[1:]

    assert np.array_equal(np.array(sobol_points(dimensions, 127)), expected)


@given(st.sets(st.sampled_from(sorted(NOVA)), min_size=1), st.integers(2, 12))
def test_sobol_settings_begin_with_the_default_are_distinct_and_inside_their_ranges(
    names: set[str], count: int
) -> None:
    ranges = {name: NOVA[name] for name in sorted(names)}

    settings = sobol_settings(ranges, count)

    assert settings[0] == {name: one.default for name, one in ranges.items()}
    assert len({tuple(setting.items()) for setting in settings}) == len(settings) <= count
    for setting in settings:
        for name, value in setting.items():
            one = ranges[name]
            assert one.min <= value <= one.max
            assert one.default / (SPAN + 1) <= value <= one.default * SPAN
            assert not one.integer or value == int(value)


def test_as_many_settings_come_as_were_asked_for_where_the_ranges_hold_them() -> None:
    assert len(sobol_settings({"learningRate": RATE, "epochCount": NOVA["epochCount"]}, 9)) == 9
    assert len(sobol_settings({"epochCount": NOVA["epochCount"]}, 9)) == 5


@pytest.mark.parametrize(("dimensions", "count"), [(MOST_DIMENSIONS + 1, 4), (0, 4), (2, 1)])
def test_a_sweep_that_makes_no_sense_is_refused(dimensions: int, count: int) -> None:
    with pytest.raises(ValueError, match="a sweep takes"):
        sobol_settings({f"h{number}": RATE for number in range(dimensions)}, count)


@pytest.mark.parametrize(
    ("settings", "records", "rounds"),
    [
        (2, 4000, [(2, 4000)]),
        (3, 4000, [(3, 2000), (2, 4000)]),
        (8, 4000, [(8, 1000), (4, 2000), (2, 4000)]),
        (16, 4000, [(16, 1000), (4, 2000), (2, 4000)]),
        (8, 300, [(8, 150), (2, 300)]),
        (8, 150, [(8, 150)]),
    ],
)
def test_halving_doubles_the_data_and_never_starves_a_round(
    settings: int, records: int, rounds: list[tuple[int, int]]
) -> None:
    planned = halving_rounds(settings, records=records, fewest_records=100)

    assert [(one.settings, one.records) for one in planned] == rounds


def test_the_default_goes_on_beside_the_best() -> None:
    assert survivors([0.9, 0.5, float("nan"), 0.3, 0.4], keep=3) == [0, 3, 4]
    assert survivors([0.1, float("nan"), 0.3], keep=2) == [0, 2]


@pytest.mark.parametrize("right_or_wrong", [True, False], ids=["right or wrong", "means"])
def test_with_equal_settings_the_default_stays_in_95_per_cent_of_200_sweeps(right_or_wrong: bool) -> None:
    kept = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        hardness = random.beta(2, 1, size=200)
        if right_or_wrong:
            scores = (random.random((5, 200)) < hardness).astype(float)
        else:
            scores = np.clip(hardness + random.exponential(0.2, size=(5, 200)) - 0.2, 0, 1)
        winner = choose_setting(scores.tolist(), right_or_wrong=right_or_wrong, seed=seed)
        kept += winner.number == 0

    assert kept >= 190


def test_a_setting_that_is_better_beyond_doubt_replaces_the_default() -> None:
    random = np.random.default_rng(2)
    shares = np.array([0.6, 0.62, 0.85])[:, None]
    scores = (random.random((3, 400)) < shares).astype(float).tolist()

    winner = choose_setting(scores, right_or_wrong=True, seed=1)

    assert (winner.number, winner.best) == (2, 2)
    assert 0 < winner.low < winner.gain
    assert "it replaces the default" in winner.reason


def test_the_optimism_is_what_the_best_of_equals_gains_by_luck() -> None:
    winners = [
        choose_setting(
            np.random.default_rng(seed).normal(size=(9, 300)).tolist(), right_or_wrong=False, seed=1
        )
        for seed in range(40)
    ]

    # Eight others share one default: the best gains what the largest of eight means is above nought.
    luck = 1.4236 / 300**0.5
    assert fmean(winner.gain for winner in winners) == pytest.approx(luck, rel=0.25)
    assert fmean(winner.optimism for winner in winners) == pytest.approx(luck, rel=0.1)


def test_with_two_settings_there_is_nothing_to_choose_among_and_no_optimism() -> None:
    random = np.random.default_rng(4)

    winner = choose_setting(random.normal(size=(2, 300)).tolist(), right_or_wrong=False, seed=1)

    assert abs(winner.optimism) < 0.2 / 300**0.5


@pytest.mark.parametrize("scores", [[[1.0, 0.0]], [[1.0], [1.0, 0.0]], [[], []]])
def test_settings_that_did_not_answer_the_same_records_are_refused(scores: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="same records"):
        choose_setting(scores, right_or_wrong=True, seed=1)
