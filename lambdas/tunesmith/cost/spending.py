"""What did a run cost so far, and does its budget cover what it still needs?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from tunesmith.cost.answers import CHOICE
from tunesmith.cost.cluster import PREPARATION
from tunesmith.cost.comparing import judge_items_name
from tunesmith.evaluation.answers import BASE, FEW_SHOT
from tunesmith.ledger import Capacity, CapacityKind
from tunesmith.serving.capacity import seconds_between
from tunesmith.training.records import TrainingRecords

TRAINING: Final = "training"
STORAGE: Final = "stored custom model"
THROUGHPUT: Final = "evaluation, candidate's provisioned throughput"
_HOURS_PER_MONTH: Final = 730
_CHOICE: Final = dict(zip(("reads", "answers"), CHOICE, strict=True))
_LABELS: Final = {BASE: "base model", FEW_SHOT: "base model with examples"}


def spent_by_item(
    estimate: Mapping[str, Any] | None,
    training: TrainingRecords,
    scores: Mapping[str, Any] | None,
    capacity: Sequence[Capacity],
    now: str,
) -> dict[str, Decimal]:
    """Price what was really done so far, by the estimate's item names, in US dollars."""
    spent = paid_to_prepare(estimate)
    jobs = training.told.values()
    if jobs and estimate:
        spent[TRAINING] = sum((Decimal(str(job["cost_usd"])) for job in jobs), Decimal(0))
        monthly = next(Decimal(item["price"]) for item in estimate["items"] if item["what"] == STORAGE)
        hours = sum(max(0.0, seconds_between(job["ended"], now)) / 3600 for job in jobs if job["model_arn"])
        spent[STORAGE] = monthly * Decimal(str(hours)) / _HOURS_PER_MONTH
    for judged in training.judged.values():
        for part, usd in judged["paid_usd"].items():
            spent[_CHOICE[part]] = spent.get(_CHOICE[part], Decimal(0)) + Decimal(str(usd))
    for label, model in (scores["models"] if scores else {}).items():
        for part, usd in model["cost_usd"].items():
            spent[f"evaluation, {_LABELS.get(label, label)} {part}"] = Decimal(usd)
    judged = (scores or {}).get("judge") or {}
    for part, usd in judged.get("cost_usd", {}).items():
        spent[judge_items_name(judged["title"], part)] = Decimal(usd)
    for name, usd in _guarding(scores):
        spent[name] = spent.get(name, Decimal(0)) + usd
    for item in capacity:
        if item.kind is CapacityKind.THROUGHPUT and item.arn:
            hours = max(0.0, seconds_between(item.since, item.released or now)) / 3600
            paid = item.usd_per_hour * Decimal(str(hours))
            spent[THROUGHPUT] = spent.get(THROUGHPUT, Decimal(0)) + paid
    return spent


def paid_to_prepare(told: Mapping[str, Any] | None) -> dict[str, Decimal]:
    """Give the cluster's items of an estimate, or of what preparing wrote down: they are over by then."""
    items = told["items"] if told else ()
    return {item["what"]: Decimal(item["usd"]) for item in items if item["what"] in PREPARATION}


def _guarding(scores: Mapping[str, Any] | None) -> Iterator[tuple[str, Decimal]]:
    """Give what answers to the guardrails' own records cost."""
    for guarded in (scores or {}).get("guardrails", ()):
        for label, paid in guarded.get("cost_usd", {}).items():
            for part, usd in paid.items():
                yield f"guardrails, {_LABELS.get(label, label)} {part}", Decimal(usd)


def item_name(what: str) -> str:
    """Name an item of the estimate without the figures that some carry."""
    return next((name for name in (TRAINING, THROUGHPUT) if what.startswith(name)), what)


def evaluation_objection(
    estimate: Mapping[str, Any], spent: Mapping[str, Decimal], limit_usd: Decimal, *, is_open: bool
) -> str:
    """Say why the candidate's capacity may not be opened any more; empty where the budget covers it.

    `spent` is by item. What evaluation and storage still need counts at its high bound: training is over.
    Hours of capacity that was given back buy nothing of those to come; where `is_open`, they still do.
    """
    needed = Decimal(0)
    for item in estimate["items"]:
        name, high = item_name(item["what"]), Decimal(item["high_usd"])
        if name == THROUGHPUT and not is_open:
            needed += high
        elif name not in (TRAINING, *CHOICE):
            needed += max(Decimal(0), high - spent.get(name, Decimal(0)))
    total = sum(spent.values(), Decimal(0))
    if total + needed <= limit_usd:
        return ""
    return (
        f"evaluation may still cost ${needed:,.4f}: with ${total:,.4f} spent, that is above the "
        f"${limit_usd:,.2f} of budget.limit_usd"
    )
