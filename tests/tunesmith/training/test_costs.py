"""Training's cost: the estimate's price for the epochs that were run."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tunesmith.cost import estimate_run, load_prices
from tunesmith.training.costs import storage_usd_per_month, training_usd

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
    assert training_usd(ESTIMATE, planned_epochs=4, epochs=epochs) == Decimal(usd)


def test_storage_is_the_item_that_is_paid_by_the_month() -> None:
    assert storage_usd_per_month(ESTIMATE) == Decimal("1.95")
