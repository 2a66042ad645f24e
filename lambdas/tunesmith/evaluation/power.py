"""What can a test of so many records prove? Asked before anything is paid, and where nothing was proven.

Gains are percentage points here, as in job files. A gain is proven when the lower bound of its interval is
above the minimum gain; a test that proves it in five of six cases is taken to be able to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from tunesmith.evaluation.quantiles import student_quantile

POWER: Final = 0.83
"""Share of tests in which a gain that can be proven is."""
ERROR: Final = 0.025
"""Share of candidates that gain no more than the minimum and are promoted, over all decisions on one test."""
ASSUMED_LOST: Final = 0.1
"""Before anything is measured, so many of all records are taken to be right with the comparator alone."""
LARGEST_TEST: Final = 10_000_000
FEWEST_RECORDS: Final = 100
FEWEST_RECORDS_FOR_MEANS: Final = 200
FEWEST_GUARDED: Final = 300
"""Records below which a guardrail is not checked."""


def error_of(decision: int) -> float:
    """Share of the error that the k-th decision on one blind test may spend; all together spend ERROR.

    6 / (pi k)^2 of it: the first may err in 1.5 % of cases, the second in 0.4 %, the fifth in 0.06 %.
    """
    return ERROR * 6 / (math.pi * decision) ** 2


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """How alike records of one group are: the groups' size, and the differences' intra-class correlation."""

    size: float = 1.0
    correlation: float = 0.0

    @property
    def design_effect(self) -> float:
        """How many grouped records tell as much as one independent record."""
        return 1 + (self.size - 1) * self.correlation


UNGROUPED: Final = Grouping()


@dataclass(frozen=True, kw_only=True)
class RightOrWrong:
    """Scores of 0 and 1; `lost` is the share of records that only the comparator gets right."""

    lost: float = ASSUMED_LOST
    fewest: int = FEWEST_RECORDS

    @property
    def largest_gain(self) -> float:
        """The gain at which every other record is won."""
        return 1 - 2 * self.lost

    def variance(self, gain: float, centre: float) -> float:
        """Variance of a paired difference around a centre, where the true gain is another."""
        # Where the true gain is a loss, at least as many records are lost.
        return max(gain + 2 * self.lost, abs(gain)) - centre**2


@dataclass(frozen=True, kw_only=True)
class Means:
    """Scores from 0 to 1; `deviation` is the standard deviation of the paired differences.

    They are taken to be symmetric. Where few records lose much it takes more: once there are scores, the
    bootstrap knows.
    """

    deviation: float
    fewest: int = FEWEST_RECORDS_FOR_MEANS
    largest_gain: float = 1.0

    def variance(self, gain: float, centre: float) -> float:  # noqa: ARG002 (the spread does not depend on it)
        """Variance of a paired difference."""
        return self.deviation**2


Spread = RightOrWrong | Means


def minimum_detectable_effect(
    records: int,
    *,
    minimum_gain: float,
    spread: Spread,
    grouping: Grouping = UNGROUPED,
    decision: int = 1,
    power: float = POWER,
) -> float | None:
    """Find the smallest true gain that the k-th decision on a test proves with this power, in points.

    None where the test has too few records to promote anything, or could not prove the largest gain there is.
    """
    if records < spread.fewest:
        return None

    def is_proven(gain: float) -> bool:
        reach = _reach(gain, records, minimum_gain / 100, spread, grouping, error_of(decision), power)
        return reach <= gain

    low, high = minimum_gain / 100, spread.largest_gain
    if low >= high or not is_proven(high):
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if is_proven(middle) else (middle, high)
    return 100 * high


def records_to_prove(
    gain: float,
    *,
    minimum_gain: float,
    spread: Spread,
    grouping: Grouping = UNGROUPED,
    power: float = POWER,
) -> int | None:
    """Find how many records of a test not yet used prove a true gain of so many points with this power.

    None where no test does: the gain is no larger than the minimum, or larger than can be.
    """
    if not minimum_gain < gain <= 100 * spread.largest_gain:
        return None

    def is_enough(records: int) -> bool:
        reach = _reach(gain / 100, records, minimum_gain / 100, spread, grouping, error_of(1), power)
        return reach <= gain / 100

    low, high = 0, spread.fewest
    while not is_enough(high):
        low, high = high, 2 * high
        if high > LARGEST_TEST:
            return None
    while high - low > 1 and low >= spread.fewest:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _reach(
    gain: float,
    records: int,
    minimum: float,
    spread: Spread,
    grouping: Grouping,
    error: float,
    power: float,
) -> float:
    """Work out how large a gain must be if so many records are to prove it; it depends on the gain itself."""
    certain = student_quantile(1 - error, records / grouping.size - 1) * math.sqrt(
        spread.variance(gain, minimum)
    )
    likely = NormalDist().inv_cdf(power) * math.sqrt(spread.variance(gain, gain))
    return minimum + (certain + likely) * math.sqrt(grouping.design_effect / records)
