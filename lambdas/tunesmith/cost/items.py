"""What is an estimate made of? Items with quantity, price and bounds, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any, Final

from tunesmith.cost.prices import Price

_CENT_HUNDREDTH: Final = Decimal("0.0001")


@dataclass(frozen=True, kw_only=True)
class EstimateItem:
    """One thing that is paid for; `price` is US dollars per 1,000 units for tokens, per unit else."""

    what: str
    quantity: Decimal
    unit: str
    price: Decimal
    usd: Decimal
    low_usd: Decimal
    high_usd: Decimal
    source: str


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a run is expected to cost, and between which bounds, in US dollars.

    `afterwards` stands apart from the totals: what a champion that is served by the hour then costs.
    """

    items: tuple[EstimateItem, ...]
    total_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal
    afterwards: tuple[EstimateItem, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Spell the estimate as values that JSON can hold; amounts stay Decimal."""
        return {
            **asdict(self),
            "items": [asdict(item) for item in self.items],
            "afterwards": [asdict(item) for item in self.afterwards],
        }

    def summary(self) -> str:
        """Say in a sentence what is expected."""
        run = f"about {_shown(self.total_usd)}, between {_shown(self.low_usd)} and {_shown(self.high_usd)}"
        then = [f"{item.what} costs {_shown(item.usd)}" for item in self.afterwards]
        return "; ".join([run, *then])

    def figures(self) -> dict[str, Decimal]:
        """Give the totals alone."""
        return {"total_usd": self.total_usd, "low_usd": self.low_usd, "high_usd": self.high_usd}


def budget_objection(estimate: Estimate, limit_usd: Decimal) -> str:
    """Say why a run is too expensive; empty where even the high bound stays within the limit."""
    if estimate.high_usd <= limit_usd:
        return ""
    dearest = max(estimate.items, key=lambda item: item.high_usd)
    return (
        f"the run may cost up to {_shown(estimate.high_usd)} (expected {_shown(estimate.total_usd)}), more "
        f"than the {_shown(limit_usd)} of budget.limit_usd; the largest item is {dearest.what}, with up to "
        f"{_shown(dearest.high_usd)}"
    )


def summed(
    items: Iterable[EstimateItem], afterwards: tuple[EstimateItem, ...], *, evaluates: bool
) -> Estimate:
    """Add items up; without a blind test nothing is evaluated, and nothing of that is paid."""
    paid = [
        item
        for item in items
        if evaluates or not item.what.startswith(("evaluation", "guardrails", "overlap"))
    ]
    return Estimate(
        items=tuple(paid),
        total_usd=_rounded(sum((item.usd for item in paid), Decimal(0)), ROUND_HALF_UP),
        low_usd=_rounded(sum((item.low_usd for item in paid), Decimal(0)), ROUND_HALF_UP),
        high_usd=_rounded(sum((item.high_usd for item in paid), Decimal(0)), ROUND_UP),
        afterwards=afterwards,
    )


def with_prepared(estimate: Estimate, items: Iterable[EstimateItem]) -> Estimate:
    """Put in front of an estimate what was paid to prepare the data."""
    return summed((*items, *estimate.items), estimate.afterwards, evaluates=True)


def trained(
    what: str, price: Price, tokens: int, epochs: tuple[Decimal, Decimal], off: tuple[Decimal, Decimal]
) -> EstimateItem:
    """Price the epochs expected and at most, with the tokens' own error around them."""
    expected, most = (price.cost(tokens * count) for count in (epochs[0], max(epochs)))
    quantity = (tokens * epochs[0], "tokens", price.cost(1000))
    return priced(what, price, quantity, (expected * off[0], expected, most * off[1]))


def timed(what: str, price: Price, periods: tuple[Decimal, Decimal, Decimal], units: int = 1) -> EstimateItem:
    """Price so many periods, at least, expected and at most, of each unit."""
    low, expected, high = (period * units for period in periods)
    return priced(
        what,
        price,
        (expected, price.per, price.usd),
        (price.cost(low), price.cost(expected), price.cost(high)),
    )


def priced(
    what: str, price: Price, quantity: tuple[Decimal, str, Decimal], usd: tuple[Decimal, Decimal, Decimal]
) -> EstimateItem:
    """Make an item of quantity, unit and price of the unit, and of the low, expected and high amount."""
    return EstimateItem(
        what=what,
        quantity=quantity[0],
        unit=quantity[1],
        price=quantity[2],
        usd=usd[1],
        low_usd=usd[0],
        high_usd=usd[2],
        source=f"{price.source}, {price.date}",
    )


def _shown(usd: Decimal) -> str:
    return f"${usd:,.2f}" if usd >= Decimal("0.01") or not usd else f"${usd:,.4f}"


def _rounded(usd: Decimal, rounding: str) -> Decimal:
    return usd.quantize(_CENT_HUNDREDTH, rounding=rounding)
