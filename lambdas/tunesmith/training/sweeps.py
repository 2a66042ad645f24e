"""Which settings does a sweep try? The default is always the first.

Learning rate alone: a third of the default, the default, three times it. More hyperparameters: Sobol's
sequence with Joe and Kuo's direction numbers (SIAM J. Sci. Comput. 30, 2008), on a log scale around it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Context, Decimal
from typing import Final

from tunesmith.catalogue import Hyperparameter, Model
from tunesmith.job_sections import Sweep
from tunesmith.training.hyperparameters import RATES

Setting = dict[str, Decimal]

RATE_FACTORS: Final = (Decimal(1) / 3, Decimal(3))
SIGNIFICANT_DIGITS: Final = 3
SPAN: Final = 10
"""How far from its default a hyperparameter is searched, as a factor: some ranges span 20,000."""
AT_ONCE: Final = 2
"""Jobs that a sweep has at work: as many models as an account may have in creation. Source: the general
reference's page on Bedrock."""
FEWEST_SETTINGS: Final = 2
_BITS: Final = 30
_DIRECTIONS: Final = ((1,), (1, 3), (1, 3, 1), (1, 1, 1), (1, 1, 3, 3))
_POLYNOMIALS: Final = ((1, 0), (2, 1), (3, 1), (3, 2), (4, 1))
"""Degree and inner coefficients of the primitive polynomials of the second to the sixth dimension."""
MOST_DIMENSIONS: Final = 1 + len(_DIRECTIONS)


def swept(sweep: Sweep, model: Model) -> tuple[str, ...]:
    """List the hyperparameters that a sweep tries: those that it names, else the model's learning rate."""
    return sweep.over or tuple(name for name in RATES if name in model.hyperparameters)[:1]


def sweep_settings(sweep: Sweep, model: Model, chosen: Mapping[str, str]) -> list[Setting]:
    """List the settings of a sweep; the first is what a job without a sweep is sent, which is the default.

    Names that the model does not have are left out here and refused before a run is paid.
    """
    known = model.hyperparameters
    ranges = {name: _around(known[name], chosen.get(name)) for name in swept(sweep, model) if name in known}
    if not ranges:
        return [{}]
    only = next(iter(ranges))
    if len(ranges) == 1 and only in RATES:
        return rate_settings(only, ranges[only])
    return sobol_settings(ranges, sweep.settings)


def sweep_rounds(sweep: Sweep, settings: int) -> list[tuple[float, int]]:
    """List the rounds of a sweep of so many settings: share of the training records, and jobs.

    One full-length round, unless the job file names shares: then the better half goes on to the next, rounded
    up, and two at least, since the default always does.
    """
    rounds = []
    for share in sweep.data_shares or (1.0,):
        rounds.append((share, settings))
        settings = max(FEWEST_SETTINGS, math.ceil(settings / 2))
    return rounds


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


def _around(known: Hyperparameter, chosen: str | None) -> Hyperparameter:
    """Let a range's default be what a job without a sweep is sent, as far as the range goes."""
    if chosen is None:
        return known
    return replace(known, default=min(max(Decimal(chosen), known.min), known.max))


def _within(known: Hyperparameter, share: float) -> Decimal:
    """Find the value that lies so far, 0 to 1, in the part of its range around a hyperparameter's default.

    Around a default of nought, such as no warm-up for few records, that part is the whole range.
    """
    low = float(max(known.min, known.default / SPAN))
    high = float(min(known.max, known.default * SPAN) or known.max)
    return _rounded(Decimal(low * (high / low) ** share if low else high * share), known)


def _rounded(value: Decimal, known: Hyperparameter) -> Decimal:
    """Round to a whole number, or to a few digits that a person can read, without leaving the range."""
    digits = value.to_integral_value() if known.integer else value.normalize(Context(SIGNIFICANT_DIGITS))
    return min(max(digits, known.min), known.max)
