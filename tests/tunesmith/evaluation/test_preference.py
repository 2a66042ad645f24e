"""The share won at equal length: what a judge that loves length cannot move, and what it can."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import exp
from statistics import fmean

import pytest

from tunesmith.evaluation.preference import at_equal_length
from tunesmith.evaluation.statistics import bootstrap_interval

RECORDS = 1_000


def planted(
    win: Callable[[int], float], *, longer: float, spread: float = 300.0, seed: int = 1, count: int = RECORDS
) -> tuple[list[float], list[int]]:
    """Pairs whose differences in length are normal, each won with the probability that this makes of it."""
    chance = random.Random(seed)
    lengths = [round(chance.gauss(longer, spread)) for _ in range(count)]
    return [float(chance.random() < win(length)) for length in lengths], lengths


def loves_length(length: int) -> float:
    return 1 / (1 + exp(-length / 150))


def is_fair(_: int) -> float:
    return 0.65


def test_a_judge_that_loves_length_gives_a_longer_candidate_nothing() -> None:
    outcomes, lengths = planted(loves_length, longer=250)
    found = at_equal_length(outcomes, lengths)
    interval = bootstrap_interval(found.differences, seed=1)

    assert found.counted > 0.4, "it wins by being longer"
    assert abs(found.at_equal_length) < 0.1
    assert interval.low < 0 < interval.high


def test_a_shorter_candidate_is_not_charged_for_its_length() -> None:
    outcomes, lengths = planted(loves_length, longer=-250)
    found = at_equal_length(outcomes, lengths)
    assert found.counted < -0.4
    assert abs(found.at_equal_length) < 0.1


def test_what_a_judge_prefers_for_its_own_sake_stays() -> None:
    outcomes, lengths = planted(is_fair, longer=250)
    found = at_equal_length(outcomes, lengths)
    assert found.at_equal_length == pytest.approx(0.3, abs=0.08)
    assert bootstrap_interval(found.differences, seed=1).low > 0.1


def test_the_differences_have_the_figure_as_their_mean_and_its_spread() -> None:
    figures = []
    for seed in range(200):
        found = at_equal_length(*planted(loves_length, longer=250, seed=seed, count=300))
        assert fmean(found.differences) == pytest.approx(found.at_equal_length, abs=5e-3)
        figures.append(found.at_equal_length)
    spread = (fmean(one**2 for one in figures) - fmean(figures) ** 2) ** 0.5
    one = at_equal_length(*planted(loves_length, longer=250, seed=1, count=300)).differences
    told = (fmean(value**2 for value in one) - fmean(one) ** 2) ** 0.5 / 300**0.5
    assert told == pytest.approx(spread, rel=0.25)


def test_its_interval_covers_equal_length_as_often_as_it_says() -> None:
    held = 0
    for seed in range(200):
        found = at_equal_length(*planted(is_fair, longer=300, seed=seed, count=200))
        interval = bootstrap_interval(found.differences, seed=seed, resamples=1_000)
        held += interval.low <= 0.3 <= interval.high
    assert 182 <= held <= 198, f"{held} of 200 intervals of 95% hold the truth"


def test_length_explains_nothing_where_all_answers_are_equally_long() -> None:
    found = at_equal_length([1.0, 0.5, 0.0, 1.0], [0, 0, 0, 0])
    assert found.differences == [1.0, 0.0, -1.0, 1.0]
    assert found.at_equal_length == found.counted == 0.25


def test_length_explains_nothing_where_every_pair_is_won() -> None:
    assert at_equal_length([1.0] * 5, [3, 5, -2, 9, 0]).differences == [1.0] * 5


@pytest.mark.parametrize("spread", [0.0, 10.0])
def test_equal_length_that_was_never_seen_is_not_known(spread: float) -> None:
    found = at_equal_length(*planted(is_fair, longer=300, spread=spread))
    assert not found.is_known
    assert not bootstrap_interval(found.differences, seed=1).is_known


def test_answers_that_win_exactly_when_they_are_longer_prove_nothing() -> None:
    lengths = [number - 100 for number in range(201)]
    found = at_equal_length([float(length > 0) for length in lengths], lengths)
    assert abs(found.at_equal_length) < 0.2


def test_without_pairs_there_is_nothing_to_tell() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        at_equal_length([], [])
