"""What was a run expected to cost, and what did it cost? Item by item, under the estimate's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tunesmith.cost.spending import STORAGE, TRAINING, item_name, paid_to_prepare, spent_by_item
from tunesmith.ledger import Capacity
from tunesmith.training.records import TrainingRecords


def cost_section(
    job: Mapping[str, Any],
    estimate: Mapping[str, Any] | None,
    training: TrainingRecords,
    scores: Mapping[str, Any] | None,
    capacity: Sequence[Capacity],
    training_asked: bool,
    now: str,
    *,
    prepared: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Hold what was paid against the estimate; what cannot be known has no actual amount, and a note.

    `prepared` is what preparing wrote down of a cluster's cost.
    """
    actual = paid_to_prepare(prepared) | spent_by_item(estimate, training, scores, capacity, now)
    expected = estimate["items"] if estimate else prepared["items"] if prepared else []
    items = _items(expected, actual)
    notes = []
    if prepared and not prepared["billed"]:
        notes.append("The cluster counts with the most that it may have cost: what EMR billed was not told.")
    jobs = training.told
    by_hour = any(item_name(item["what"]) == TRAINING and item["unit"] == "hour" for item in expected)
    if jobs and by_hour:
        notes.append("Training is priced by the hours between the times that Bedrock tells of it.")
    elif jobs:
        notes.append("Training is priced by estimated tokens: Bedrock does not tell how many it billed.")
    elif training_asked:
        billed = "hours" if by_hour else "tokens"
        notes.append(
            f"What the unfinished job cost is not known: Bedrock bills the {billed} that it trained."
        )
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


def _items(expected: Sequence[Mapping[str, Any]], actual: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    """List the items with the running total of what was paid, down to and including each."""
    listed = [
        {
            "what": item["what"],
            "quantity": float(item["quantity"]),
            "unit": item["unit"],
            "price_usd": float(item["price"]),
            "source": item["source"],
            "estimated_usd": float(item["usd"]),
            "actual_usd": actual.get(item_name(item["what"])),
        }
        for item in expected
    ]
    total = Decimal(0)
    for item in listed:
        total += item["actual_usd"] or Decimal(0)
        item["running_usd"] = _usd(total)
        item["actual_usd"] = _usd(item["actual_usd"])
    return listed


def _usd(amount: Decimal | None) -> float | None:
    return None if amount is None else float(round(amount, 6))
