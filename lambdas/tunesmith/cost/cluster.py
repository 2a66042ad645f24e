"""What does it cost to prepare data on a cluster: at most, before it starts, and in the end?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any, Final

from tunesmith.cost.items import EstimateItem, priced
from tunesmith.cost.prices import CLUSTER, Item, PriceTable
from tunesmith.job_sections import Budget
from tunesmith.settings import ClusterLimits

PREPARATION: Final = (
    "preparation, cluster's vCPUs",
    "preparation, cluster's memory",
    "preparation, cluster's disk",
)
"""What the cluster's items are called, in the estimate and in what was paid."""
_ANY: Final = "any"
_BILLED: Final = ("vcpuhour", "memorygbhour", "storagegbhour")
"""EMR's `ResourceUtilization` in small letters: Step Functions capitalizes `vCPUHour` in a way of its own."""


def cluster_at_most(limits: ClusterLimits, prices: PriceTable) -> tuple[EstimateItem, ...]:
    """Price a cluster that takes all that it may from its first minute to its last.

    Raises UnknownPriceError with every price that is missing.
    """
    hours = Decimal(limits.minutes) / 60
    most = [size * hours for size in (limits.vcpus, limits.memory_gb, limits.disk_gb)]
    return _items(most, prices, at_least=Decimal(0))


def cluster_billed(billed: Mapping[str, Any], prices: PriceTable) -> tuple[EstimateItem, ...] | None:
    """Price what EMR says it billed; None where it does not say so of everything."""
    told = {name.lower(): hours for name, hours in billed.items()}
    if any(not isinstance(told.get(name), int | float) for name in _BILLED):
        return None
    return _items([Decimal(str(told[name])) for name in _BILLED], prices, at_least=Decimal(1))


def cluster_objection(items: Sequence[EstimateItem], budget: Budget) -> str:
    """Say why a cluster may not be started for a run; empty where it may.

    A person is asked once the data is known, so a cluster that alone would have to be asked for is refused.
    """
    most = sum((item.high_usd for item in items), Decimal(0))
    for name, limit in (("limit_usd", budget.limit_usd), ("ask_above", budget.ask_above)):
        if limit is not None and most > limit:
            return (
                f"the data is so large that a cluster prepares it, which may cost up to ${most:,.2f}, more "
                f"than the ${limit:,.2f} of budget.{name}; raise that, or deploy with smaller cluster.vcpus "
                "or cluster.minutes"
            )
    return ""


def with_earlier(items: Sequence[EstimateItem], earlier: Sequence[EstimateItem]) -> tuple[EstimateItem, ...]:
    """Add to one job's items those of the jobs before it, which left nothing."""
    if not earlier:
        return tuple(items)
    amounts = ("quantity", "usd", "low_usd", "high_usd")
    return tuple(
        replace(one, **{name: getattr(one, name) + getattr(other, name) for name in amounts})
        for one, other in zip(items, earlier, strict=True)
    )


def cost_document(
    items: Sequence[EstimateItem],
    *,
    billed: bool,
    attempt: int = 1,
    earlier: Sequence[EstimateItem] = (),
) -> dict[str, Any]:
    """Spell what all jobs of a run cost as values that JSON can hold.

    `items` are those of the attempt's own job, `billed` whether EMR told them.
    """
    return {
        "billed": billed and not earlier,
        "attempt": attempt,
        "items": [asdict(item) for item in with_earlier(items, earlier)],
        "earlier": [asdict(item) for item in earlier],
    }


def read_cost(document: Mapping[str, Any] | None) -> tuple[EstimateItem, ...]:
    """Read the items of `cost_document`; none where no cluster was at work."""
    return _read(document["items"] if document else ())


def earlier_cost(document: Mapping[str, Any] | None, attempt: int) -> tuple[EstimateItem, ...]:
    """Read what jobs before an attempt's own cost, by the document that the run has so far."""
    if document is None:
        return ()
    return _read(document["earlier" if document["attempt"] == attempt else "items"])


def _read(items: Iterable[Mapping[str, Any]]) -> tuple[EstimateItem, ...]:
    amounts = ("quantity", "price", "usd", "low_usd", "high_usd")
    return tuple(
        EstimateItem(**{**item, **{name: Decimal(item[name]) for name in amounts}}) for item in items
    )


def _items(
    quantities: Sequence[Decimal], prices: PriceTable, *, at_least: Decimal
) -> tuple[EstimateItem, ...]:
    """Price hours of vCPUs, memory and disk; `at_least` is the share of them that is certain."""
    prices.require(_ANY, CLUSTER)
    return tuple(
        _item(what, item, quantity, prices, at_least)
        for what, item, quantity in zip(PREPARATION, CLUSTER, quantities, strict=True)
    )


def _item(what: str, item: Item, quantity: Decimal, prices: PriceTable, at_least: Decimal) -> EstimateItem:
    price = prices.price(_ANY, item)
    usd = price.cost(quantity)
    return priced(what, price, (quantity, price.per, price.usd), (at_least * usd, usd, usd))
