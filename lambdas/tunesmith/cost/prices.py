"""What does Bedrock charge? `prices.yaml` and a user's override of it, as a table that never guesses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812 - the field is called `date`
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tunesmith.errors import UnknownPriceError
from tunesmith.yaml_text import read_yaml

OVERRIDE_KEY: Final = "settings/prices.yaml"
"""Key in the dataset bucket under which a user's own prices may lie."""

_FILE: Final = Path(__file__).with_name("prices.yaml")
_ANY: Final = "any"
_TOKENS: Final = {"1K tokens": Decimal(1_000), "1M tokens": Decimal(1_000_000)}
_KEYS: Final = ("model", "item", "usd", "per", "source", "date")


class Item(StrEnum):
    """What has a price of its own; inference of a custom model may cost other than the base model's."""

    TRAINING = "training"
    REINFORCEMENT_HOUR = "reinforcement_hour"
    """Training by rewards."""
    STORAGE = "storage"
    INPUT = "input"
    OUTPUT = "output"
    CUSTOM_INPUT = "custom_input"
    CUSTOM_OUTPUT = "custom_output"
    PROVISIONED_HOUR = "provisioned_hour"
    """One model unit without commitment."""
    CLUSTER_VCPU_HOUR = "cluster_vcpu_hour"
    CLUSTER_MEMORY_HOUR = "cluster_memory_hour"
    CLUSTER_DISK_HOUR = "cluster_disk_hour"
    """Beyond the disk that each worker of EMR Serverless has for nothing."""


CLUSTER: Final = (Item.CLUSTER_VCPU_HOUR, Item.CLUSTER_MEMORY_HOUR, Item.CLUSTER_DISK_HOUR)
"""What a cluster is billed for, whichever model is trained."""
PERIODS: Final = {
    Item.STORAGE: "month",
    Item.PROVISIONED_HOUR: "hour",
    Item.REINFORCEMENT_HOUR: "hour",
    Item.CLUSTER_VCPU_HOUR: "vCPU-hour",
    Item.CLUSTER_MEMORY_HOUR: "GB-hour",
    Item.CLUSTER_DISK_HOUR: "GB-hour",
}
"""What is billed by time; everything else is billed by the token."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """One line of the table; `usd` is for the unit `per`: 1K tokens, 1M tokens, or a period of `PERIODS`."""

    model: str
    item: Item
    usd: Decimal
    per: str
    source: str
    date: Date

    def cost(self, quantity: int | Decimal) -> Decimal:
        """Price a number of tokens, or of the periods that an item is billed by, in US dollars."""
        return self.usd * quantity / _TOKENS.get(self.per, Decimal(1))


class PriceTable:
    """Prices by model and item, the last line winning."""

    def __init__(self, prices: Iterable[Price]) -> None:
        self._prices = {(price.model, price.item): price for price in prices}

    def price(self, model: str, item: Item) -> Price:
        """Find the price of an item for a base model's inference id.

        Raises UnknownPriceError with the line that settles it.
        """
        found = self.find(model, item)
        if found is None:
            raise _unknown(model, (item,))
        return found

    def find(self, model: str, item: Item) -> Price | None:
        """Find a price, or nothing where it is not known."""
        return self._prices.get((model, item)) or self._prices.get((_ANY, item))

    def missing(self, model: str, items: Iterable[Item]) -> tuple[Item, ...]:
        """List those of the items whose price for a base model is not known."""
        return tuple(item for item in items if self.find(model, item) is None)

    def require(self, model: str, items: Iterable[Item]) -> None:
        """Raise UnknownPriceError with every line that is missing, where one is."""
        missing = self.missing(model, items)
        if missing:
            raise _unknown(model, missing)

    def inference_cost(self, model: str, *, custom: bool, input_tokens: int, output_tokens: int) -> Decimal:
        """Price on-demand calls of a base model, or of a custom model made from it, in US dollars."""
        asked, answered = (Item.CUSTOM_INPUT, Item.CUSTOM_OUTPUT) if custom else (Item.INPUT, Item.OUTPUT)
        return self.price(model, asked).cost(input_tokens) + self.price(model, answered).cost(output_tokens)


def override_line(model: str, item: Item) -> str:
    """Spell the line of an override file that would settle a price."""
    return (
        f'- {{model: {model}, item: {item}, usd: "<US dollars>", per: {PERIODS.get(item, "1K tokens")}, '
        f'source: "<where>", date: <yyyy-mm-dd>}}'
    )


def price_line(price: Price) -> str:
    """Spell a price as a line of an override file."""
    fields = {"model": price.model, "item": str(price.item), "usd": format(price.usd, "f"), "per": price.per}
    line = yaml.safe_dump(
        {**fields, "source": price.source, "date": price.date},
        default_flow_style=True,
        sort_keys=False,
        width=math.inf,
    )
    return f"- {line.strip()}"


def load_prices(override: bytes | None = None) -> PriceTable:
    """Read the price table, with a user's override file in front where there is one.

    Raises UnknownPriceError with every problem of the override: a price that cannot be read is not known.
    """
    prices = _shipped()
    if override is not None:
        prices = (*prices, *read_override(override))
    return PriceTable(prices)


def read_override(data: bytes) -> list[Price]:
    """Read the lines of an override file alone.

    Raises UnknownPriceError with every problem.
    """
    try:
        content = read_yaml(data.decode("utf-8-sig"))
        lines = content["prices"]
        if not isinstance(lines, list):
            raise TypeError
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError, TypeError, KeyError) as error:
        raise UnknownPriceError(
            f"{OVERRIDE_KEY} cannot be read: it must be YAML with a list below `prices:`"
        ) from error
    prices, problems = [], []
    for number, line in enumerate(lines, start=1):
        try:
            prices.append(_price(line))
        except ValueError as error:
            problems.append(f"price {number}: {error}")
    if problems:
        raise UnknownPriceError(f"{OVERRIDE_KEY} cannot be used: " + "; ".join(problems))
    return prices


@cache
def _shipped() -> tuple[Price, ...]:
    return tuple(_price(line) for line in yaml.safe_load(_FILE.read_text("utf-8"))["prices"])


def _unknown(model: str, missing: tuple[Item, ...]) -> UnknownPriceError:
    names = " and ".join(missing)
    lines = "\n".join(override_line(model, item) for item in missing)
    it, this = ("it", "this line") if len(missing) == 1 else ("them", "these lines")
    page = "emr" if set(missing) <= set(CLUSTER) else "bedrock"
    return UnknownPriceError(
        f"the price of {names} for {model} is not known; look {it} up at "
        f"https://aws.amazon.com/{page}/pricing/ and add {this} below `prices:` in "
        f"{OVERRIDE_KEY} of the dataset bucket:\n{lines}"
    )


def _price(line: Any) -> Price:
    if not isinstance(line, Mapping) or set(line) != set(_KEYS):
        raise ValueError(f"must have the keys {', '.join(_KEYS)} and no other")
    if line["item"] not in list(Item):
        raise ValueError(f"item is {line['item']!r}; allowed are {', '.join(Item)}")
    period = PERIODS.get(Item(line["item"]))
    units = (period,) if period else tuple(_TOKENS)
    if line["per"] not in units:
        raise ValueError(f"per is {line['per']!r}; allowed for {line['item']} is {' or '.join(units)}")
    if not isinstance(line["date"], Date):
        raise ValueError(f"date is {line['date']!r}; allowed is a day as yyyy-mm-dd")
    try:
        usd = Decimal(str(line["usd"]))
    except InvalidOperation:
        usd = Decimal("NaN")
    if not (usd.is_finite() and usd >= 0):
        raise ValueError(f"usd is {line['usd']!r}; allowed is a number of US dollars, 0 or more")
    return Price(
        model=str(line["model"]),
        item=Item(line["item"]),
        usd=usd,
        per=line["per"],
        source=str(line["source"]),
        date=line["date"],
    )
