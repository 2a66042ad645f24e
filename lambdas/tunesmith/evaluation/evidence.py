"""What does an advice go by? Evidence, from the scores of untuned models and the data's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.evaluation.advice import Evidence, Price
from tunesmith.evaluation.answers import BASE, FEW_SHOT
from tunesmith.evaluation.metrics_registry import is_right_or_wrong, metric_title
from tunesmith.evaluation.savings import HOURS_PER_MONTH
from tunesmith.evaluation.scores import LENIENT


def evidence_of(
    scores: Mapping[str, Any],
    report: Mapping[str, Any],
    *,
    minimum_gain: float,
    seed: int,
    answers_per_month: int | None = None,
) -> Evidence:
    """Gather the evidence from scores.json of a run that tunes nothing, and the report of its data."""
    metric, models, found = scores["metric"], scores["models"], scores["advice"]
    told = {label: model.get(LENIENT, model[metric]) for label, model in models.items()}
    seen = [value for values in told.values() for value in values]
    return Evidence(
        title=metric_title(metric),
        right_or_wrong=is_right_or_wrong(metric) and set(seen) <= {0, 1},
        labels=report["conflicts"]["labels"],
        base=told[BASE],
        few_shot=told.get(FEW_SHOT, ()),
        larger={label: values for label, values in told.items() if label not in (BASE, FEW_SHOT)},
        neighbours=found["neighbours"],
        fewer_neighbours=found["fewer_neighbours"],
        guess=found["guess"],
        groups=scores["groups"],
        ceiling=report["conflicts"]["ceiling"] if report["conflicts"]["labels"] else 1.0,
        minimum_gain=minimum_gain,
        seed=seed,
        price=_price(scores, answers_per_month),
        unproven=report["unproven_note"],
    )


def _price(scores: Mapping[str, Any], answers_per_month: int | None) -> Price:
    models, found, serving = scores["models"], scores["advice"], scores["serving"]
    by_the_hour = 0.0 if serving["on_demand"] else HOURS_PER_MONTH * (serving["usd_per_hour"] or 0.0)
    return Price(
        each_1000={
            label: float(model["summary"]["cost_usd_per_1000"]) if model["summary"] else 0.0
            for label, model in models.items()
        },
        tuned_1000=_tuned(models[BASE]["summary"], found["tuned_price"]),
        tuning=float(found["tuning_usd"]),
        month=serving["usd_per_month"] + by_the_hour,
        answers_per_month=answers_per_month,
    )


def _tuned(base: Mapping[str, Any], price: Sequence[float]) -> float:
    """Price the base model's tokens as a tuned model's; nothing where that is paid by the hour."""
    if not price or not base:
        return 0.0
    # Prices are for 1,000 tokens, and so for 1,000 answers of one.
    read, said = price
    return float(read * base["input_tokens_mean"] + said * base["output_tokens_mean"])
