"""Which settings does a sweep try, and does one of them replace the default?

Learning rate alone: a third of the default, the default, three times it. More hyperparameters: Sobol's
sequence with Joe and Kuo's direction numbers (SIAM J. Sci. Comput. 30, 2008), on a log scale around it.
The default is always the first setting, and stays unless a paired bound on validation says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from statistics import fmean
from typing import Final

import numpy as np

from tunesmith.catalogue import Hyperparameter
from tunesmith.evaluation.statistics import ERROR, paired_interval

Setting = dict[str, Decimal]

RATE_FACTORS: Final = (Decimal(1) / 3, Decimal(3))
SIGNIFICANT_DIGITS: Final = 3
SPAN: Final = 10
"""How far from its default a hyperparameter is searched, as a factor: some ranges span 20,000."""
FEWEST_SETTINGS: Final = 2
SMALLEST_SHARE: Final = 0.25
OPTIMISM_RESAMPLES: Final = 500
_BITS: Final = 30
_DIRECTIONS: Final = ((1,), (1, 3), (1, 3, 1), (1, 1, 1), (1, 1, 3, 3))
_POLYNOMIALS: Final = ((1, 0), (2, 1), (3, 1), (3, 2), (4, 1))
"""Degree and inner coefficients of the primitive polynomials of the second to the sixth dimension."""
MOST_DIMENSIONS: Final = 1 + len(_DIRECTIONS)


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The setting that a sweep ends with; figures are mean differences to the default, as scores are."""

    number: int
    """Position of the setting; 0 is the default."""
    reason: str
    best: int
    """Position of the setting that looked best."""
    gain: float
    low: float
    """Lower bound of its gain, corrected for the choice among all."""
    optimism: float
    """By how much the best would look better were all equal, from resamples of the same records."""


@dataclass(frozen=True, kw_only=True)
class HalvingRound:
    """One round of successive halving: so many settings, each trained on this share of the records."""

    settings: int
    share: float
    records: int


def rate_settings(name: str, rate: Hyperparameter) -> list[Setting]:
    """List the settings of a sweep over the learning rate; those outside the model's range are left out."""
    values = [rate.default * factor for factor in RATE_FACTORS]
    inside = [_rounded(value, rate) for value in values if rate.min <= value <= rate.max]
    return [{name: value} for value in dict.fromkeys([rate.default, *inside])]


def sobol_settings(ranges: Mapping[str, Hyperparameter], count: int) -> list[Setting]:
    """Spread so many settings over several hyperparameters; the first is the default.

    Fewer come back where the ranges hold fewer. Raises ValueError for more hyperparameters than the sequence
    has dimensions, and for fewer than two settings.
    """
    if not 1 <= len(ranges) <= MOST_DIMENSIONS:
        raise ValueError(f"a sweep takes 1 to {MOST_DIMENSIONS} hyperparameters, not {len(ranges)}")
    if count < FEWEST_SETTINGS:
        raise ValueError(f"a sweep takes at least {FEWEST_SETTINGS} settings, not {count}")
    settings = [{name: known.default for name, known in ranges.items()}]
    # Ranges of whole numbers hold few values: points repeat there, and a bounded number more is looked at.
    for point in sobol_points(len(ranges), 8 * count):
        setting = {
            name: _within(known, share) for (name, known), share in zip(ranges.items(), point, strict=True)
        }
        if setting not in settings:
            settings.append(setting)
        if len(settings) == count:
            break
    return settings


def sobol_points(dimensions: int, count: int) -> list[tuple[float, ...]]:
    """List the first points of Sobol's sequence after the origin, each number from 0 to 1."""
    directions = [_direction_numbers(dimension) for dimension in range(dimensions)]
    state = [0] * dimensions
    points = []
    for number in range(count):
        changed = (~number & (number + 1)).bit_length() - 1
        state = [before ^ numbers[changed] for before, numbers in zip(state, directions, strict=True)]
        points.append(tuple(value / 2**_BITS for value in state))
    return points


def halving_rounds(settings: int, *, records: int, fewest_records: int) -> list[HalvingRound]:
    """Plan successive halving by data share: each round trains half of the settings on twice the data.

    The last round trains two settings on everything. No round has fewer records than the model's minimum, and
    none a share below a quarter: on less, the order of settings says little of their order on all the data.
    """
    shares = [1.0]
    while (
        FEWEST_SETTINGS ** len(shares) < settings
        and shares[0] / 2 >= SMALLEST_SHARE
        and int(shares[0] / 2 * records) >= fewest_records
    ):
        shares.insert(0, shares[0] / 2)
    going = [settings, *(2 ** (len(shares) - number) for number in range(1, len(shares)))]
    return [
        HalvingRound(settings=count, share=share, records=int(share * records))
        for count, share in zip(going, shares, strict=True)
    ]


def survivors(losses: Sequence[float], keep: int) -> list[int]:
    """Pick the positions that go on to the next round: the default, and the others of the lowest loss.

    A loss that is no number comes last.
    """
    others = sorted(
        range(1, len(losses)), key=lambda at: losses[at] if math.isfinite(losses[at]) else math.inf
    )
    return sorted([0, *others[: keep - 1]])


def choose_setting(scores: Sequence[Sequence[float]], *, right_or_wrong: bool, seed: int) -> Winner:
    """Keep the default unless the best other setting is better beyond doubt on validation.

    `scores` holds each validation record's score by setting, the default first; higher is better.
    The lower bound is that of a paired interval whose error is shared among all that might have looked best
    (Bonferroni). Raises ValueError where the settings did not answer the same records.
    """
    if len(scores) < FEWEST_SETTINGS or len({len(one) for one in scores}) > 1 or not scores[0]:
        counts = ", ".join(str(len(one)) for one in scores)
        raise ValueError(f"a choice needs two settings that answered the same records, not {counts} records")
    table = np.asarray(scores, dtype=np.float64)
    differences = table[1:] - table[0]
    best = int(differences.mean(axis=1).argmax())
    interval = paired_interval(
        differences[best].tolist(),
        right_or_wrong=right_or_wrong,
        seed=seed,
        error=ERROR / len(differences),
    )
    is_better = interval.is_known and interval.low > 0
    told = (
        f"setting {best + 2} of {len(table)} looks best on {table.shape[1]:,} validation records; its gain"
        f" over the default is {interval.value:+.4g}, and at least {interval.low:+.4g} given the choice"
    )
    return Winner(
        number=best + 1 if is_better else 0,
        reason=f"{told}: {'it replaces the default' if is_better else 'the default stays'}",
        best=best + 1,
        gain=interval.value,
        low=interval.low,
        optimism=_optimism(differences, seed),
    )


def _optimism(differences: np.ndarray, seed: int) -> float:
    """Estimate by how much the best of equals looks better than it is: the mean of the largest error."""
    random = np.random.default_rng(seed)
    records = differences.shape[1]
    errors = differences - differences.mean(axis=1, keepdims=True)
    counts = (random.multinomial(records, np.full(records, 1 / records)) for _ in range(OPTIMISM_RESAMPLES))
    return fmean(float((errors @ drawn).max()) / records for drawn in counts)


def _direction_numbers(dimension: int) -> list[int]:
    """Work out a dimension's direction numbers by Bratley and Fox's recurrence (ACM TOMS 14, 1988)."""
    if dimension == 0:
        return [1 << (_BITS - 1 - bit) for bit in range(_BITS)]
    degree, inner = _POLYNOMIALS[dimension - 1]
    numbers = [value << (_BITS - 1 - bit) for bit, value in enumerate(_DIRECTIONS[dimension - 1])]
    for bit in range(degree, _BITS):
        number = numbers[bit - degree] ^ (numbers[bit - degree] >> degree)
        for term in range(1, degree):
            if inner >> (degree - 1 - term) & 1:
                number ^= numbers[bit - term]
        numbers.append(number)
    return numbers


def _within(known: Hyperparameter, share: float) -> Decimal:
    """Find the value that lies so far, 0 to 1, in the part of its range around a hyperparameter's default."""
    low = float(max(known.min, known.default / SPAN))
    high = float(min(known.max, known.default * SPAN))
    return _rounded(Decimal(low * (high / low) ** share if low else high * share), known)


def _rounded(value: Decimal, known: Hyperparameter) -> Decimal:
    """Round to a whole number, or to a few digits that a person can read, without leaving the range."""
    digits = value.to_integral_value() if known.integer else value.normalize(Context(SIGNIFICANT_DIGITS))
    return min(max(digits, known.min), known.max)
