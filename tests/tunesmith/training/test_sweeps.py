"""Settings of a sweep: inside the ranges, by Sobol's own points, and as many as were asked for."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

from tunesmith.catalogue import Hyperparameter, find_model
from tunesmith.job_sections import Sweep
from tunesmith.training.sweeps import (
    MOST_DIMENSIONS,
    SPAN,
    rate_settings,
    sobol_points,
    sobol_settings,
    sweep_settings,
)

MICRO = find_model("nova-micro")
NOVA = MICRO.hyperparameters
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


def test_a_default_of_nought_is_varied_over_the_whole_range() -> None:
    settings = sweep_settings(
        Sweep(over=("learningRateWarmupSteps",), settings=4), MICRO, {"learningRateWarmupSteps": "0"}
    )

    assert [int(setting["learningRateWarmupSteps"]) for setting in settings] == [0, 50, 75, 25]


def test_an_own_value_outside_the_range_is_searched_around_the_ranges_end() -> None:
    (own, third) = sweep_settings(Sweep(), MICRO, {"learningRate": "-1"})

    assert (own["learningRate"], third["learningRate"]) == (RATE.min, 3 * RATE.min)


def test_names_that_the_model_does_not_have_leave_the_default_alone() -> None:
    assert sweep_settings(Sweep(over=("batchSize",)), MICRO, {}) == [{}]


@pytest.mark.parametrize(("dimensions", "count"), [(MOST_DIMENSIONS + 1, 4), (0, 4), (2, 1)])
def test_a_sweep_that_makes_no_sense_is_refused(dimensions: int, count: int) -> None:
    with pytest.raises(ValueError, match="a sweep takes"):
        sobol_settings({f"h{number}": RATE for number in range(dimensions)}, count)
