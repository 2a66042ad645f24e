"""Is the candidate better? Only an interval that lies whole on one side of the minimum gain says so.

Required are the base model, the champion where another run's model is one, and the base model behind
examples, which must be beaten, or equalled at a lower cost of a right answer. All other models inform.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from tunesmith.evaluation.answers import BASE, CANDIDATE, CHAMPION, FEW_SHOT
from tunesmith.evaluation.metrics_registry import METRICS
from tunesmith.evaluation.scores import LENIENT
from tunesmith.evaluation.statistics import Interval, bootstrap_interval, tango_interval

MINIMUM_GAIN_OVER_CHAMPION: Final = 1.0
"""Percentage points; over the base model the job file's `evaluation.minimum_gain` counts."""
EQUAL_WITHIN: Final = 2.0
"""Percentage points: who is no further below examples, and cheaper for each right answer, equals them."""
FEWEST_RECORDS: Final = 100
MOST_LOST_SHARE: Final = 0.05
"""Beyond it, the records that were lost might have turned the verdict."""
LONGEST_HOPE: Final = 100
"""A test that would have to be more than so many times as large is not recommended to anybody."""
_CALLED: Final = {CHAMPION: "the champion", FEW_SHOT: "the base model with examples"}

Finding = Literal["better", "rejected", "inconclusive"]


@dataclass(frozen=True, kw_only=True)
class Gain:
    """The candidate's gain over a comparator and its 95% interval, in percentage points."""

    value: float
    low: float
    high: float
    minimum: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What was found against one comparator; `gain` is None where there is nothing to compare."""

    outcome: Finding
    reason: str
    comparator: str
    gain: Gain | None
    method: str
    informs: bool = False
    """Whether the verdict does not hang on it."""
    only_candidate_right: int | None = None
    only_comparator_right: int | None = None


@dataclass(frozen=True, kw_only=True)
class VerdictReport(Comparison):
    """The comparison that decides, and every comparison with it in `comparisons`."""

    metric: str
    n: int
    lost: int
    comparisons: tuple[Comparison, ...]

    def to_json(self) -> dict[str, Any]:
        """Spell the report as plain values."""
        return asdict(self)


def decide(scores: Mapping[str, Any], *, minimum_gain: float, seed: int, unproven: str = "") -> VerdictReport:
    """Compare the candidate with every other model that was scored, on the records that all answered.

    Better only where it is better than each that is required; rejected where one of those says so.
    `minimum_gain` over the base model is in percentage points; `seed` fixes the bootstrap's resamples.
    `unproven` says in words why the data proves nothing, whatever was measured: then nothing is decided.
    """
    minima = {
        BASE: minimum_gain,
        CHAMPION: MINIMUM_GAIN_OVER_CHAMPION,
        FEW_SHOT: -EQUAL_WITHIN if _is_cheaper(scores, FEW_SHOT) else 0.0,
    }
    comparisons = tuple(
        replace(
            _compare(scores, comparator, minima.get(comparator, 0.0), seed), informs=comparator not in minima
        )
        for comparator in scores["models"]
        if comparator != CANDIDATE
    )
    deciding = _deciding([one for one in comparisons if not one.informs])
    others = [one for one in comparisons if one is not deciding and one.gain is not None]
    told = "".join(
        f" Over {_called(one.comparator)} it is {one.gain.value:+.1f} points:"
        f" {'it informs only' if one.informs else one.outcome}."
        for one in others
        if one.gain is not None and deciding.gain is not None
    )
    reason = deciding.reason + told
    if unproven:
        deciding = replace(deciding, outcome="inconclusive")
        reason += f" But {unproven}."
    return VerdictReport(
        **{**vars(deciding), "reason": reason},
        metric=scores["metric"],
        n=scores["n"],
        lost=scores["lost"],
        comparisons=comparisons,
    )


def records_to_settle(gain: Gain, n: int) -> int | None:
    """Estimate how many records would bring the interval clear of the minimum gain; None where hope is vain.

    An interval's width falls with the root of n; the gain is taken to stay what it is.
    """
    distance = abs(gain.value - gain.minimum)
    reach = gain.value - gain.low if gain.value > gain.minimum else gain.high - gain.value
    if distance == 0 or reach > distance * math.sqrt(LONGEST_HOPE):
        return None
    return math.ceil(max(FEWEST_RECORDS, n * (reach / distance) ** 2) / 10) * 10


def _compare(scores: Mapping[str, Any], comparator: str, minimum: float, seed: int) -> Comparison:
    metric, n = scores["metric"], scores["n"]
    if n == 0:
        errors = "; ".join(scores["errors"]) or "there was none"
        return Comparison(
            outcome="inconclusive",
            reason=f"No record of the blind test was answered by every model: {errors}.",
            comparator=comparator,
            gain=None,
            method="none",
        )
    theirs = scores["models"][comparator]
    # An untuned model is given the benefit of the doubt: what it wraps in words counts as said.
    pairs = list(zip(scores["models"][CANDIDATE][metric], theirs.get(LENIENT, theirs[metric]), strict=True))
    alone: dict[str, Any] = {}
    if METRICS[metric].right_or_wrong:
        gained, surrendered = sum(mine > theirs for mine, theirs in pairs), sum(a < b for a, b in pairs)
        interval = tango_interval(gained, surrendered, n)
        method = "Tango's score interval for paired proportions, 95%, two-sided"
        alone = {"only_candidate_right": gained, "only_comparator_right": surrendered}
    else:
        interval = bootstrap_interval([mine - theirs for mine, theirs in pairs], seed=seed)
        method = "studentized bootstrap of paired differences, 10,000 resamples, 95%, two-sided"
    gain = _in_points(interval, minimum)
    outcome, reason = _judge(gain, scores, comparator, is_known=interval.is_known)
    return Comparison(
        outcome=outcome, reason=reason, comparator=comparator, gain=gain, method=method, **alone
    )


def _is_cheaper(scores: Mapping[str, Any], comparator: str) -> bool:
    """Tell whether a right answer of the candidate costs less; by the hour that cannot be told."""
    costs: list[float] = []
    for label in (CANDIDATE, comparator):
        summary = scores["models"].get(label, {}).get("summary")
        if not summary or not summary[scores["metric"]]:
            return False
        costs.append(float(summary["cost_usd_per_1000"]) / summary[scores["metric"]])
    mine, theirs = costs
    return 0 < mine < theirs


def _deciding(comparisons: Sequence[Comparison]) -> Comparison:
    """Pick the comparison that the verdict hangs on: the worst finding, then the smallest margin."""
    order: tuple[Finding, ...] = ("rejected", "inconclusive", "better")

    def margin(one: Comparison) -> float:
        if one.gain is None:
            return -math.inf
        return (one.gain.high if one.outcome == "rejected" else one.gain.low) - one.gain.minimum

    return min(comparisons, key=lambda one: (order.index(one.outcome), margin(one)))


def _in_points(interval: Interval, minimum_gain: float) -> Gain:
    # Ten decimals: 100 times a float may miss a threshold that the interval touches.
    value, low, high = (round(100 * figure, 10) for figure in interval)
    return Gain(value=value, low=low, high=high, minimum=minimum_gain)


def _judge(gain: Gain, scores: Mapping[str, Any], comparator: str, *, is_known: bool) -> tuple[Finding, str]:
    n, lost, asked = scores["n"], scores["lost"], scores["asked"]
    what = (
        f"The gain over {_called(comparator)} in {METRICS[scores['metric']].title} is"
        f" {gain.value:+.1f} points on {n:,} blind records"
    )
    if not is_known:
        return (
            "inconclusive",
            f"{what}, but too few of them tell the models apart to know how sure that is.",
        )
    what += f" (95% interval {gain.low:+.1f} to {gain.high:+.1f})"
    least = _least(gain, comparator)
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


def _least(gain: Gain, comparator: str) -> str:
    if comparator != FEW_SHOT:
        return f"the minimum gain of {gain.minimum:+.1f}"
    cheaper = "whose right answers cost more" if gain.minimum < 0 else "whose right answers cost no more"
    return f"the {gain.minimum:+.1f} that is asked over examples, {cheaper}"


def _called(comparator: str) -> str:
    return _CALLED.get(comparator, comparator)
