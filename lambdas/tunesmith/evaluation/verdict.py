"""Is the candidate better? Only an interval that lies whole on one side of the minimum gain says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from tunesmith.evaluation.answers import BASE, CANDIDATE
from tunesmith.evaluation.metrics import METRIC_NAMES
from tunesmith.evaluation.statistics import Interval, bootstrap_interval, tango_interval

FEWEST_RECORDS: Final = 100
MOST_LOST_SHARE: Final = 0.05
"""Beyond it, the records that were lost might have turned the verdict."""
LONGEST_HOPE: Final = 100
"""A test that would have to be more than so many times as large is not recommended to anybody."""

Finding = Literal["better", "rejected", "inconclusive"]


@dataclass(frozen=True, kw_only=True)
class Gain:
    """The candidate's gain over a comparator and its 95% interval, in percentage points."""

    value: float
    low: float
    high: float
    minimum: float


@dataclass(frozen=True, kw_only=True)
class VerdictReport:
    """What was found, why, and on which figures; `gain` is None where there is nothing to compare."""

    outcome: Finding
    reason: str
    metric: str
    n: int
    lost: int
    comparator: str
    gain: Gain | None
    method: str
    only_candidate_right: int | None = None
    only_comparator_right: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Spell the report as plain values."""
        return asdict(self)


def decide(
    scores: Mapping[str, Any], *, minimum_gain: float, seed: int, comparator: str = BASE
) -> VerdictReport:
    """Compare the candidate with a comparator on the records that both answered.

    `minimum_gain` is in percentage points; `seed` fixes the bootstrap's resamples.
    """
    metric, n, lost = scores["metric"], scores["n"], scores["lost"]
    found: dict[str, Any] = {"metric": metric, "n": n, "lost": lost, "comparator": comparator}
    if n == 0:
        errors = "; ".join(scores["errors"]) or "there was none"
        return VerdictReport(
            outcome="inconclusive",
            reason=f"No record of the blind test was answered by both models: {errors}.",
            gain=None,
            method="none",
            **found,
        )
    candidate, other = (scores["models"][label][metric] for label in (CANDIDATE, comparator))
    if metric == "exact_match":
        gained = sum(mine > theirs for mine, theirs in zip(candidate, other, strict=True))
        surrendered = sum(mine < theirs for mine, theirs in zip(candidate, other, strict=True))
        interval = tango_interval(gained, surrendered, n)
        found |= {"method": "Tango's score interval for paired proportions, 95%, two-sided"}
        found |= {"only_candidate_right": gained, "only_comparator_right": surrendered}
    else:
        differences = [mine - theirs for mine, theirs in zip(candidate, other, strict=True)]
        interval = bootstrap_interval(differences, seed=seed)
        found |= {"method": "studentized bootstrap of paired differences, 10,000 resamples, 95%, two-sided"}
    gain = _in_points(interval, minimum_gain)
    outcome, reason = _judge(
        gain, metric=metric, n=n, lost=lost, asked=scores["asked"], comparator=comparator
    )
    return VerdictReport(outcome=outcome, reason=reason, gain=gain, **found)


def records_to_settle(gain: Gain, n: int) -> int | None:
    """Estimate how many records would bring the interval clear of the minimum gain; None where hope is vain.

    An interval's width falls with the root of n; the gain is taken to stay what it is.
    """
    distance = abs(gain.value - gain.minimum)
    reach = gain.value - gain.low if gain.value > gain.minimum else gain.high - gain.value
    if distance == 0 or reach > distance * math.sqrt(LONGEST_HOPE):
        return None
    return math.ceil(max(FEWEST_RECORDS, n * (reach / distance) ** 2) / 10) * 10


def _in_points(interval: Interval, minimum_gain: float) -> Gain:
    # Ten decimals: 100 times a float may miss a threshold that the interval touches.
    value, low, high = (round(100 * figure, 10) for figure in interval)
    return Gain(value=value, low=low, high=high, minimum=minimum_gain)


def _judge(gain: Gain, *, metric: str, n: int, lost: int, asked: int, comparator: str) -> tuple[Finding, str]:
    what = (
        f"The gain over {comparator} in {METRIC_NAMES[metric]} is {gain.value:+.1f} points"
        f" on {n:,} blind records"
        f" (95% interval {gain.low:+.1f} to {gain.high:+.1f})"
    )
    least = f"the minimum gain of {gain.minimum:+.1f}"
    if n < FEWEST_RECORDS:
        return "inconclusive", f"{what}. Fewer than {FEWEST_RECORDS} records decide nothing."
    if lost > MOST_LOST_SHARE * asked:
        return (
            "inconclusive",
            f"{what}, but {lost:,} of {asked:,} records were lost to failed calls: too many to decide.",
        )
    if gain.low > gain.minimum:
        return "better", f"{what}, all of it above {least}."
    if gain.high < gain.minimum:
        return "rejected", f"{what}, all of it below {least}."
    needed = records_to_settle(gain, n)
    if needed is None:
        return "inconclusive", f"{what}, which holds {least}: too close to be settled by a larger test."
    return "inconclusive", f"{what}, which holds {least}. About {needed:,} blind records would settle it."
