"""For how many hours does a reinforcement train? A forecast, by the answers that it samples.

Bedrock bills the hours and documents no figure but "a few"; published scripts speak of half an hour to two
for some hundred prompts and of two to three for a thousand. The pace here is the middle of those. The truth
may be a third of the forecast or three times it: the bounds say so, and the watcher holds the budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from tunesmith.training.hyperparameters import EPOCHS, SAMPLES

START_HOURS: Final = Decimal("0.5")
ANSWERS_AN_HOUR: Final = 4_000
"""Answers sampled and learned from; not measured. 1,000 prompts, two epochs, four samples in 2.5 h."""
OFF_BY: Final = 3
"""Factor by which the forecast may be wrong, either way."""


class Hours(NamedTuple):
    """Hours of training at least, expected and at most."""

    least: Decimal
    expected: Decimal
    most: Decimal


def forecast_hours(*, prompts: int, numbers: Mapping[str, str], deadline_hours: int) -> Hours:
    """Forecast a job's hours from its prompts and hyperparameters; the watcher ends it at the deadline."""
    answers = prompts * int(numbers[EPOCHS]) * int(numbers[SAMPLES])
    expected = START_HOURS + Decimal(answers) / ANSWERS_AN_HOUR
    most = min(OFF_BY * expected, Decimal(deadline_hours))
    return Hours(min(expected / OFF_BY, most), min(expected, most), most)
