"""Training's cost: the estimate's price for the epochs that were run."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tunesmith.cost import estimate_run, load_prices
from tunesmith.training.costs import (
    hourly_overspend,
    hourly_usd,
    storage_usd_per_month,
    training_usd,
)

ESTIMATE = estimate_run(
    load_prices(),
    "amazon.nova-micro-v1:0",
    training_tokens=10_000,
    epochs=4,
    test_records=1,
    test_prompt_tokens=1,
    test_answer_tokens=1,
    max_tokens=1,
).to_json()


@pytest.mark.parametrize(("epochs", "usd"), [("4", "0.04"), ("1", "0.01"), ("2", "0.02")])
def test_each_epoch_costs_its_share(epochs: str, usd: str) -> None:
    assert training_usd(ESTIMATE, planned_epochs=Decimal(4), epochs=Decimal(epochs)) == Decimal(usd)


def test_storage_is_the_item_that_is_paid_by_the_month() -> None:
    assert storage_usd_per_month(ESTIMATE) == Decimal("1.95")


HOURLY = {
    "high_usd": "110",
    "items": [{"what": "training by rewards", "unit": "hour", "price": "30", "usd": "75", "high_usd": "90"}],
}


def test_hours_that_were_trained_are_priced_by_the_hour() -> None:
    assert hourly_usd(HOURLY, hours=1.5) == Decimal(45)


@pytest.mark.parametrize(("hours", "stops"), [(2.0, False), (2.01, True)])
def test_a_job_may_run_until_its_hours_and_all_else_reach_the_limit(hours: float, stops: bool) -> None:
    told = hourly_overspend(HOURLY, hours=hours, spent=Decimal(20), limit=Decimal(100))
    assert bool(told) is stops
    assert not stops or "$20.00 set aside for the rest" in told


def test_what_is_billed_by_tokens_is_never_stopped_for_its_hours() -> None:
    assert hourly_overspend(ESTIMATE, hours=1e6, spent=Decimal(0), limit=Decimal(1)) == ""
