"""`tunesmith prices refresh`: what differs is told and written, one's own prices stay."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tests.cli.fakes import tunesmith
from tests.tunesmith.cost.listed import product
from tunesmith.aws import clients
from tunesmith.aws.price_list import SERVICES
from tunesmith.cost import load_prices

CLIENT = boto3.client("pricing", region_name="us-east-1")
LITE = product("USE1-NovaLite-Customization-Training", "0.0020", feature="Model Customization")
SAME = product("USE1-NovaMicro-input-tokens", "0.035", "1M tokens")
ODD = product("USE1-NovaMicro-output-tokens", "0.14")


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Let the Price List hold products, all in the first of its services."""
    monkeypatch.setattr(clients, "price_list", cache(lambda: CLIENT))
    with Stubber(CLIENT) as stubber:

        def hold(*products: dict[str, Any]) -> None:
            spelled = [json.dumps(item) for item in products]
            for number, _ in enumerate(SERVICES):
                stubber.add_response("get_products", {"PriceList": [] if number else spelled})

        yield hold


def test_differences_are_told_and_written(listed: Callable[..., None], tmp_path: Path) -> None:
    listed(LITE, SAME)
    out = tmp_path / "prices.yaml"
    answer = tunesmith("prices", "refresh", "--out", out)
    assert answer.code == 0
    assert "nova-lite" in answer.stdout
    assert "not known" in answer.stdout
    assert "$0.002/1K tokens" in answer.stdout
    assert "1 of 2 listed prices are the ones that are known" in answer.stderr
    assert "still without a price, in the Price List too: nova-pro, training" in answer.stderr
    assert load_prices(out.read_bytes()).price("amazon.nova-lite-v1:0", "training").usd > 0  # type: ignore[arg-type]

    listed(LITE, SAME)
    again = tunesmith("prices", "refresh", "--out", out)
    assert "nothing to write" in again.stderr
    assert "2 of 2 listed prices" in again.stderr


def test_without_a_file_nothing_is_written(listed: Callable[..., None], tmp_path: Path) -> None:
    listed(LITE)
    answer = tunesmith("prices", "refresh", "--region", "us-east-1", "--json")
    assert answer.code == 0
    (change,) = answer.json["changes"]
    assert (change["before"], change["after"], change["kept"]) == (None, "0.002", False)
    assert "--out" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_price_of_ones_own_stays(listed: Callable[..., None], tmp_path: Path) -> None:
    out = tmp_path / "prices.yaml"
    own = (
        "prices:\n  - {model: amazon.nova-lite-v1:0, item: training, usd: '0.001', per: 1K tokens, "
        "source: our contract, date: 2026-11-01}\n"
    )
    out.write_text(own)
    listed(LITE)
    answer = tunesmith("prices", "refresh", "--out", out)
    assert "kept your own price: training of amazon.nova-lite-v1:0, $0.001/1K tokens (our contract)" in (
        answer.stderr
    )
    assert out.read_text() == own


def test_a_rate_that_is_not_certain_is_answered_with_no(listed: Callable[..., None], tmp_path: Path) -> None:
    listed(ODD, LITE)
    out = tmp_path / "prices.yaml"
    answer = tunesmith("prices", "refresh", "--out", out)
    assert answer.code == 1
    assert "not taken: USE1-NovaMicro-output-tokens: $0.14 per 1K tokens is 1000 times" in answer.stderr
    assert "nova-lite" in out.read_text()
    assert "nova-micro" not in out.read_text()


def test_a_region_without_any_of_the_models_could_not_be_done(listed: Callable[..., None]) -> None:
    listed(product("USE1-Qwen3-32B-input-tokens", "0.00015"))
    answer = tunesmith("prices", "refresh", "--region", "eu-north-1")
    assert answer.code == 2
    assert "names no model of the catalogue in eu-north-1" in answer.stderr
