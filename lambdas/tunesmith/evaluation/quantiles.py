"""Beyond which value does a share of Student's t distribution lie? Without scipy, which fills a package."""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

FEWEST_FREEDOM: Final = 9
"""The expansion is good to 0.1 % from here; fewer degrees of freedom are taken as these."""


def student_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t (Abramowitz and Stegun 26.7.5); infinite freedom makes it the normal one."""
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    freedom = max(FEWEST_FREEDOM, freedom)
    return z + sum(term / freedom**number for number, term in enumerate(terms, start=1))
