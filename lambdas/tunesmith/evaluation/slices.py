"""Where is the candidate better or worse than on the whole? Described and shrunken, never decided.

Of many small slices some always look bad by chance. Empirical Bayes (Morris 1983, with DerSimonian and
Laird's estimate of the spread between slices) pulls each towards the mean, the more the smaller it is.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, variance
from typing import Any, Final

FEWEST_IN_SLICE: Final = 30
"""Records below which a slice is not checked: its spread is hardly known."""
MOST_VALUES: Final = 20
"""A field with more values than this slices nothing."""
_REACH: Final = 1.96
_FEWEST_TO_NARROW: Final = 3
"""Of so few slices nothing is known of how far they differ, so their intervals stay as wide as they are."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The gain on one slice, in percentage points; without figures where it is too small."""

    by: str
    value: str
    n: int
    observed: float | None = None
    shrunken: float | None = None
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Spell the slice as plain values."""
        return asdict(self)


def describe(by: str, values: Sequence[str], differences: Sequence[float]) -> list[Slice]:
    """Describe the paired differences (-1 to 1) by each record's value; an empty value is in no slice.

    Nothing where there is one value only, or more than twenty. Intervals are of 95 %, of the shrunken mean.
    """
    parts: defaultdict[str, list[float]] = defaultdict(list)
    for value, difference in zip(values, differences, strict=True):
        if value:
            parts[value].append(difference)
    if not 2 <= len(parts) <= MOST_VALUES:
        return []
    large = {value: part for value, part in parts.items() if len(part) >= FEWEST_IN_SLICE}
    figures = _shrunken(large) if len(large) > 1 else {}
    return [
        Slice(by=by, value=value, n=len(part), **figures.get(value, {}))
        for value, part in sorted(parts.items(), key=lambda each: (-len(each[1]), each[0]))
    ]


def by_length(lengths: Sequence[int]) -> list[str]:
    """Name each record's third by the length of its question."""
    ordered = sorted(lengths)
    if not ordered:
        return []
    short, long = (ordered[len(ordered) * part // 3] for part in (1, 2))
    return ["short" if length < short else "long" if length >= long else "medium" for length in lengths]


def _shrunken(parts: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Pull the mean of each part towards that of all, by how far the parts really differ."""
    pooled = fmean(variance(part) for part in parts.values())
    # A part that happens to have no spread is not known exactly.
    errors = {value: max(variance(part), 0.1 * pooled) / len(part) for value, part in parts.items()}
    means = {value: fmean(part) for value, part in parts.items()}
    if not pooled:
        return {}
    weights = {value: 1 / error for value, error in errors.items()}
    total = sum(weights.values())
    centre = sum(weights[value] * mean for value, mean in means.items()) / total
    apart = sum(weights[value] * (mean - centre) ** 2 for value, mean in means.items())
    scale = total - sum(weight**2 for weight in weights.values()) / total
    between = max(0.0, (apart - (len(parts) - 1)) / scale)
    whole = sum(mean / (errors[value] + between) for value, mean in means.items()) / sum(
        1 / (error + between) for error in errors.values()
    )
    count = len(parts)
    found = {}
    for value, mean in means.items():
        error = errors[value]
        pull = error / (error + between)
        spread = error
        if count > _FEWEST_TO_NARROW:
            # Morris's allowance for a spread between slices that is itself an estimate.
            pull *= (count - 3) / (count - 1)
            spread = error * (1 - pull * (count - 1) / count) + 2 / (count - 3) * (pull * (mean - whole)) ** 2
        found[value] = _figures(mean, mean + pull * (whole - mean), math.sqrt(spread))
    return found


def _figures(observed: float, shrunken: float, error: float) -> dict[str, float]:
    reach = _REACH * error
    low, high = max(-1.0, shrunken - reach), min(1.0, shrunken + reach)
    names = ("observed", "shrunken", "low", "high")
    return {
        name: round(100 * figure, 6)
        for name, figure in zip(names, (observed, shrunken, low, high), strict=True)
    }
