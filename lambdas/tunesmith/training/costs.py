"""What did training cost, and what does the stored model? Read off the estimate, which holds the prices.

Bedrock tells nobody how many tokens it billed: the tokens are the estimate's, the epochs are the job's.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def storage_usd_per_month(estimate: Mapping[str, Any]) -> Decimal:
    """Find what storing the model costs a month."""
    return Decimal(next(item["price"] for item in estimate["items"] if item["unit"] == "month"))


def training_usd(estimate: Mapping[str, Any], *, planned_epochs: str, epochs: str) -> Decimal:
    """Price the epochs that a job ran, where the estimate priced those that were planned."""
    item = next(item for item in estimate["items"] if item["what"].startswith("training"))
    return Decimal(item["usd"]) * Decimal(epochs) / Decimal(planned_epochs)
