"""Does a setting of a sweep replace the default? Only where a paired bound on validation says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import numpy as np

from tunesmith.evaluation.statistics import ERROR, paired_interval

FEWEST_COMPARED: Final = 2
OPTIMISM_RESAMPLES: Final = 500


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


def choose_setting(
    scores: Sequence[Sequence[float]],
    *,
    right_or_wrong: bool,
    seed: int,
    tried: Sequence[Sequence[float]] = (),
) -> Winner:
    """Keep the default unless the best other setting is better beyond doubt on validation.

    `scores` holds each validation record's score by setting, the default first; higher is better. `tried` are
    the scores of all settings, the default first, where these are left of more that the records chose among.
    The lower bound is that of a paired interval whose error is shared among all that might have looked best
    (Bonferroni). Raises ValueError where the settings did not answer the same records.
    """
    if len(scores) < FEWEST_COMPARED or len({len(one) for one in scores}) > 1 or not scores[0]:
        counts = ", ".join(str(len(one)) for one in scores)
        raise ValueError(f"a choice needs two settings that answered the same records, not {counts} records")
    table = np.asarray(scores, dtype=np.float64)
    differences = table[1:] - table[0]
    first = np.asarray(tried if len(tried) > len(scores) else scores, dtype=np.float64)
    best = int(differences.mean(axis=1).argmax())
    interval = paired_interval(
        differences[best].tolist(),
        right_or_wrong=right_or_wrong,
        seed=seed,
        error=ERROR / (len(first) - 1),
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
        optimism=_optimism(first[1:] - first[0], seed),
    )


def _optimism(differences: np.ndarray, seed: int) -> float:
    """Estimate by how much the best of equals looks better than it is: the mean of the largest error."""
    random = np.random.default_rng(seed)
    records = differences.shape[1]
    errors = differences - differences.mean(axis=1, keepdims=True)
    counts = (random.multinomial(records, np.full(records, 1 / records)) for _ in range(OPTIMISM_RESAMPLES))
    return fmean(float((errors @ drawn).max()) / records for drawn in counts)
