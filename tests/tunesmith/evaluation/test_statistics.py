"""Intervals: equal to the definition worked out by brute force, and right as often as they claim."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from tunesmith.evaluation.statistics import (
    bootstrap_interval,
    describe_groups,
    paired_interval,
    tango_interval,
)

Z = 1.959963984540054


def likeliest(gained: int, lost: int, pairs: int, delta: float) -> float:
    """Find by ternary search the p21 that makes the table likeliest when p12 - p21 is delta."""

    def log_likelihood(p21: float) -> float:
        terms = ((gained, p21 + delta), (lost, p21), (pairs - gained - lost, 1 - 2 * p21 - delta))
        return sum(count * math.log(max(share, 1e-300)) for count, share in terms if count)

    low, high = max(0.0, -delta), (1 - delta) / 2
    for _ in range(90):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if log_likelihood(left) < log_likelihood(right):
            low = left
        else:
            high = right
    return (low + high) / 2


def score(gained: int, lost: int, pairs: int, delta: float) -> float:
    """The score test's statistic from its definition: distance over standard error at the constrained fit."""
    p21 = likeliest(gained, lost, pairs, delta)
    variance = (2 * p21 + delta - delta**2) / pairs
    distance = (gained - lost) / pairs - delta
    return distance / math.sqrt(variance) if variance > 1e-15 else math.copysign(math.inf, distance)


@pytest.mark.parametrize(
    ("gained", "lost", "pairs"),
    [(43, 5, 100), (0, 0, 60), (12, 12, 50), (1, 0, 20), (3, 30, 200), (20, 0, 20)],
)
def test_tango_is_the_inversion_of_the_score_test(gained: int, lost: int, pairs: int) -> None:
    value, low, high = tango_interval(gained, lost, pairs)

    assert value == pytest.approx((gained - lost) / pairs)
    for number in range(-49, 50):
        delta = number / 50 + 0.001
        kept = abs(score(gained, lost, pairs, delta)) <= Z
        assert kept == (low <= delta <= high), delta
    for bound in (low, high):
        if abs(bound) < 0.999:
            assert abs(score(gained, lost, pairs, bound)) == pytest.approx(Z, abs=1e-3)


def test_tango_without_any_difference_is_the_known_closed_form() -> None:
    interval = tango_interval(0, 0, 60)

    # With no discordant pair the bounds are +-z^2 / (n + z^2).
    assert interval.high == pytest.approx(Z**2 / (60 + Z**2))
    assert interval.low == pytest.approx(-interval.high)


@pytest.mark.parametrize(("gained", "lost"), [(9, 2), (30, 11), (0, 7)])
def test_tango_mirrors_when_the_models_change_places(gained: int, lost: int) -> None:
    there, back = tango_interval(gained, lost, 80), tango_interval(lost, gained, 80)

    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_tango_holds_the_value_and_narrows_with_more_pairs() -> None:
    widths = []
    for factor in (1, 4, 16):
        interval = tango_interval(10 * factor, 4 * factor, 50 * factor)
        assert -1 <= interval.low < interval.value < interval.high <= 1
        widths.append(interval.high - interval.low)
    assert widths[0] > 1.8 * widths[1] > 3.2 * widths[2]


@pytest.mark.parametrize(("gained", "lost", "pairs"), [(0, 0, 0), (3, 3, 5), (-1, 0, 5)])
def test_impossible_tables_are_refused(gained: int, lost: int, pairs: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        tango_interval(gained, lost, pairs)


@pytest.mark.parametrize("shares", [(0.10, 0.06), (0.03, 0.01), (0.30, 0.10)])
def test_tango_covers_the_truth_as_often_as_it_claims(shares: tuple[float, float]) -> None:
    random = np.random.default_rng(7)
    pairs, draws = 150, 1500
    tables = random.multinomial(pairs, [*shares, 1 - sum(shares)], size=draws)
    intervals = {(g, c): tango_interval(g, c, pairs) for g, c, _ in tables.tolist()}

    truth = shares[0] - shares[1]
    held = sum(intervals[g, c].low <= truth <= intervals[g, c].high for g, c, _ in tables.tolist())

    assert 0.93 <= held / draws <= 0.975


def test_the_bootstrap_of_normal_differences_is_close_to_students_interval() -> None:
    sample = np.random.default_rng(3).normal(0.1, 0.3, size=400)

    interval = bootstrap_interval(sample.tolist(), seed=1)

    error = sample.std(ddof=1) / math.sqrt(400)
    assert interval.value == pytest.approx(sample.mean())
    assert interval.low == pytest.approx(sample.mean() - 1.966 * error, abs=0.1 * error)
    assert interval.high == pytest.approx(sample.mean() + 1.966 * error, abs=0.1 * error)


def test_the_bootstrap_follows_skew() -> None:
    skewed = np.random.default_rng(5).exponential(0.1, size=80)

    interval = bootstrap_interval(skewed.tolist(), seed=1)

    assert interval.high - interval.value > interval.value - interval.low


def test_the_same_seed_gives_the_same_interval() -> None:
    sample: Sequence[float] = [0.0, 1.0, 0.0, -1.0, 0.5, 0.25] * 20

    assert bootstrap_interval(sample, seed=1) == bootstrap_interval(sample, seed=1)
    assert bootstrap_interval(sample, seed=1) != bootstrap_interval(sample, seed=2)


@pytest.mark.parametrize(("ones", "records"), [(1, 1), (0, 120), (120, 120), (2, 100), (3, 100), (2, 1000)])
def test_where_too_few_differences_differ_nothing_is_known(ones: int, records: int) -> None:
    interval = bootstrap_interval([1.0] * ones + [0.0] * (records - ones), seed=1)

    assert interval == (ones / records, -1.0, 1.0)
    assert not interval.is_known


def test_five_odd_differences_in_a_hundred_say_as_much_as_the_score_interval() -> None:
    interval = bootstrap_interval([1.0] * 5 + [0.0] * 95, seed=1)

    assert interval.is_known
    assert 0 < interval.low < 0.05 < interval.high < 0.2


@pytest.mark.parametrize(("sign", "low", "high"), [(1.0, -1.0, 0.93), (-1.0, -0.93, 1.0)])
def test_an_interval_stays_within_what_the_metric_can_reach(sign: float, low: float, high: float) -> None:
    interval = bootstrap_interval([sign * one for one in (1.0, 0.9, 0.8, 0.7, 0.2, -0.9)], seed=1)

    # Six differences alone would put the far bound at 2.4.
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.01)
    assert interval.is_known


def test_no_difference_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="no difference"):
        bootstrap_interval([], seed=1)


def test_the_bootstrap_covers_the_truth_as_often_as_it_claims() -> None:
    random = np.random.default_rng(11)
    draws = 250
    samples = random.beta(0.6, 0.4, size=(draws, 120)) - random.beta(0.5, 0.5, size=(draws, 120))

    truth = 0.6 - 0.5
    intervals = [bootstrap_interval(sample.tolist(), seed=1, resamples=800) for sample in samples]

    assert 0.91 <= sum(low <= truth <= high for _, low, high in intervals) / draws <= 0.985


def in_groups(records: int, size: int, correlation: float, seed: int) -> tuple[list[int], np.ndarray]:
    """Draw standard normal values of which those of one group are correlated; returns groups and values."""
    random = np.random.default_rng(seed)
    groups = np.arange(records) // size
    shared = random.standard_normal(groups[-1] + 1)[groups]
    own = random.standard_normal(records)
    return groups.tolist(), math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own


@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.9])
def test_the_correlation_within_groups_is_found_and_leaves_fewer_records(correlation: float) -> None:
    groups, values = in_groups(12_000, 6, correlation, seed=1)

    found = describe_groups(values.tolist(), groups)

    assert (found.groups, found.size) == (2_000, 6)
    assert found.correlation == pytest.approx(correlation, abs=0.03)
    assert found.effective == pytest.approx(12_000 / (1 + 5 * found.correlation))


def test_groups_of_unequal_size_count_by_the_size_that_a_record_sees() -> None:
    assert describe_groups([1.0, 0.0, 1.0, 1.0], ["a", "a", "a", "b"]).size == pytest.approx(10 / 4)


@pytest.mark.parametrize("right_or_wrong", [True, False])
def test_records_that_stand_alone_are_no_groups(right_or_wrong: bool) -> None:
    sample = [1.0, -1.0, 0.0, 1.0, 0.0] * 40

    alone = paired_interval(sample, right_or_wrong=right_or_wrong, groups=range(200), seed=1)

    assert alone == paired_interval(sample, right_or_wrong=right_or_wrong, seed=1)


@pytest.mark.parametrize("right_or_wrong", [True, False])
def test_a_record_that_is_repeated_six_times_tells_no_more_than_once(right_or_wrong: bool) -> None:
    once = np.random.default_rng(2).choice([1.0, 0.0, -1.0], p=[0.2, 0.7, 0.1], size=100)
    groups = np.arange(100).repeat(6).tolist()

    value, low, high = paired_interval(once.tolist(), right_or_wrong=right_or_wrong, seed=1)
    repeated = paired_interval(once.repeat(6).tolist(), right_or_wrong=right_or_wrong, groups=groups, seed=1)
    blind = paired_interval(once.repeat(6).tolist(), right_or_wrong=right_or_wrong, seed=1)

    assert repeated.value == pytest.approx(value)
    assert repeated.high - repeated.low == pytest.approx(high - low, rel=0.03)
    assert blind.high - blind.low < 0.5 * (high - low)


@pytest.mark.parametrize("right_or_wrong", [True, False])
def test_intervals_of_grouped_records_hold_the_truth_as_often_as_they_claim(right_or_wrong: bool) -> None:
    held = 0
    for seed in range(400):
        groups, values = in_groups(240, 6, 0.3, seed)
        if right_or_wrong:
            sample, truth = np.where(values > 0.9, 1, np.where(values < -1.3, -1, 0)), 0.1841 - 0.0968
        else:
            sample, truth = 0.2 * values, 0.0
        interval = paired_interval(
            sample.tolist(), right_or_wrong=right_or_wrong, groups=groups, seed=seed, resamples=1_000
        )
        held += interval.low <= truth <= interval.high

    assert 0.92 <= held / 400 <= 0.98


def test_unequal_groups_are_resampled_whole() -> None:
    random = np.random.default_rng(6)
    sizes = random.integers(1, 12, size=150)
    groups = np.arange(150).repeat(sizes)
    sample = (0.1 * random.standard_normal(150)[groups] + 0.1 * random.standard_normal(len(groups))).tolist()

    interval = bootstrap_interval(sample, groups=groups.tolist(), seed=1)

    sums = np.bincount(groups, weights=sample)
    residuals = sums - np.mean(sample) * sizes
    error = math.sqrt(150 / 149 * (residuals**2).sum()) / len(sample)
    assert interval.high - interval.low == pytest.approx(2 * 1.976 * error, rel=0.06)
