"""Is the candidate better? Only an interval that lies whole on one side of the minimum gain says so.

Required are the base model, the champion where another run's model is one, and the base model behind
examples, which must be beaten, or equalled at a lower cost of a right answer. All other models inform.
A guardrail that fails rejects whatever was gained.
The more often one blind test has decided, the wider the interval: all its decisions err in at most 2.5 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from tunesmith.evaluation.answers import BASE, CANDIDATE, CHAMPION, FEW_SHOT
from tunesmith.evaluation.guardrails import GuardrailFinding, check, worst
from tunesmith.evaluation.guardrails import told as told_of_guardrails
from tunesmith.evaluation.metrics_registry import JUDGE, metric_title
from tunesmith.evaluation.noise import told as told_noise
from tunesmith.evaluation.pairs import Pairs, Rule
from tunesmith.evaluation.power import error_of
from tunesmith.evaluation.preferred import Preferred, preferred
from tunesmith.evaluation.replays import Replay, replay
from tunesmith.evaluation.statistics import Groups, Interval, describe_groups, resamples_for

MINIMUM_GAIN_OVER_CHAMPION: Final = 1.0
"""Percentage points; over the base model the job file's `evaluation.minimum_gain` counts."""
EQUAL_WITHIN: Final = 2.0
"""Percentage points: who is no further below examples, and cheaper for each right answer, equals them."""
FEWEST_GROUPS: Final = 20
"""With fewer groups the spread between them is not known well enough to decide anything."""
FRESH_TEST_FROM: Final = 5
"""The decision on one blind test from which on a fresh one is asked for."""
_CALLED: Final = {CHAMPION: "the champion", FEW_SHOT: "the base model with examples"}

Finding = Literal["better", "rejected", "inconclusive"]


@dataclass(frozen=True, kw_only=True)
class Gain:
    """The candidate's gain over a comparator and its interval, in percentage points."""

    value: float
    low: float
    high: float
    minimum: float
    level: float
    """The interval's confidence in per cent."""


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
    effective_n: float | None = None
    """As many independent records would tell as much as these, of which some stand in one group."""
    detectable: float | None = None
    """The smallest gain that this test proves in five of six cases, in percentage points."""
    preferred: Preferred | None = None
    """How often a judge preferred the candidate's answers; None where no judge was asked."""


@dataclass(frozen=True, kw_only=True)
class VerdictReport(Comparison):
    """The comparison that decides, and every comparison with it in `comparisons`."""

    metric: str
    n: int
    lost: int
    decision: int
    """How often this blind test has decided, this time included."""
    comparisons: tuple[Comparison, ...]
    guardrails: tuple[GuardrailFinding, ...]
    noise: Mapping[str, Mapping[str, Any]]
    """Label of a model to what its second answers showed; empty where no record was answered twice."""

    def to_json(self) -> dict[str, Any]:
        """Spell the report as plain values."""
        return asdict(self)


def decide(
    scores: Mapping[str, Any],
    *,
    minimum_gain: float,
    seed: int,
    decision: int = 1,
    unproven: str = "",
    resamples: int | None = None,
) -> VerdictReport:
    """Compare the candidate with every other model that was scored, on the records that all answered.

    Better only where it is better than each that is required; rejected where one of those says so.
    `minimum_gain` over the base model is in percentage points; `seed` fixes the bootstrap's resamples;
    `decision` counts the decisions on this blind test; `resamples` are by default as many as it takes.
    `unproven` says in words why the data proves nothing, whatever was measured: then nothing is decided.
    """
    rule = Rule(seed=seed, decision=decision, resamples=resamples or resamples_for(error_of(decision)))
    minima = {
        BASE: minimum_gain,
        CHAMPION: MINIMUM_GAIN_OVER_CHAMPION,
        FEW_SHOT: -EQUAL_WITHIN if _is_cheaper(scores, FEW_SHOT) else 0.0,
    }
    comparisons = tuple(
        replace(
            _compare(Pairs.of(scores, comparator), scores, minima.get(comparator, 0.0), rule),
            informs=comparator not in minima,
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
    noise = scores.get("noise", {})
    guardrails = check(scores.get("guardrails", []), rule)
    deciding = _guarded(deciding, guardrails)
    reason = deciding.reason + told + told_of_guardrails(guardrails) + told_noise(noise) + _reuse(decision)
    if unproven:
        deciding = replace(deciding, outcome="inconclusive")
        reason += f" But {unproven}."
    return VerdictReport(
        **{**vars(deciding), "reason": reason},
        metric=scores["metric"],
        n=scores["n"],
        lost=scores["lost"],
        decision=decision,
        comparisons=comparisons,
        guardrails=guardrails,
        noise=noise,
    )


def replayed(scores: Mapping[str, Any], verdict: VerdictReport, *, seed: int) -> list[Replay]:
    """Replay the comparison that decided, with equal models, the minimum gain, and the detectable one."""
    if verdict.gain is None:
        return []
    gains = [0.0, verdict.gain.minimum, *([verdict.detectable] if verdict.detectable is not None else [])]
    rule = Rule(seed=seed, decision=verdict.decision, resamples=resamples_for(error_of(verdict.decision)))
    known = sorted({gain for gain in gains if gain >= 0})
    return replay(Pairs.of(scores, verdict.comparator), known, minimum=verdict.gain.minimum, rule=rule)


def _compare(pairs: Pairs, scores: Mapping[str, Any], minimum: float, rule: Rule) -> Comparison:
    if not pairs.differences:
        errors = "; ".join(scores["errors"]) or "there was none"
        return Comparison(
            outcome="inconclusive",
            reason=f"No record of the blind test was answered by every model: {errors}.",
            comparator=pairs.comparator,
            gain=None,
            method="none",
        )
    interval, counts = pairs.interval(rule), describe_groups(pairs.differences, pairs.groups)
    gain = _in_points(interval, minimum, rule)
    prospect = pairs.prospect(rule, minimum, counts)
    outcome, reason = _judge(gain, pairs, counts, scores["metric"], is_known=interval.is_known)
    judged = preferred(pairs, interval, rule) if pairs.preference is not None else None
    if judged is not None:
        reason += judged.sentence(_called(pairs.comparator))
    if gain.low <= minimum <= gain.high and interval.is_known:
        reason += prospect.told()
    if outcome != "inconclusive" and scores["lost"]:
        worst = pairs.with_lost(scores["lost"], -1.0 if outcome == "better" else 1.0)
        turned = _in_points(worst.interval(rule), minimum, rule)
        if not (turned.low > minimum if outcome == "better" else turned.high < minimum):
            outcome = "inconclusive"
            reason += (
                f" But {scores['lost']:,} of {scores['asked']:,} records were lost to failed calls, and might"
                " have turned the verdict."
            )
    alone: dict[str, Any] = {
        "only_candidate_right": sum(one > 0 for one in pairs.differences),
        "only_comparator_right": sum(one < 0 for one in pairs.differences),
    }
    return Comparison(
        outcome=outcome,
        reason=reason,
        comparator=pairs.comparator,
        gain=gain,
        method=_method(pairs, counts, gain.level, rule.resamples),
        effective_n=round(counts.effective, 1),
        detectable=prospect.detectable,
        preferred=judged,
        **(alone if pairs.right_or_wrong and judged is None else {}),
    )


def _in_points(interval: Interval, minimum: float, rule: Rule) -> Gain:
    # Ten decimals: 100 times a float may miss a threshold that the interval touches.
    value, low, high = (round(100 * figure, 10) for figure in interval)
    return Gain(value=value, low=low, high=high, minimum=minimum, level=round(100 * (1 - 2 * rule.error), 2))


def _judge(gain: Gain, pairs: Pairs, counts: Groups, metric: str, *, is_known: bool) -> tuple[Finding, str]:
    n = len(pairs.differences)
    what = (
        f"The gain over {_called(pairs.comparator)} in {metric_title(metric)} is {gain.value:+.1f} points"
        f" on {n:,} blind records"
    )
    if not is_known:
        return (
            "inconclusive",
            f"{what}, but too few of them tell the models apart to know how sure that is.",
        )
    what += f" ({gain.level:.3g}% interval {gain.low:+.1f} to {gain.high:+.1f})"
    if n < pairs.fewest:
        return "inconclusive", f"{what}. Fewer than {pairs.fewest} records decide nothing."
    if counts.groups < FEWEST_GROUPS:
        return "inconclusive", f"{what}. Records of fewer than {FEWEST_GROUPS} groups decide nothing."
    least = _least(gain, pairs.comparator)
    if gain.low > gain.minimum:
        return "better", f"{what}, all of it above {least}."
    if gain.high < gain.minimum:
        return "rejected", f"{what}, all of it below {least}."
    return "inconclusive", f"{what}, which holds {least}."


def _guarded(deciding: Comparison, guardrails: tuple[GuardrailFinding, ...]) -> Comparison:
    """Let a guardrail that failed reject, and one that is open leave open what would be better."""
    found = worst(guardrails)
    if found == "failed":
        return replace(deciding, outcome="rejected")
    if found == "open" and deciding.outcome == "better":
        return replace(deciding, outcome="inconclusive")
    return deciding


def _is_cheaper(scores: Mapping[str, Any], comparator: str) -> bool:
    """Tell whether a right answer of the candidate costs less; by the hour that cannot be told.

    By a judge, which knows no right answers, any answer counts.
    """
    judged = scores["metric"] == JUDGE
    costs: list[float] = []
    for label in (CANDIDATE, comparator):
        summary = scores["models"].get(label, {}).get("summary")
        if not summary or not summary[scores["metric"]]:
            return False
        right = 1.0 if judged else summary[scores["metric"]]
        costs.append(float(summary["cost_usd_per_1000"]) / right)
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


def _reuse(decision: int) -> str:
    if decision == 1:
        return ""
    told = f" This is decision {decision} on the same blind test, which widens the interval"
    if decision < FRESH_TEST_FROM:
        return f"{told}."
    return f"{told}: bring fresh records for the test."


def _method(pairs: Pairs, counts: Groups, level: float, resamples: int) -> str:
    method = (
        "Tango's score interval for paired proportions"
        if pairs.right_or_wrong
        else f"studentized bootstrap of paired differences, {resamples:,} resamples"
    )
    if pairs.preference is not None and not pairs.right_or_wrong:
        method += " of answers at equal length, by logistic regression"
    method += f", {level:.3g}%, two-sided"
    if counts.groups < len(pairs.differences):
        method += f"; records in {counts.groups:,} groups count as {counts.effective:,.0f} independent ones"
    return method


def _least(gain: Gain, comparator: str) -> str:
    if comparator != FEW_SHOT:
        return f"the minimum gain of {gain.minimum:+.1f}"
    cheaper = "whose right answers cost more" if gain.minimum < 0 else "whose right answers cost no more"
    return f"the {gain.minimum:+.1f} that is asked over examples, {cheaper}"


def _called(comparator: str) -> str:
    return _CALLED.get(comparator, comparator)
