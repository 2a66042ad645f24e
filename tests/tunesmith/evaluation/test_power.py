"""What a test can prove: the promised power is the power that the verdict's own interval shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from tunesmith.evaluation.power import (
    ERROR,
    Grouping,
    Means,
    RightOrWrong,
    Spread,
    error_of,
    minimum_detectable_effect,
    records_to_prove,
)
from tunesmith.evaluation.quantiles import student_quantile
from tunesmith.evaluation.statistics import tango_interval

SPREADS = st.one_of(
    st.builds(RightOrWrong, lost=st.floats(0, 0.3)), st.builds(Means, deviation=st.floats(0.01, 0.6))
)
GROUPINGS = st.builds(Grouping, size=st.floats(1, 8), correlation=st.floats(0, 1))


@pytest.mark.parametrize("records", [100, 200, 1000])
@pytest.mark.parametrize("lost", [0.02, 0.1, 0.2])
@pytest.mark.parametrize("minimum", [0.0, 2.0])
def test_the_effect_that_is_promised_is_proven_in_75_to_90_of_100_tests(
    records: int, lost: float, minimum: float
) -> None:
    effect = minimum_detectable_effect(records, minimum_gain=minimum, spread=RightOrWrong(lost=lost))

    assert effect is not None
    shares = [effect / 100 + lost, lost, 1 - effect / 100 - 2 * lost]
    tables = np.random.default_rng(5).multinomial(records, shares, size=2000).tolist()
    is_proven = {
        (won, gone): tango_interval(won, gone, records, error=error_of(1)).low > minimum / 100
        for won, gone, _ in tables
    }
    assert 0.75 <= sum(is_proven[won, gone] for won, gone, _ in tables) / 2000 <= 0.9


@given(st.integers(200, 20_000), st.floats(0, 10), SPREADS, GROUPINGS)
def test_a_larger_test_proves_smaller_gains_and_groups_make_it_smaller(
    records: int, minimum: float, spread: Spread, grouping: Grouping
) -> None:
    here = minimum_detectable_effect(records, minimum_gain=minimum, spread=spread, grouping=grouping)
    larger = minimum_detectable_effect(2 * records, minimum_gain=minimum, spread=spread, grouping=grouping)
    ungrouped = minimum_detectable_effect(records, minimum_gain=minimum, spread=spread)

    if here is not None:
        assert larger is not None
        assert ungrouped is not None
        assert minimum < larger < here
        assert ungrouped <= here


@given(st.floats(0.5, 5), st.floats(0.5, 15), SPREADS, GROUPINGS)
def test_the_records_that_prove_a_gain_are_the_fewest_whose_detectable_effect_it_is(
    minimum: float, above: float, spread: Spread, grouping: Grouping
) -> None:
    gain = minimum + above
    needed = records_to_prove(gain, minimum_gain=minimum, spread=spread, grouping=grouping)

    assert needed is not None
    effect = minimum_detectable_effect(needed, minimum_gain=minimum, spread=spread, grouping=grouping)
    assert effect is not None
    assert effect <= gain + 1e-9
    fewer = minimum_detectable_effect(needed - 1, minimum_gain=minimum, spread=spread, grouping=grouping)
    assert fewer is None or fewer > gain - 1e-9


@pytest.mark.parametrize(
    ("records", "spread"),
    [(99, RightOrWrong()), (199, Means(deviation=0.2)), (1000, RightOrWrong(lost=0.5))],
)
def test_a_test_that_can_prove_nothing_has_no_detectable_effect(records: int, spread: Spread) -> None:
    assert minimum_detectable_effect(records, minimum_gain=2.0, spread=spread) is None


@pytest.mark.parametrize("gain", [2.0, 1.0, 81.0])
def test_a_gain_that_no_test_proves_needs_no_number_of_records(gain: float) -> None:
    assert records_to_prove(gain, minimum_gain=2.0, spread=RightOrWrong(lost=0.1)) is None


def test_six_correlated_records_count_as_three() -> None:
    assert Grouping(size=6, correlation=0.2).design_effect == pytest.approx(2)


@pytest.mark.parametrize("freedom", [9, 16, 32, 500])
@pytest.mark.parametrize("probability", [0.025, 0.8, 0.975, 0.9994])
def test_students_quantile_is_scipys(probability: float, freedom: int) -> None:
    assert student_quantile(probability, freedom) == pytest.approx(
        student.ppf(probability, freedom), rel=1e-3
    )


def test_all_decisions_on_one_test_spend_no_more_than_the_error_there_is() -> None:
    shares = [error_of(decision) for decision in range(1, 10_000)]

    assert shares[0] == pytest.approx(0.0152, abs=1e-4)
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(ERROR, rel=1e-4)
    assert sum(shares) < ERROR
