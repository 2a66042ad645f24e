"""What was a run expected to cost, and what did it cost? Item by item, under the estimate's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from tunesmith.cost.estimates import CHOICE
from tunesmith.evaluation.answers import BASE, FEW_SHOT
from tunesmith.ledger import Capacity, CapacityKind
from tunesmith.serving.capacity import seconds_between
from tunesmith.training.records import TrainingRecords

STORAGE: Final = "stored custom model"
_CHOICE: Final = dict(zip(("reads", "answers"), CHOICE, strict=True))
THROUGHPUT: Final = "evaluation, candidate's provisioned throughput"
_HOURS_PER_MONTH: Final = 730
_LABELS: Final = {BASE: "base model", FEW_SHOT: "base model with examples"}


def cost_section(
    job: Mapping[str, Any],
    estimate: Mapping[str, Any] | None,
    training: TrainingRecords,
    scores: Mapping[str, Any] | None,
    capacity: Sequence[Capacity],
    training_asked: bool,
    now: str,
) -> dict[str, Any]:
    """Hold what was paid against the estimate; what cannot be known has no actual amount, and a note."""
    actual = actual_items(estimate, training, scores, capacity, now)
    expected = estimate["items"] if estimate else []
    items = [
        {
            "what": item["what"],
            "quantity": float(item["quantity"]),
            "unit": item["unit"],
            "price_usd": float(item["price"]),
            "source": item["source"],
            "estimated_usd": float(item["usd"]),
            "actual_usd": _usd(actual.get(_name(item["what"]))),
        }
        for item in expected
    ]
    notes = []
    jobs = training.told
    if jobs:
        notes.append("Training is priced by estimated tokens: Bedrock does not tell how many it billed.")
    elif training_asked:
        notes.append("What the unfinished job cost is not known: Bedrock bills the tokens that it trained.")
    if STORAGE in actual:
        notes.append(
            "Storage counts the time until this report; it goes on by the month while the model is kept."
        )
    return {
        "limit": float(job["budget"]["limit_usd"]) if job else None,
        "estimated": _usd(Decimal(estimate["total_usd"])) if estimate else None,
        "low": _usd(Decimal(estimate["low_usd"])) if estimate else None,
        "high": _usd(Decimal(estimate["high_usd"])) if estimate else None,
        "actual": _usd(sum(actual.values(), Decimal(0))),
        "actual_is_complete": not training_asked or (bool(jobs) and len(jobs) == len(training.plans)),
        "items": items,
        "notes": notes,
    }


def actual_items(
    estimate: Mapping[str, Any] | None,
    training: TrainingRecords,
    scores: Mapping[str, Any] | None,
    capacity: Sequence[Capacity],
    now: str,
) -> dict[str, Decimal]:
    """Price what was really done so far, by the estimate's item names."""
    actual: dict[str, Decimal] = {}
    jobs = training.told.values()
    if jobs and estimate:
        actual["training"] = sum((Decimal(str(job["cost_usd"])) for job in jobs), Decimal(0))
        monthly = next(Decimal(item["price"]) for item in estimate["items"] if item["what"] == STORAGE)
        hours = sum(max(0.0, seconds_between(job["ended"], now)) / 3600 for job in jobs if job["model_arn"])
        actual[STORAGE] = monthly * Decimal(str(hours)) / _HOURS_PER_MONTH
    for judged in training.judged.values():
        for part, usd in judged["paid_usd"].items():
            actual[_CHOICE[part]] = actual.get(_CHOICE[part], Decimal(0)) + Decimal(str(usd))
    for label, model in (scores["models"] if scores else {}).items():
        for part, usd in model["cost_usd"].items():
            actual[f"evaluation, {_LABELS.get(label, label)} {part}"] = Decimal(usd)
    for item in capacity:
        if item.kind is CapacityKind.THROUGHPUT and item.arn:
            hours = max(0.0, seconds_between(item.since, item.released or now)) / 3600
            actual[THROUGHPUT] = item.usd_per_hour * Decimal(str(hours))
    return actual


def _name(what: str) -> str:
    """Name an item of the estimate without the figures that some carry."""
    return next((name for name in ("training", THROUGHPUT) if what.startswith(name)), what)


def _usd(amount: Decimal | None) -> float | None:
    return None if amount is None else float(round(amount, 6))
