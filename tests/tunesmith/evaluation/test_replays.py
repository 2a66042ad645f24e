"""Replays: equal models are hardly ever promoted, a gain that the test can prove mostly is."""

from __future__ import annotations

import random
from statistics import fmean

import pytest

from tunesmith.evaluation.pairs import Pairs, Rule
from tunesmith.evaluation.replays import drawn_anew, grouped, replay
from tunesmith.evaluation.statistics import resamples_for

RULE = Rule(seed=1, decision=1, resamples=resamples_for(0.015))


def right_or_wrong(gained: int, lost: int, n: int, each: int = 1) -> Pairs:
    differences = [1.0] * gained + [-1.0] * lost + [0.0] * (n - gained - lost)
    random.Random(4).shuffle(differences)
    groups = [number // each for number in range(n)] if each > 1 else []
    return Pairs(comparator="base", differences=differences, right_or_wrong=True, groups=list(groups))


def means(n: int) -> Pairs:
    chance = random.Random(5)
    differences = [chance.gauss(0.1, 0.2) for _ in range(n)]
    return Pairs(comparator="base", differences=differences, right_or_wrong=False, groups=[])


@pytest.mark.parametrize("pairs", [right_or_wrong(90, 30, 400), right_or_wrong(90, 30, 402, 3), means(300)])
def test_the_larger_the_planted_gain_the_more_is_promoted_and_equal_models_hardly_ever(pairs: Pairs) -> None:
    equal, least, much = replay(pairs, [0.0, 2.0, 25.0], minimum=2.0, rule=RULE, times=120)

    assert equal.promoted <= 3
    assert least.promoted <= 7
    assert much.promoted >= 110


@pytest.mark.parametrize("pairs", [right_or_wrong(150, 50, 400), right_or_wrong(90, 30, 402, 3), means(300)])
def test_a_planted_gain_is_as_large_as_it_says(pairs: Pairs) -> None:
    chance, groups = random.Random(1), grouped(pairs)

    drawn = [fmean(drawn_anew(pairs, groups, 0.1, chance).differences) for _ in range(400)]

    assert fmean(drawn) == pytest.approx(0.1, abs=0.01)


def test_the_same_seed_replays_the_same_and_too_few_records_nothing() -> None:
    pairs = right_or_wrong(40, 10, 200)

    assert replay(pairs, [5.0], minimum=2.0, rule=RULE, times=50) == replay(
        pairs, [5.0], minimum=2.0, rule=RULE, times=50
    )
    assert replay(right_or_wrong(20, 5, 60), [5.0], minimum=2.0, rule=RULE) == []
