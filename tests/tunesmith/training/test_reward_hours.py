"""The forecast of hours grows with what is sampled, and says how wrong it may be."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tunesmith.training.reward_hours import Hours, forecast_hours


def hours(prompts: int = 1_000, epochs: int = 2, samples: int = 4, deadline: int = 24) -> Hours:
    numbers = {"epochCount": str(epochs), "trainingSamplePerPrompt": str(samples)}
    return forecast_hours(prompts=prompts, numbers=numbers, deadline_hours=deadline)


def test_a_thousand_prompts_take_two_and_a_half_hours_give_or_take_a_factor_of_three() -> None:
    found = hours()
    assert found.expected == Decimal("2.5")
    assert (found.least, found.most) == (Decimal("2.5") / 3, Decimal("7.5"))


@pytest.mark.parametrize("more", [{"prompts": 2_000}, {"epochs": 4}, {"samples": 8}])
def test_twice_the_answers_take_twice_the_time_after_the_start(more: dict[str, int]) -> None:
    assert hours(**more).expected == Decimal("4.5")


@pytest.mark.parametrize("deadline", [1, 2, 5])
def test_no_bound_goes_beyond_the_deadline_at_which_the_watcher_stops(deadline: int) -> None:
    least, expected, most = hours(deadline=deadline)
    assert least <= expected <= most == deadline
