"""How sure is a paired difference? Two-sided intervals for two models that answered the same records.

Right-or-wrong: Tango's score interval (Statistics in Medicine 17, 1998), which holds where few pairs differ.
Means: the studentized bootstrap (Efron and Tibshirani 1993, chapter 12), which needs no normal distribution.
Records of one group tell less than as many others: an effective number counts, or whole groups are resampled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.evaluation.quantiles import student_quantile

Floats = NDArray[np.float64]

ERROR: Final = 0.025
"""What lies beyond each bound of a 95 % interval."""
RESAMPLES: Final = 10_000
MOST_RESAMPLES: Final = 200_000
BEYOND_BOUND: Final = 40
"""Resamples that lie beyond a bound, at least, while their number can grow: a bound on few is chance."""
MOST_WITHOUT_SPREAD: Final = 0.01
"""Share of resamples whose differences may all be equal: such a resample has no ratio to count."""
_BLOCK_CELLS: Final = 1_000_000
"""Bounds the memory of one block of resamples to some 20 MB."""
_HALVINGS: Final = 60


def resamples_for(error: float) -> int:
    """Say how many resamples a bound with so little beyond it takes."""
    return min(MOST_RESAMPLES, max(RESAMPLES, math.ceil(BEYOND_BOUND / error)))


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


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """The mean of paired differences, and what it and its standard error are in resamples of whole groups."""

    mean: float
    error: float
    """Standard error of the mean."""
    freedom: float
    means: Floats
    """Each resample's mean less the mean; empty where the differences show no spread to speak of."""
    errors: Floats
    """Each resample's standard error."""

    @classmethod
    def of(
        cls, differences: Sequence[float], *, seed: int, resamples: int, groups: Sequence[Hashable] = ()
    ) -> Bootstrap:
        """Draw the resamples; the same seed draws the same. Raises ValueError without a difference."""
        if not len(differences):
            raise ValueError("no difference to take the mean of")
        sums, sizes = _totals(differences, groups)
        count, records = len(sums), float(sizes.sum())
        mean = float(sums.sum()) / records
        # What a group adds to the error of the mean: its sum, less what its size alone makes of the mean.
        errors = sums - mean * sizes
        means = spreads = np.empty(0)
        if np.ptp(errors) > _rounding(sums):
            means, spreads = _resample(errors, sizes, np.random.default_rng(seed), resamples)
        if len(means) < (1 - MOST_WITHOUT_SPREAD) * resamples:
            means = spreads = np.empty(0)
        error = math.sqrt(count / max(1, count - 1) * float((errors**2).sum())) / records
        return cls(mean=mean, error=error, freedom=count - 1, means=means, errors=spreads)

    def interval(self, error: float) -> Interval:
        """Studentized interval with this error beyond each bound; -1 to 1 where no spread is known."""
        if not len(self.means):
            return Interval(self.mean, -1.0, 1.0)
        low, high = np.quantile(self.means / self.errors, [error, 1 - error])
        return Interval(
            self.mean,
            max(-1.0, self.mean - float(high) * self.error),
            min(1.0, self.mean - float(low) * self.error),
        )

    def reach(self, error: float, power: float) -> float | None:
        """Say how far above a minimum the true mean must lie to be proven above it with this power.

        Where few records lose much, the mean is high when its error looks small: the resamples know of that.
        Few groups tell their spread badly, for which Student's quantile allows. None where nothing is known.
        """
        if not len(self.means):
            return None
        ratio = float(np.quantile(self.means / self.errors, 1 - error))
        few = student_quantile(1 - error, self.freedom) / student_quantile(1 - error, math.inf)
        return few * float(np.quantile(ratio * self.errors - self.means, power))


def bootstrap_interval(
    differences: Sequence[float],
    *,
    seed: int,
    groups: Sequence[Hashable] = (),
    error: float = ERROR,
    resamples: int | None = None,
) -> Interval:
    """Interval for the mean of paired differences; the same seed gives the same interval.

    With groups, whole groups are resampled. Where the differences are all equal, or so nearly that resamples
    without spread are common, nothing is known of their spread, and the interval is the whole range from -1
    to 1. Raises ValueError where there is no difference.
    """
    drawn = Bootstrap.of(differences, seed=seed, groups=groups, resamples=resamples or resamples_for(error))
    return drawn.interval(error)


def paired_interval(
    differences: Sequence[float],
    *,
    right_or_wrong: bool,
    seed: int,
    groups: Sequence[Hashable] = (),
    error: float = ERROR,
    resamples: int | None = None,
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


def _resample(
    errors: Floats, sizes: Floats, random: np.random.Generator, resamples: int
) -> tuple[Floats, Floats]:
    """Draw the mean's error and its standard error in resamples of whole groups, where there is spread."""
    count = len(errors)
    even = bool(np.ptp(sizes) == 0)
    block = max(1, _BLOCK_CELLS // count)
    means: list[Floats] = []
    spreads: list[Floats] = []
    for start in range(0, resamples, block):
        chosen = random.integers(count, size=(min(block, resamples - start), count), dtype=np.uint32)
        drawn = errors[chosen]
        sums, scatter = drawn.sum(axis=1), np.einsum("ij,ij->i", drawn, drawn)
        if even:
            records = np.full(len(drawn), sizes.sum())
            scatter -= sums**2 / count
        else:
            weights = sizes[chosen]
            records = weights.sum(axis=1)
            shift = sums / records
            scatter -= 2 * shift * np.einsum("ij,ij->i", drawn, weights)
            scatter += shift**2 * np.einsum("ij,ij->i", weights, weights)
        spread = scatter > _rounding(errors) * count
        means.append(sums[spread] / records[spread])
        spreads.append(np.sqrt(count / (count - 1) * scatter[spread]) / records[spread])
    return np.concatenate(means), np.concatenate(spreads)


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
