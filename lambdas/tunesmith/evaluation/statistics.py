"""How sure is a paired difference? Two-sided intervals for two models that answered the same records.

Right-or-wrong: Tango's score interval (Statistics in Medicine 17, 1998), which holds where few pairs differ.
Means: the studentized bootstrap (Efron and Tibshirani 1993, chapter 12), which needs no normal distribution.
Records of one group tell less than as many others: an effective number counts, or whole groups are resampled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.evaluation.quantiles import student_quantile

Floats = NDArray[np.float64]

ERROR: Final = 0.025
"""What lies beyond each bound of a 95 % interval."""
RESAMPLES: Final = 10_000
MOST_WITHOUT_SPREAD: Final = 0.01
"""Share of resamples whose differences may all be equal: such a resample has no ratio to count."""
_BLOCK_CELLS: Final = 1_000_000
"""Bounds the memory of one block of resamples to some 20 MB."""
_HALVINGS: Final = 60


class Interval(NamedTuple):
    """A difference and its interval, all in the unit of the metric (proportions: -1 to 1)."""

    value: float
    low: float
    high: float

    @property
    def is_known(self) -> bool:
        """False where the interval is the metric's whole range, which says nothing."""
        return (self.low, self.high) != (-1.0, 1.0)


class Groups(NamedTuple):
    """How records hang together: how many groups, how alike their differences are, and what that leaves."""

    groups: int
    size: float
    """Mean size of the group that a record is in."""
    correlation: float
    """Intra-class correlation of the differences, at least 0."""
    effective: float
    """As many independent records would tell as much."""


def describe_groups(differences: Sequence[float], groups: Sequence[Hashable]) -> Groups:
    """Estimate the intra-class correlation by the analysis of variance, and what it leaves of the records."""
    sums, sizes = _totals(differences, groups)
    records, count = float(sizes.sum()), len(sizes)
    size = float((sizes**2).sum()) / records
    if count == records or count == 1:
        return Groups(count, size, 0.0, records)
    values = np.asarray(differences, dtype=np.float64)
    between = float((sizes * (sums / sizes - values.mean()) ** 2).sum()) / (count - 1)
    within = (float((values**2).sum()) - float((sums**2 / sizes).sum())) / (records - count)
    usual = (records - size) / (count - 1)
    whole = between + (usual - 1) * within
    correlation = min(1.0, max(0.0, (between - within) / whole)) if whole > 0 else 0.0
    return Groups(count, size, correlation, records / (1 + (size - 1) * correlation))


def tango_interval(
    gained: float, lost: float, pairs: float, *, error: float = ERROR, freedom: float = math.inf
) -> Interval:
    """Interval for the difference of two paired proportions.

    `gained` pairs are right only with the first model, `lost` only with the second, of so many in all; where
    pairs hang together these are effective numbers, and the number of groups less one is the `freedom`.
    Raises ValueError where there is no pair.
    """
    if pairs < 1 or gained < 0 or lost < 0 or gained + lost > pairs:
        raise ValueError(f"{gained} gained and {lost} lost do not fit {pairs} pairs")
    value = (gained - lost) / pairs
    z = student_quantile(1 - error, freedom)
    return Interval(
        value,
        _bisect(lambda delta: _tango_score(gained, lost, pairs, delta) > z, -1.0, value),
        _bisect(lambda delta: _tango_score(gained, lost, pairs, delta) >= -z, value, 1.0),
    )


def bootstrap_interval(
    differences: Sequence[float],
    *,
    seed: int,
    groups: Sequence[Hashable] = (),
    error: float = ERROR,
    resamples: int = RESAMPLES,
) -> Interval:
    """Interval for the mean of paired differences; the same seed gives the same interval.

    With groups, whole groups are resampled. Where the differences are all equal, or so nearly that resamples
    without spread are common, nothing is known of their spread, and the interval is the whole range from -1
    to 1. Raises ValueError where there is no difference.
    """
    if not len(differences):
        raise ValueError("no difference to take the mean of")
    sums, sizes = _totals(differences, groups)
    records = sizes.sum()
    mean = float(sums.sum() / records)
    # What a group adds to the error of the mean: its sum, less what its size alone makes of the mean.
    errors = sums - mean * sizes
    if not np.ptp(errors) > _rounding(sums):
        return Interval(mean, -1.0, 1.0)
    count = len(sums)
    error_of_mean = math.sqrt(count / (count - 1) * float((errors**2).sum())) / records
    ratios = _studentized(errors, sizes, np.random.default_rng(seed), resamples)
    if ratios.size < (1 - MOST_WITHOUT_SPREAD) * resamples:
        return Interval(mean, -1.0, 1.0)
    low, high = np.quantile(ratios, [error, 1 - error])
    return Interval(
        mean, max(-1.0, mean - float(high) * error_of_mean), min(1.0, mean - float(low) * error_of_mean)
    )


def paired_interval(
    differences: Sequence[float],
    *,
    right_or_wrong: bool,
    seed: int,
    groups: Sequence[Hashable] = (),
    error: float = ERROR,
    resamples: int = RESAMPLES,
) -> Interval:
    """Interval for the mean of paired differences by the method that suits the scores.

    Right-or-wrong differences are -1, 0 or 1. Raises ValueError where there is no difference.
    """
    if not right_or_wrong:
        return bootstrap_interval(differences, seed=seed, groups=groups, error=error, resamples=resamples)
    gained, lost = sum(one > 0 for one in differences), sum(one < 0 for one in differences)
    if not groups:
        return tango_interval(gained, lost, len(differences), error=error)
    found = describe_groups(differences, groups)
    weight = found.effective / len(differences)
    is_grouped = found.groups < len(differences)
    return tango_interval(
        weight * gained,
        weight * lost,
        found.effective,
        error=error,
        freedom=found.groups - 1 if is_grouped else math.inf,
    )


def _totals(differences: Sequence[float], groups: Sequence[Hashable]) -> tuple[Floats, Floats]:
    """Add up the differences of each group, and count them; without groups each stands for itself."""
    values = np.asarray(differences, dtype=np.float64)
    if not groups:
        return values, np.ones(len(values))
    numbers: dict[Hashable, int] = {}
    places = np.array([numbers.setdefault(group, len(numbers)) for group in groups])
    sizes: Floats = np.bincount(places).astype(np.float64)
    sums: Floats = np.bincount(places, weights=values).astype(np.float64)
    return sums, sizes


def _studentized(errors: Floats, sizes: Floats, random: np.random.Generator, resamples: int) -> Floats:
    """Draw the mean's error over its standard error in resamples of whole groups, where there is spread."""
    count = len(errors)
    even = bool(np.ptp(sizes) == 0)
    block = max(1, _BLOCK_CELLS // count)
    found: list[Floats] = []
    for start in range(0, resamples, block):
        shape = (min(block, resamples - start), count)
        chosen = random.integers(count, size=shape, dtype=np.uint32)
        drawn = errors[chosen]
        sums, squares = drawn.sum(axis=1), np.einsum("ij,ij->i", drawn, drawn)
        if even:
            scatter = squares - sums**2 / count
        else:
            weights = sizes[chosen]
            shift = sums / weights.sum(axis=1)
            scatter = (
                squares
                - 2 * shift * np.einsum("ij,ij->i", drawn, weights)
                + shift**2 * np.einsum("ij,ij->i", weights, weights)
            )
        spread = scatter > _rounding(errors) * count
        found.append(sums[spread] / np.sqrt(count / (count - 1) * scatter[spread]))
    return np.concatenate(found)


def _rounding(values: Floats) -> float:
    """Below this a spread is what floating point leaves of none."""
    return 1e-12 * float(np.abs(values).max())


def _tango_score(gained: float, lost: float, pairs: float, delta: float) -> float:
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
