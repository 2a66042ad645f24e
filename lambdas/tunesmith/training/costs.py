"""What did training cost, and what does the stored model? Read off the estimate, which holds the prices.

Bedrock tells nobody how many tokens it billed: the tokens are the estimate's, the epochs are the job's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from tunesmith.training.hyperparameters import spell_number


def storage_usd_per_month(estimate: Mapping[str, Any]) -> Decimal:
    """Find what storing the model costs a month."""
    return Decimal(next(item["price"] for item in estimate["items"] if item["unit"] == "month"))


def training_usd(estimate: Mapping[str, Any], *, planned_epochs: Decimal, epochs: Decimal) -> Decimal:
    """Price the epochs that a job ran, where the estimate priced those of all jobs that were expected."""
    return Decimal(_training(estimate)["usd"]) * epochs / planned_epochs


def hourly_usd(estimate: Mapping[str, Any], *, hours: float) -> Decimal:
    """Price the hours for which a job trained, where training is billed by them."""
    return Decimal(_training(estimate)["price"]) * Decimal(str(hours))


def spent_usd(jobs: Iterable[Mapping[str, Any]], judged: Iterable[Mapping[str, Any]]) -> Decimal:
    """Add up what a run's training cost so far: its jobs, and the answers by which models were judged."""
    return sum((Decimal(str(one["cost_usd"])) for one in (*jobs, *judged)), Decimal(0))


def hourly_overspend(estimate: Mapping[str, Any], *, hours: float, spent: Decimal, limit: Decimal) -> str:
    """Say why a job that is billed by the hour may not go on; empty where it may, or is billed otherwise."""
    if _training(estimate)["unit"] != "hour":
        return ""
    others = Decimal(estimate["high_usd"]) - Decimal(_training(estimate)["high_usd"])
    job = hourly_usd(estimate, hours=hours)
    if spent + job + others <= limit:
        return ""
    return (
        f"after {hours:.1f} hours it would cost ${job:,.2f}: with ${spent:,.2f} spent and ${others:,.2f} set "
        f"aside for the rest, that is above the ${limit:,.2f} of budget.limit_usd"
    )


def unaffordable(
    estimate: Mapping[str, Any], *, spent: Decimal, most_epochs: Decimal, epochs: Decimal, limit: Decimal
) -> str:
    """Say why jobs of so many epochs together may not begin; empty where the budget covers them.

    `most_epochs` are those that the estimate's high bound of training covers.

    Everything else that the estimate lists, evaluation's capacity included, is set aside at its high bound.
    """
    training = _training(estimate)
    others = Decimal(estimate["high_usd"]) - Decimal(training["high_usd"])
    next_jobs = Decimal(training["high_usd"]) * epochs / most_epochs
    total = spent + next_jobs + others
    if total <= limit:
        return ""
    return (
        f"{spell_number(epochs)} more epochs may cost ${next_jobs:,.4f}: with ${spent:,.4f} spent and "
        f"${others:,.4f} set aside for the rest, that is above the ${limit:,.2f} of budget.limit_usd"
    )


def _training(estimate: Mapping[str, Any]) -> Mapping[str, Any]:
    item: Mapping[str, Any] = next(one for one in estimate["items"] if one["what"].startswith("training"))
    return item
