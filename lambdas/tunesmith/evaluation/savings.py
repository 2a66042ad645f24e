"""What does the candidate save beside each other model, and when is what the run cost earned back?

Tokens are compared within a model family alone: another family cuts the same text into others. Money is
compared across families. Records of one group count together, as they do in the verdict.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final, NamedTuple

from tunesmith.evaluation.answers import CANDIDATE
from tunesmith.evaluation.quantiles import student_quantile

HOURS_PER_MONTH: Final = 730
_BEYOND: Final = 0.025
"""What lies beyond each bound of a 95 % interval."""
_ANSWERS: Final = 1000


class Range(NamedTuple):
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What it costs to keep the candidate in service, in US dollars."""

    usd_per_month: float
    """For the stored model, whatever it is asked."""
    usd_per_hour: float | None = None
    """For its model units; None where the price is not known or the model cannot be served that way."""
    on_demand: bool = True
    """Whether its answers are paid by the token."""


@dataclass(frozen=True, kw_only=True)
class Saving:
    """The candidate beside one other model; every ratio is the candidate's total over the other's."""

    label: str
    output_tokens: Range | None
    """None, as for input, beside a model of another family."""
    input_tokens: Range | None
    latency: Range | None
    """Ratio of geometric means over the same records, asked one after the other."""
    cost: Range | None
    """Ratio of what the tokens cost; None where one of the two is paid by the hour."""
    saved_usd: Range | None
    """US dollars for each 1,000 answers, negative where the candidate costs more."""
    payback_answers: Range | None
    """Answers until the run is paid for, storage left out; infinite is never."""
    payback_months: Range | None
    """Months at the stated volume, storage paid; None without a volume."""


@dataclass(frozen=True, kw_only=True)
class Path:
    """A way to serve, and what it costs; None where that cannot be known."""

    label: str
    how: str
    """`on_demand` or `provisioned`."""
    usd_per_month: float | None
    """At the stated volume."""
    cheaper_from: float | None
    """Answers a month from which on the candidate on demand costs less; for the candidate's own model units,
    from which on they do. Infinite is never."""


@dataclass(frozen=True, kw_only=True)
class Savings:
    """All of it; `answers_per_month` is what the job file states, or None."""

    spent_usd: float
    answers_per_month: int | None
    others: tuple[Saving, ...]
    paths: tuple[Path, ...]

    def to_json(self) -> dict[str, Any]:
        """Spell it as plain values; what is infinite is spelled `never`."""
        return {
            "spent_usd": self.spent_usd,
            "answers_per_month": self.answers_per_month,
            "others": [_finite(vars(one)) for one in self.others],
            "paths": [_finite(vars(one)) for one in self.paths],
        }


def savings(
    scores: Mapping[str, Any],
    families: Mapping[str, str],
    *,
    serving: Serving,
    spent_usd: float,
    answers_per_month: int | None = None,
) -> Savings:
    """Compare what the models of a blind test's scores cost; `families` maps their labels to families."""
    groups = scores.get("groups") or list(range(scores["n"]))
    models = scores["models"]
    mine = models[CANDIDATE]
    others = []
    for label, other in models.items():
        if label == CANDIDATE:
            continue
        alike = families[label] == families[CANDIDATE]
        tokens = {
            name: ratio_of_totals(mine[name], other[name], groups) if alike else None
            for name in ("output_tokens", "input_tokens")
        }
        cost = saved = None
        if serving.on_demand and _costs(other):
            ours, theirs = _costs(mine), _costs(other)
            cost = ratio_of_totals(ours, theirs, groups)
            saved = mean_difference(theirs, ours, groups)
        others.append(
            Saving(
                label=label,
                **tokens,
                latency=_latency(mine["latency_ms"], other["latency_ms"], groups),
                cost=cost,
                saved_usd=Range(*(_ANSWERS * figure for figure in saved)) if saved else None,
                payback_answers=_payback(spent_usd, saved, 0.0, 1) if saved else None,
                payback_months=_payback(spent_usd, saved, serving.usd_per_month, answers_per_month)
                if saved and answers_per_month
                else None,
            )
        )
    return Savings(
        spent_usd=spent_usd,
        answers_per_month=answers_per_month,
        others=tuple(others),
        paths=_paths(models, serving, answers_per_month),
    )


def ratio_of_totals(
    mine: Sequence[float], theirs: Sequence[float], groups: Sequence[Hashable]
) -> Range | None:
    """Ratio of two sums over the same records, with its interval on the logarithm's scale.

    The error is that of the delta method over whole groups. None where either sum is not above zero, or
    there is one group: then nothing is known of the spread.
    """
    ours, its = sum(mine), sum(theirs)
    if ours <= 0 or its <= 0:
        return None
    residuals = [a / ours - b / its for a, b in zip(mine, theirs, strict=True)]
    reach = _reach(residuals, groups)
    if reach is None:
        return None
    ratio = ours / its
    return Range(ratio, ratio * math.exp(-reach), ratio * math.exp(reach))


def mean_difference(
    mine: Sequence[float], theirs: Sequence[float], groups: Sequence[Hashable]
) -> Range | None:
    """Mean of the paired differences with its interval over whole groups; None of a single group."""
    differences = [a - b for a, b in zip(mine, theirs, strict=True)]
    if not differences:
        return None
    mean = fmean(differences)
    reach = _reach([(one - mean) / len(differences) for one in differences], groups)
    return None if reach is None else Range(mean, mean - reach, mean + reach)


def _reach(shares: Sequence[float], groups: Sequence[Hashable]) -> float | None:
    """Half the interval of a sum of shares that are zero on average, whole groups taken as one."""
    totals: defaultdict[Hashable, float] = defaultdict(float)
    for share, group in zip(shares, groups, strict=True):
        totals[group] += share
    count = len(totals)
    if count < 2:
        return None
    variance = math.fsum(total**2 for total in totals.values()) * count / (count - 1)
    return student_quantile(1 - _BEYOND, count - 1) * math.sqrt(variance)


def _latency(mine: Sequence[float], theirs: Sequence[float], groups: Sequence[Hashable]) -> Range | None:
    if not mine or min(*mine, *theirs) <= 0:
        return None
    found = mean_difference([math.log(one) for one in mine], [math.log(one) for one in theirs], groups)
    return Range(*(math.exp(figure) for figure in found)) if found else None


def _costs(model: Mapping[str, Any]) -> list[float]:
    """US dollars of each answer; nothing where the model is paid by the hour."""
    price = model["price"]
    if price is None:
        return []
    return [
        (asked * price["input"] + said * price["output"]) / _ANSWERS
        for asked, said in zip(model["input_tokens"], model["output_tokens"], strict=True)
    ]


def _payback(spent: float, saved: Range, monthly: float, volume: int) -> Range:
    """How many times the volume has to be answered until the saving has paid for the run."""

    def times(each: float) -> float:
        gained = each * volume - monthly
        return spent / gained if gained > 0 else math.inf

    return Range(times(saved.value), times(saved.high), times(saved.low))


def _paths(models: Mapping[str, Any], serving: Serving, volume: int | None) -> tuple[Path, ...]:
    each = {label: fmean(costs) for label, model in models.items() if (costs := _costs(model))}
    mine = each.get(CANDIDATE) if serving.on_demand else None

    def monthly(fixed: float, cost: float) -> float | None:
        return None if volume is None else fixed + volume * cost

    paths = []
    if mine is not None:
        paths.append(
            Path(
                label=CANDIDATE,
                how="on_demand",
                usd_per_month=monthly(serving.usd_per_month, mine),
                cheaper_from=None,
            )
        )
    if serving.usd_per_hour is not None:
        fixed = HOURS_PER_MONTH * serving.usd_per_hour
        paths.append(
            Path(
                label=CANDIDATE,
                how="provisioned",
                usd_per_month=fixed + serving.usd_per_month,
                cheaper_from=fixed / mine if mine else None,
            )
        )
    hourly = HOURS_PER_MONTH * serving.usd_per_hour if serving.usd_per_hour is not None else None
    for label, cost in each.items():
        if label == CANDIDATE:
            continue
        if mine is not None:
            kept = cost - mine
            start = serving.usd_per_month / kept if kept > 0 else math.inf
        else:
            start = (hourly + serving.usd_per_month) / cost if hourly is not None and cost else math.inf
        paths.append(Path(label=label, how="on_demand", usd_per_month=monthly(0.0, cost), cheaper_from=start))
    return tuple(paths)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, Range):
        return {name: _finite(figure) for name, figure in zip(value._fields, value, strict=True)}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float) and math.isinf(value):
        return "never"
    return value
