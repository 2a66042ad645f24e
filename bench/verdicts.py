"""How often does the verdict promote what it should not, and does it find the gain that it says it can find?

    OPENBLAS_NUM_THREADS=1 python -m bench.verdicts

Method: the product's own `decide` judges made-up scores whose true gain is known, 2,000 times in each case.
Right or wrong scores: one record in ten is right with the base model alone. Skewed scores: the candidate wins
a little on nine records of ten and loses much on the tenth: a skew by which plain intervals promote too much.
Groups: six records, whose differences are correlated by 0.2.

At the minimum gain nothing should be promoted; the rule that promotes on the larger mean stands beside it. At
the detectable gain that these verdicts told on average, five of six should be. With too few records, none.
Last, ten candidates that gain just the minimum are judged on one test, one after another.
Caveats: real scores are neither of the two kinds, and the bootstrap takes 1,000 resamples here, not 10,000.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.evaluation.power import (
    FEWEST_RECORDS,
    FEWEST_RECORDS_FOR_MEANS,
    UNGROUPED,
    Grouping,
)
from tunesmith.evaluation.verdict import VerdictReport, decide

Floats = NDArray[np.float64]
Scores = tuple[Floats, Floats]
"""The candidate's and the base model's score of each record."""

MINIMUM: Final = 2.0
TIMES: Final = 2_000
RESAMPLES: Final = 1_000
LOST: Final = 0.1
MUCH: Final = (0.3, 0.9)
CANDIDATES: Final = 10
LARGE_GAIN: Final = 30.0
GROUPED: Final = Grouping(size=6, correlation=0.2)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of scores, and how they come from a number of 0 to 1 for each record and a true gain."""

    name: str
    metric: str
    fewest: int
    scores: Callable[[Floats, float], Scores]


def right_or_wrong(chance: Floats, gain: float) -> Scores:
    """Let the base model alone be right on one record in ten, and the candidate alone on more by the gain."""
    lost, won = chance < LOST, chance > 1 - LOST - gain
    return np.where(lost, 0.0, 1.0), np.where(won, 0.0, 1.0)


def skewed(chance: Floats, gain: float) -> Scores:
    """Let the candidate lose much on one record in ten, win a little on the others, and gain on average."""
    is_lost = chance < LOST
    low, high = MUCH
    much = low + (high - low) * chance / LOST
    little = LOST * (low + high) / (1 - LOST) * (chance - LOST) / (1 - LOST)
    base = np.where(is_lost, high, 0.4)
    return base + np.where(is_lost, -much, little) + gain, base


KINDS: Final = (
    Kind(name="right or wrong", metric="exact_match", fewest=FEWEST_RECORDS, scores=right_or_wrong),
    Kind(name="skewed", metric="token_f1", fewest=FEWEST_RECORDS_FOR_MEANS, scores=skewed),
)


def main() -> None:
    """Print how often each rule promotes, case by case."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=TIMES)
    times = parser.parse_args().times
    print(f"Minimum gain {MINIMUM:g} points; promotions in {times:,} decisions.\n")
    print(f"{'scores':<16}{'records':>8}  {'groups':<9}{'true gain':>10}{'verdict':>10}{'larger mean':>13}")
    for kind in KINDS:
        for records in (200, 1_000):
            for grouping in (UNGROUPED, GROUPED):
                detectable = _print(kind, records, grouping, MINIMUM, times)
                _print(kind, records, grouping, detectable, times)
        _print(kind, kind.fewest - 1, UNGROUPED, LARGE_GAIN, times)
    print(
        f"\n{CANDIDATES} candidates that gain just the minimum, one after another on one test of 200 records;"
    )
    print(f"sequences of {times:,} in which any is promoted.\n")
    for kind in KINDS:
        print(
            f"{kind.name:<16}{'':>29}{sum(_any_promoted(kind, seed) for seed in range(times)):>10,}", end=""
        )
        print(f"{sum(_any_larger(kind, seed) for seed in range(times)):>13,}", flush=True)


def _print(kind: Kind, records: int, grouping: Grouping, gain: float, times: int) -> float:
    """Print how often either rule promotes at this true gain; return the mean detectable gain told."""
    groups = _groups(records, grouping)
    promoted = larger = 0
    told = []
    for seed in range(times):
        chance = _chance(groups, grouping, np.random.default_rng(seed))
        scores = kind.scores(chance, gain / 100)
        report = _decide(kind, scores, groups if grouping is GROUPED else (), seed, decision=1)
        promoted += report.outcome == "better"
        larger += _is_larger(scores)
        told.append(report.detectable or math.nan)
    by = f"by {grouping.size:g}" if grouping is GROUPED else "none"
    print(f"{kind.name:<16}{records:>8,}  {by:<9}{gain:>10.2f}{promoted:>10,}{larger:>13,}", flush=True)
    return fmean(told)


def _any_promoted(kind: Kind, seed: int) -> bool:
    """Judge candidate after candidate; one whose mean is no better is promoted by neither rule."""
    return any(
        _is_larger(scores) and _decide(kind, scores, (), seed, decision=number).outcome == "better"
        for number, scores in enumerate(_candidates(kind, seed), start=1)
    )


def _any_larger(kind: Kind, seed: int) -> bool:
    return any(map(_is_larger, _candidates(kind, seed)))


def _candidates(kind: Kind, seed: int) -> list[Scores]:
    random = np.random.default_rng([seed, 1])
    return [kind.scores(random.random(200), MINIMUM / 100) for _ in range(CANDIDATES)]


def _decide(kind: Kind, scores: Scores, groups: Sequence[int], seed: int, *, decision: int) -> VerdictReport:
    candidate, base = ({kind.metric: one.tolist()} for one in scores)
    sheet: dict[str, Any] = {
        "metric": kind.metric,
        "n": len(scores[0]),
        "asked": len(scores[0]),
        "lost": 0,
        "errors": {},
        "groups": groups,
        "models": {"candidate": candidate, "base": base},
    }
    return decide(sheet, minimum_gain=MINIMUM, seed=seed, decision=decision, resamples=RESAMPLES)


def _is_larger(scores: Scores) -> bool:
    return float((scores[0] - scores[1]).mean()) > MINIMUM / 100


def _groups(records: int, grouping: Grouping) -> list[int]:
    return [int(number // grouping.size) for number in range(records)]


def _chance(groups: Sequence[int], grouping: Grouping, random: np.random.Generator) -> Floats:
    """Draw a number of 0 to 1 for each record; two of a group share it as often as they are correlated."""
    own = random.random(len(groups))
    shared = random.random(groups[-1] + 1)[list(groups)]
    return np.where(random.random(len(groups)) < math.sqrt(grouping.correlation), shared, own)


if __name__ == "__main__":
    main()
