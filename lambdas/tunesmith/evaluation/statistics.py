"""How sure is a paired difference? Two-sided intervals for two models that answered the same records.

Right-or-wrong: Tango's score interval (Statistics in Medicine 17, 1998), which holds where few pairs differ.
Means: the studentized bootstrap (Efron and Tibshirani 1993, chapter 12), which needs no normal distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 10_000
_BLOCK_CELLS = 4_000_000
"""Bounds the memory of one block of resamples to 32 MB."""
_HALVINGS = 60
MOST_WITHOUT_SPREAD = 0.01
"""Share of resamples whose differences may all be equal: such a resample has no ratio to count."""


class Interval(NamedTuple):
    """A difference and its interval, all in the unit of the metric (proportions: -1 to 1)."""

    value: float
    low: float
    high: float

    @property
    def is_known(self) -> bool:
        """False where the interval is the metric's whole range, which says nothing."""
        return (self.low, self.high) != (-1.0, 1.0)


def tango_interval(gained: int, lost: int, pairs: int, confidence: float = CONFIDENCE) -> Interval:
    """Interval for the difference of two paired proportions.

    `gained` pairs are right only with the first model, `lost` only with the second, of so many in all.
    Raises ValueError where there is no pair.
    """
    if pairs < 1 or gained < 0 or lost < 0 or gained + lost > pairs:
        raise ValueError(f"{gained} gained and {lost} lost do not fit {pairs} pairs")
    value = (gained - lost) / pairs
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return Interval(
        value,
        _bisect(lambda delta: _tango_score(gained, lost, pairs, delta) > z, -1.0, value),
        _bisect(lambda delta: _tango_score(gained, lost, pairs, delta) >= -z, value, 1.0),
    )


def bootstrap_interval(
    differences: Sequence[float], *, seed: int, confidence: float = CONFIDENCE, resamples: int = RESAMPLES
) -> Interval:
    """Interval for the mean of paired differences; the same seed gives the same interval.

    Where the differences are all equal, or so nearly that resamples without spread are common, nothing is
    known of their spread, and the interval is the whole range from -1 to 1. Raises ValueError where there is
    no difference.
    """
    sample = np.asarray(differences, dtype=np.float64)
    if sample.size == 0:
        raise ValueError("no difference to take the mean of")
    mean = float(sample.mean())
    if np.ptp(sample) == 0:
        return Interval(mean, -1.0, 1.0)
    error = float(sample.std(ddof=1)) / math.sqrt(sample.size)
    random = np.random.default_rng(seed)
    block = max(1, _BLOCK_CELLS // sample.size)
    ratios: list[np.ndarray] = []
    for start in range(0, resamples, block):
        drawn = sample[random.integers(sample.size, size=(min(block, resamples - start), sample.size))]
        errors = drawn.std(axis=1, ddof=1) / math.sqrt(sample.size)
        spread = np.ptp(drawn, axis=1) > 0
        ratios.append((drawn.mean(axis=1) - mean)[spread] / errors[spread])
    found = np.concatenate(ratios)
    if found.size < (1 - MOST_WITHOUT_SPREAD) * resamples:
        return Interval(mean, -1.0, 1.0)
    low, high = np.quantile(found, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return Interval(mean, max(-1.0, mean - float(high) * error), min(1.0, mean - float(low) * error))


def _tango_score(gained: int, lost: int, pairs: int, delta: float) -> float:
    """Standardize the observed difference under the hypothesis that the true one is delta; falls in delta."""
    a = 2 * pairs
    b = -gained - lost + (2 * pairs - gained + lost) * delta
    c = -lost * delta * (1 - delta)
    q21 = (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    variance = pairs * (2 * q21 + delta * (1 - delta))
    distance = gained - lost - pairs * delta
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def _bisect(left_holds: Callable[[float], bool], low: float, high: float) -> float:
    """Find where a claim that holds on the left stops to hold."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if left_holds(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2
