"""Prices are data with source and date, can be overridden, and are never guessed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import yaml

from tunesmith.catalogue import load_catalogue
from tunesmith.cost import OVERRIDE_KEY, Item, PriceTable, load_prices, models_without_price, override_line
from tunesmith.cost.prices import CLUSTER
from tunesmith.errors import UnknownPriceError

MICRO, LITE = "amazon.nova-micro-v1:0", "amazon.nova-lite-v1:0"
LINE = "- {model: %s, item: %s, usd: %s, per: %s, source: here, date: 2026-11-01}"


def override(*lines: str) -> bytes:
    return ("prices:\n" + "\n".join(lines)).encode()


def test_a_price_has_source_date_and_unit() -> None:
    price = load_prices().price(MICRO, Item.INPUT)
    assert (price.usd, price.per) == (Decimal("0.000035"), "1K tokens")
    assert price.source
    assert price.date <= date(2026, 11, 23)
    assert price.cost(2_000_000) == Decimal("0.07")


def test_storage_costs_the_same_for_any_model_and_by_the_month() -> None:
    assert load_prices().price(LITE, Item.STORAGE).cost(2) == Decimal("3.90")


def test_the_set_of_active_models_without_a_known_price_is_known() -> None:
    hourly = (Item.TRAINING, Item.PROVISIONED_HOUR)
    assert models_without_price(load_catalogue(), load_prices()) == {
        "nova-lite": (Item.TRAINING,),
        "nova-pro": (Item.TRAINING,),
        "nova-2-lite": (Item.REINFORCEMENT_HOUR,),
        "llama-3.1-8b": (Item.PROVISIONED_HOUR,),
        "llama-3.1-70b": (Item.TRAINING,),
        "llama-3.2-1b": hourly,
        "llama-3.2-3b": hourly,
        "llama-3.2-11b": hourly,
        "llama-3.2-90b": hourly,
    }


def test_a_line_of_the_override_takes_a_model_out_of_that_set() -> None:
    known = load_prices(override(LINE % (LITE, "training", 1, "1K tokens")))
    assert "nova-lite" not in models_without_price(load_catalogue(), known)


def test_an_hour_of_a_model_unit_is_priced_by_the_hour() -> None:
    hour = load_prices().price("amazon.nova-2-lite-v1:0", Item.PROVISIONED_HOUR)
    assert (hour.usd, hour.per, hour.cost(24)) == (Decimal("60.50"), "hour", Decimal(1452))


def test_every_missing_price_is_answered_with_its_line_at_once() -> None:
    model = "meta.llama3-2-1b-instruct-v1:0"
    with pytest.raises(UnknownPriceError, match="price of training and provisioned_hour") as unknown:
        load_prices().require(model, (Item.TRAINING, Item.INPUT, Item.PROVISIONED_HOUR))
    lines = str(unknown.value).partition(":\n")[2]
    lines = lines.replace("<US dollars>", "2").replace("<yyyy-mm-dd>", "2026-11-01")
    table = load_prices(override(lines))
    assert table.missing(model, (Item.TRAINING, Item.PROVISIONED_HOUR)) == ()
    assert table.price(model, Item.PROVISIONED_HOUR).per == "hour"


def test_an_unknown_price_is_answered_with_the_line_that_settles_it() -> None:
    with pytest.raises(UnknownPriceError, match=r"price of training for amazon\.nova-lite-v1:0") as unknown:
        load_prices().price(LITE, Item.TRAINING)
    text = str(unknown.value)
    assert OVERRIDE_KEY in text
    line = text[text.index("- {") :].replace("<US dollars>", "0.5").replace("<yyyy-mm-dd>", "2026-11-01")
    assert yaml.safe_load(line)[0]["model"] == LITE
    assert load_prices(override(line)).price(LITE, Item.TRAINING).usd == Decimal("0.5")


def test_an_override_wins_in_either_unit() -> None:
    table = load_prices(
        override(LINE % (LITE, "training", '"2.5"', "1M tokens"), LINE % (MICRO, "input", 1, "1K tokens"))
    )
    assert table.price(LITE, Item.TRAINING).cost(1000) == Decimal("0.0025")
    assert table.price(MICRO, Item.INPUT).cost(1000) == 1
    assert load_prices().price(MICRO, Item.INPUT).usd == Decimal("0.000035")


def test_inference_of_a_custom_model_has_prices_of_its_own() -> None:
    model = "amazon.nova-2-lite-v1:0"
    base = load_prices().inference_cost(model, custom=False, input_tokens=1000, output_tokens=1000)
    custom = load_prices().inference_cost(model, custom=True, input_tokens=1000, output_tokens=1000)
    assert (base, custom) == (Decimal("0.00308"), Decimal("0.0028"))


def test_every_problem_of_an_override_is_told_at_once() -> None:
    lines = [
        LINE % (LITE, "trainings", 1, "1K tokens"),
        LINE % (LITE, "training", 1, "month"),
        LINE % (LITE, "storage", 1, "1K tokens"),
        LINE % (LITE, "provisioned_hour", 1, "month"),
        LINE % (LITE, "training", "cheap", "1K tokens"),
        LINE % (LITE, "training", -1, "1K tokens"),
        LINE % (LITE, "training", ".inf", "1K tokens"),
        LINE.replace("2026-11-01", "soon") % (LITE, "training", 1, "1K tokens"),
        "- 5",
        "- {model: x}",
        LINE % (LITE, "[training]", 1, "[1K tokens]"),
    ]
    with pytest.raises(UnknownPriceError, match="cannot be used") as refused:
        load_prices(override(*lines))
    for number in range(1, len(lines) + 1):
        assert f"price {number}: " in str(refused.value)


@pytest.mark.parametrize(
    "data", [b"", b"prices: 5", b"- 1", b"\xff", b"a: b: c", b"[" * 5000, b"prices: {a: 2001-99-99}"]
)
def test_an_override_that_is_no_list_of_prices_is_refused(data: bytes) -> None:
    with pytest.raises(UnknownPriceError, match="cannot be read"):
        load_prices(data)


def test_a_clusters_prices_are_looked_up_where_emr_has_them() -> None:
    with pytest.raises(UnknownPriceError) as raised:
        PriceTable(()).require("any", CLUSTER)
    told = str(raised.value)
    assert "https://aws.amazon.com/emr/pricing/" in told
    for item, per in zip(CLUSTER, ("vCPU-hour", "GB-hour", "GB-hour"), strict=True):
        line = override_line("any", item).replace("<US dollars>", "2").replace("<yyyy-mm-dd>", "2026-11-28")
        assert line.replace("2026-11-28", "<yyyy-mm-dd>").replace('"2"', '"<US dollars>"') in told
        assert f"per: {per}," in line
        assert load_prices(override(line)).price("any", item).cost(3) == 6
