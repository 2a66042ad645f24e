"""What was spent is priced by what was done, and leaves so much for the evaluation."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tunesmith.cost.spending import STORAGE, THROUGHPUT, TRAINING, evaluation_objection, spent_by_item
from tunesmith.ledger import Capacity, CapacityKind, CapacityState
from tunesmith.training.records import TrainingRecords

ESTIMATE: dict[str, Any] = {
    "items": [
        {"what": "training, 3 x 1,000 tokens", "high_usd": "3", "price": "0.001"},
        {"what": STORAGE, "high_usd": "2", "price": "1.95"},
        {"what": f"{THROUGHPUT} (1 model unit)", "high_usd": "60", "price": "10"},
        {"what": "evaluation, base model reads", "high_usd": "5", "price": "0.001"},
    ]
}


def throughput(token: str, since: str, released: str = "") -> Capacity:
    return Capacity(
        run="0123456789abcdef",
        project="triage",
        token=token,
        kind=CapacityKind.THROUGHPUT,
        name="triage",
        purpose="evaluation",
        state=CapacityState.RELEASED if released else CapacityState.OPEN,
        since=f"2026-11-23T{since}:00:00Z",
        expires="2026-11-24T00:00:00Z",
        arn="arn",
        usd_per_hour=Decimal(10),
        released=f"2026-11-23T{released}:00:00Z" if released else "",
    )


def objection(limit: str, *, is_open: bool = False, **spent: str) -> str:
    by_item = {name.replace("_", " "): Decimal(usd) for name, usd in spent.items()}
    if "hours" in by_item:
        by_item[THROUGHPUT] = by_item.pop("hours")
    return evaluation_objection(ESTIMATE, by_item, Decimal(limit), is_open=is_open)


def test_hours_of_every_throughput_add_up() -> None:
    held = [throughput("serving", "10", "12"), throughput("other", "13")]
    spent = spent_by_item(ESTIMATE, TrainingRecords(), None, held, "2026-11-23T14:00:00Z")
    assert spent == {THROUGHPUT: Decimal(30)}


def test_the_budget_covers_what_was_spent_and_the_rest_at_its_high_bound() -> None:
    assert objection("70", training="3") == ""
    assert objection("69.99", training="3") == (
        "evaluation may still cost $67.0000: with $3.0000 spent, that is above the $69.99 of budget.limit_usd"
    )


def test_training_that_is_over_sets_nothing_aside() -> None:
    assert objection("67") == ""
    assert TRAINING == "training"


def test_what_was_paid_for_is_not_set_aside_again_unless_it_was_given_back() -> None:
    assert objection("67", is_open=True, hours="20") == ""
    assert objection("67", is_open=False, hours="20") != ""
    assert objection("87", is_open=False, hours="20") == ""


def test_an_item_that_came_dearer_than_its_bound_takes_from_the_rest() -> None:
    assert objection("69", stored_custom_model="4") == ""
    assert objection("68.9", stored_custom_model="4") != ""
