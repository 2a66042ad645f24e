"""How precisely is one model's own figure known? For pictures; the verdict is paired."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev
from typing import Final

_Z: Final = NormalDist().inv_cdf(0.975)


def wilson_interval(right: int, records: int) -> tuple[float, float]:
    """Wilson's 95% score interval of a share, 0 to 1."""
    share = right / records
    middle = share + _Z**2 / (2 * records)
    reach = _Z * math.sqrt(share * (1 - share) / records + _Z**2 / (4 * records**2))
    scale = 1 + _Z**2 / records
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def mean_interval(scores: Sequence[float]) -> tuple[float, float]:
    """Normal 95% interval of a mean of scores from 0 to 1."""
    mean = fmean(scores)
    reach = _Z * stdev(scores) / math.sqrt(len(scores)) if len(scores) > 1 else 0.0
    return max(0.0, mean - reach), min(1.0, mean + reach)
