"""What does the AWS Price List say of the catalogue's models, and where does the price table differ?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812 - as in prices.py
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tunesmith.catalogue import load_catalogue
from tunesmith.cost.prices import PERIODS, Item, Price, PriceTable, price_line

SOURCE: Final = "AWS Price List API"
"""How the source of each price begins that was read there."""

_NAMES: Final = Path(__file__).with_name("price_list.yaml")
_BILLED: Final = {
    "Customization-Training": Item.TRAINING,
    "Customization-Storage": Item.STORAGE,
    "RFT-Training-Hours": Item.REINFORCEMENT_HOUR,
    "input-tokens": Item.INPUT,
    "output-tokens": Item.OUTPUT,
    "input-tokens-standard": Item.INPUT,
    "output-tokens-standard": Item.OUTPUT,
    "input-tokens-custom-model": Item.CUSTOM_INPUT,
    "output-tokens-custom-model": Item.CUSTOM_OUTPUT,
    "ProvisionedThroughput-NoCommit-ModelUnits": Item.PROVISIONED_HOUR,
}
"""End of a usage type to what it bills; every other end (batch, flex, cached, one month) is another rate."""
_OF_CUSTOM_MODELS: Final = frozenset(Item) - {Item.INPUT, Item.OUTPUT}
_USAGE: Final = re.compile(rf"[A-Z][A-Z0-9]*-(.+)-({'|'.join(_BILLED)})")
_VERSION: Final = re.compile(r"-v\d+(:\d+)?$")
_TOKENS: Final = {"1k tokens": "1K tokens", "1m tokens": "1M tokens"}
_IMPLAUSIBLE: Final = 20
"""Times by which a price may differ from the one that was known; 1K taken for 1M tokens makes it 1,000."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What the Price List says of models that the catalogue knows."""

    prices: tuple[Price, ...]
    problems: tuple[str, ...]
    """Rates of these models that were not taken, each with the reason."""
    unknown: tuple[str, ...]
    """Names under which models can be customized that the catalogue does not know."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A price that the table lacks, or has another amount for."""

    before: Price | None
    after: Price


def read_listing(products: Iterable[Mapping[str, Any]], known: PriceTable, day: Date) -> Listing:
    """Read products of the Price List's `GetProducts`; a rate that is not certain is a problem, not a price.

    One rate often stands there twice, under an older and a newer name; two that differ are both left out.
    """
    found: dict[tuple[str, Item], list[Price]] = {}
    problems: list[str] = []
    unknown: set[str] = set()
    for product in products:
        attributes = product["product"]["attributes"]
        usage_type = attributes.get("usagetype", "")
        match = _USAGE.fullmatch(usage_type)
        # A batch rate may carry the usage type of the ordinary one.
        if match is None or "batch" in attributes.get("feature", "").lower():
            continue
        name, item = match[1].removesuffix("-mantle"), _BILLED[match[2]]
        model = _models().get(name.lower())
        if model is None:
            if item in _OF_CUSTOM_MODELS:
                unknown.add(name)
            continue
        try:
            price = _price(product, usage_type, model, item, day)
            _check_plausible(price, known)
        except ValueError as error:
            problems.append(f"{usage_type}: {error}")
            continue
        found.setdefault((model, item), []).append(price)
    prices = []
    for (model, item), rates in found.items():
        if len({_comparable(rate) for rate in rates}) == 1:
            prices.append(rates[0])
        else:
            told = " and ".join(f"${rate.usd} per {rate.per}" for rate in rates)
            problems.append(f"{item} of {model} is listed with different prices, {told}")
    return Listing(
        prices=tuple(sorted(prices, key=lambda price: (price.model, price.item))),
        problems=tuple(problems),
        unknown=tuple(sorted(unknown)),
    )


def changes(listing: Listing, table: PriceTable) -> tuple[Change, ...]:
    """List where the Price List says something that a table does not."""
    compared = ((table.find(price.model, price.item), price) for price in listing.prices)
    return tuple(
        Change(before=before, after=after)
        for before, after in compared
        if before is None or _comparable(before) != _comparable(after)
    )


def override_file(own: Sequence[Price], found: Iterable[Change]) -> tuple[str, tuple[Price, ...]]:
    """Write an override file of the lines that one holds and of changes; also return the lines that won.

    A line of one's own that comes from elsewhere, such as a contract, is never replaced.
    """
    lines = {(price.model, price.item): price for price in own}
    kept = []
    for change in found:
        key = change.after.model, change.after.item
        if key in lines and not lines[key].source.startswith(SOURCE):
            kept.append(lines[key])
        else:
            lines[key] = change.after
    spelled = "".join(f"  {price_line(price)}\n" for price in lines.values())
    return (
        f"# Prices that win over Tunesmith's own table; see docs/guides/costs.md.\nprices:\n{spelled}",
        tuple(kept),
    )


@cache
def _models() -> Mapping[str, str]:
    """Map the Price List's names, in small letters, to inference ids."""
    newer = {_VERSION.sub("", model.id).lower(): model.id for model in load_catalogue()}
    older = yaml.safe_load(_NAMES.read_text("utf-8"))["names"]
    return newer | {line["name"].lower(): line["model"] for line in older}


def _price(product: Mapping[str, Any], usage_type: str, model: str, item: Item, day: Date) -> Price:
    rates = {
        (dimension["unit"], Decimal(dimension["pricePerUnit"].get("USD", "NaN")))
        for term in product["terms"].get("OnDemand", {}).values()
        for dimension in term["priceDimensions"].values()
    }
    if len(rates) != 1:
        raise ValueError(f"has {len(rates)} rates where one was looked for")
    unit, usd = rates.pop()
    if not (usd.is_finite() and usd > 0):
        raise ValueError(f"its price is {usd} US dollars")
    return Price(
        model=model,
        item=item,
        usd=usd.normalize(),
        per=_per(unit, item),
        source=f"{SOURCE}, {usage_type}",
        date=day,
    )


def _per(unit: str, item: Item) -> str:
    period = PERIODS.get(item)
    if period is None and unit.lower() in _TOKENS:
        return _TOKENS[unit.lower()]
    if period is not None and period in unit.lower():
        return period
    raise ValueError(f"its unit is {unit!r}, from which no price of {item} can be read")


def _check_plausible(price: Price, known: PriceTable) -> None:
    before = known.find(price.model, price.item)
    if before is None or not _comparable(before):
        return
    ratio = _comparable(price) / _comparable(before)
    if not 1 / Decimal(_IMPLAUSIBLE) < ratio < _IMPLAUSIBLE:
        times = f"{ratio:.3f}".rstrip("0").rstrip(".")
        raise ValueError(
            f"${price.usd} per {price.per} is {times} times the ${before.usd} per "
            f"{before.per} that is known ({before.source}); look at both, and write the right one by hand"
        )


def _comparable(price: Price) -> Decimal:
    return price.cost(1000).normalize()
