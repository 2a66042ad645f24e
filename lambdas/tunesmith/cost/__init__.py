"""What does a run cost? Prices as data, and the estimate that is held against the budget."""

from tunesmith.cost.estimates import estimate_job, estimate_run, models_without_price
from tunesmith.cost.items import Estimate, EstimateItem, budget_objection
from tunesmith.cost.prices import (
    OVERRIDE_KEY,
    Item,
    Price,
    PriceTable,
    load_prices,
    override_line,
    read_override,
)

__all__ = [
    "OVERRIDE_KEY",
    "Estimate",
    "EstimateItem",
    "Item",
    "Price",
    "PriceTable",
    "budget_objection",
    "estimate_job",
    "estimate_run",
    "load_prices",
    "models_without_price",
    "override_line",
    "read_override",
]
