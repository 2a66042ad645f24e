"""A listed rate becomes a price only where model, item and unit are certain."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.tunesmith.cost.listed import product
from tunesmith.catalogue import find_model
from tunesmith.cost import Item, load_prices, read_override
from tunesmith.cost.price_list import Listing, _models, changes, override_file, read_listing

MICRO, LITE, PRO = "amazon.nova-micro-v1:0", "amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0"
NOVA_2 = "amazon.nova-2-lite-v1:0"
DAY = date(2026, 11, 28)
CUSTOM = "Model Customization"
K, M = "1K tokens", "1M tokens"
OWN = "- {model: %s, item: training, usd: '0.002', per: 1K tokens, source: %s, date: 2026-11-01}"


def read(*products: dict[str, Any]) -> Listing:
    return read_listing(products, load_prices(), DAY)


@pytest.mark.parametrize(
    ("usage_type", "usd", "unit", "model", "item", "per"),
    [
        ("USE1-NovaLite-Customization-Training", "0.002", "1K tokens", LITE, Item.TRAINING, K),
        ("USE1-Nova2.0Lite-Customization-Storage", "1.95", "Model/month", NOVA_2, Item.STORAGE, "month"),
        ("USE1-NovaPro-input-tokens", "0.80", "1M tokens", PRO, Item.INPUT, M),
        ("EUC1-NovaMicro-output-tokens", "0.00014", "1K tokens", MICRO, Item.OUTPUT, K),
        ("USE1-NovaLite-input-tokens-custom-model", "0.00006", "1K tokens", LITE, Item.CUSTOM_INPUT, K),
        ("USE1-amazon.nova-pro-mantle-output-tokens-standard", "3.2", "1M Tokens", PRO, Item.OUTPUT, M),
        (
            "USE1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits",
            "60.5",
            "hour",
            NOVA_2,
            Item.PROVISIONED_HOUR,
            "hour",
        ),
        ("USE1-Nova2.0Lite-RFT-Training-Hours", "30", "Hours", NOVA_2, Item.REINFORCEMENT_HOUR, "hour"),
    ],
)  # fmt: skip
def test_a_usage_type_tells_model_item_and_unit(
    usage_type: str, usd: str, unit: str, model: str, item: Item, per: str
) -> None:
    listing = read(product(usage_type, usd, unit))
    (price,) = listing.prices
    assert (price.model, price.item, price.usd, price.per) == (model, item, Decimal(usd), per)
    assert (price.source, price.date) == (f"AWS Price List API, {usage_type}", DAY)
    assert listing.problems == listing.unknown == ()


@pytest.mark.parametrize(
    "end",
    [
        "input-tokens-batch",
        "input-tokens-flex",
        "input-tokens-priority",
        "input-tokens-cross-region-global",
        "cache-read-input-token-count",
        "ProvisionedThroughput-1month-ModelUnits",
    ],
)
def test_another_rate_of_a_model_is_left_alone(end: str) -> None:
    assert read(product(f"USE1-NovaMicro-{end}", "0.1")) == Listing(prices=(), problems=(), unknown=())


def test_a_batch_rate_that_only_its_feature_tells_is_not_taken_for_the_ordinary_one() -> None:
    batch = product("USE1-NovaMicro-input-tokens", "0.0000175", feature="Batch Inference")
    assert read(batch).prices == ()
    assert [
        price.usd for price in read(batch, product("USE1-NovaMicro-input-tokens", "0.000035")).prices
    ] == [Decimal("0.000035")]


def test_a_rate_listed_twice_in_two_units_is_one_price() -> None:
    listing = read(
        product("USE1-NovaMicro-input-tokens", "0.0000350000"),
        product("USE1-amazon.nova-micro-mantle-input-tokens-standard", "0.035", "1M tokens"),
    )
    assert [price.cost(1_000_000) for price in listing.prices] == [Decimal("0.035")]
    assert listing.problems == ()


def test_two_rates_that_differ_are_both_left_out() -> None:
    listing = read(
        product("USE1-NovaMicro-input-tokens", "0.000035"),
        product("USE1-amazon.nova-micro-mantle-input-tokens-standard", "0.04", "1M tokens"),
    )
    assert listing.prices == ()
    (problem,) = listing.problems
    assert "input of amazon.nova-micro-v1:0 is listed with different prices" in problem


def test_a_unit_that_must_be_wrong_is_not_taken() -> None:
    (problem,) = read(product("USE1-NovaMicro-input-tokens", "0.035")).problems
    assert "is 1000 times the $0.000035 per 1K tokens that is known" in problem
    (problem,) = read(product("USE1-NovaMicro-input-tokens", "0.000035", "1M tokens")).problems
    assert "is 0.001 times" in problem


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        (product("USE1-NovaMicro-Customization-Training", "0.001", "Units"), "its unit is 'Units'"),
        (product("USE1-NovaMicro-Customization-Storage", "1.95", "1K tokens"), "no price of storage"),
        (product("USE1-NovaMicro-Customization-Training", "0.001", more="0.0009"), "has 2 rates"),
        (product("USE1-NovaMicro-Customization-Training", "0.0000000000"), "its price is 0E-10"),
    ],
)
def test_a_rate_that_cannot_be_read_is_a_problem_with_its_reason(listed: dict[str, Any], why: str) -> None:
    listing = read(listed)
    assert listing.prices == ()
    (problem,) = listing.problems
    assert problem.startswith("USE1-NovaMicro-Customization-")
    assert why in problem


def test_a_model_that_the_catalogue_does_not_know_is_never_taken_for_another() -> None:
    listing = read(
        product("USE1-NovaCanvas-Customization-Training", "0.005", feature=CUSTOM),
        product("USE1-Qwen3-32B-input-tokens", "0.00015"),
    )
    assert listing == Listing(prices=(), problems=(), unknown=("NovaCanvas",))


def test_every_name_means_a_model_of_the_catalogue() -> None:
    assert [find_model(model).id for model in _models().values()] == [*_models().values()]


def test_changes_are_what_the_table_lacks_or_has_otherwise() -> None:
    listing = read(
        product("USE1-NovaMicro-input-tokens", "0.035", "1M tokens"),
        product("USE1-NovaMicro-Customization-Training", "0.0012", feature=CUSTOM),
        product("USE1-NovaLite-Customization-Training", "0.002", feature=CUSTOM),
    )
    found = changes(listing, load_prices())
    assert [
        (change.after.model, change.before and change.before.usd, change.after.usd) for change in found
    ] == [(LITE, None, Decimal("0.002")), (MICRO, Decimal("0.001"), Decimal("0.0012"))]


def test_the_override_file_is_read_back_and_settles_the_changes() -> None:
    listing = read(product("USE1-NovaLite-Customization-Training", "0.002", feature=CUSTOM))
    text, kept = override_file([], changes(listing, load_prices()))
    assert kept == ()
    assert changes(listing, load_prices(text.encode())) == ()
    assert read_override(text.encode()) == [*listing.prices]


def test_a_price_of_ones_own_is_kept_and_an_earlier_listed_one_is_replaced() -> None:
    own = read_override(
        "\n".join(
            ["prices:", OWN % (LITE, "our contract"), OWN % (PRO, '"AWS Price List API, USE1-NovaPro"')]
        ).encode()
    )
    listing = read(
        product("USE1-NovaLite-Customization-Training", "0.0021", feature=CUSTOM),
        product("USE1-NovaPro-Customization-Training", "0.008", feature=CUSTOM),
    )
    text, kept = override_file(own, changes(listing, load_prices()))
    assert [price.source for price in kept] == ["our contract"]
    assert {price.model: price.usd for price in read_override(text.encode())} == {
        LITE: Decimal("0.002"),
        PRO: Decimal("0.008"),
    }
