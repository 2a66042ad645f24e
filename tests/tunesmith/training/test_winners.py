"""A sweep's winner: a default that is hard to replace by luck, and gives way to what is better."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest

from tunesmith.training.winners import choose_setting


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


def test_with_equal_settings_the_default_stays_though_the_best_half_was_drawn_by_the_same_records() -> None:
    kept = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        # At the worst a setting's answers are the same on all records as on a share of them.
        scores = (random.random((5, 200)) < random.beta(2, 1, size=200)).astype(float)
        best = 1 + int(scores[1:].mean(axis=1).argmax())
        left = [scores[0].tolist(), scores[best].tolist()]
        winner = choose_setting(left, right_or_wrong=True, seed=seed, tried=scores.tolist())
        kept += winner.number == 0

    assert kept >= 190


def test_those_that_are_left_of_many_answer_for_the_choice_among_all() -> None:
    random = np.random.default_rng(3)
    tried = random.normal(size=(9, 300)).tolist()
    left = [tried[0], (np.asarray(tried[0]) + random.normal(0.12, 0.9, size=300)).tolist()]

    alone = choose_setting(left, right_or_wrong=False, seed=1)
    chosen = choose_setting(left, right_or_wrong=False, seed=1, tried=tried)

    assert (alone.number, chosen.number) == (1, 0)
    assert chosen.gain == alone.gain
    assert chosen.low < 0 < alone.low
    assert abs(alone.optimism) < 0.01 < chosen.optimism


def test_with_two_settings_there_is_nothing_to_choose_among_and_no_optimism() -> None:
    random = np.random.default_rng(4)

    winner = choose_setting(random.normal(size=(2, 300)).tolist(), right_or_wrong=False, seed=1)

    assert abs(winner.optimism) < 0.2 / 300**0.5


@pytest.mark.parametrize("scores", [[[1.0, 0.0]], [[1.0], [1.0, 0.0]], [[], []]])
def test_settings_that_did_not_answer_the_same_records_are_refused(scores: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="same records"):
        choose_setting(scores, right_or_wrong=True, seed=1)
