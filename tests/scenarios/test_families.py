"""Does every model of the catalogue get from an upload to a verdict, by the path and format that it has?

Retired ones are refused first, and then tried in an account that still offers them. Every model is played by
`make soak`, some by `make test`.
"""

from __future__ import annotations

import json
from threading import Lock
from typing import Any

import pytest

from tests.cloud import ACCOUNT, CloudUnderTest, triage_data
from tests.scenarios.plays import (
    HOURLY,
    Played,
    check_nothing_billable_but_the_champion,
    job,
    play,
    scenario,
)
from tunesmith.catalogue import Model, find_model, load_catalogue
from tunesmith.cost import OVERRIDE_KEY, load_prices, override_line
from tunesmith.cost.estimates import needed_prices

HERE = {"status": "ACTIVE", "regions": ["us-east-1"], "endOfLifeTime": None}
IN_EVERY_RUN = {"nova-2-lite", "llama-3.1-8b", "claude-3-haiku"}
"""Each record format, both paths, and a retired one; others run Nova Micro."""

_offered: dict[str, Any] = {}
_lock = Lock()


def offer(cloud: CloudUnderTest, model: Model) -> None:
    """Let the account offer a model here, and give it the prices that the shipped table lacks."""
    with _lock:
        _offered[model.id] = HERE
        account = json.dumps({**ACCOUNT, "foundation_models": _offered})
        cloud.client("ssm").put_parameter(Name="/tunesmith-local/account", Value=account, Overwrite=True)
        shipped = load_prices()
        rows = [
            override_line(each.id, item)
            for each in load_catalogue()
            for by_hour in (False, *([True] if each.reinforcement else []))
            for item in shipped.missing(each.id, needed_prices(each.serving_paths[0], by_hour=by_hour))
        ]
        text = "\n".join(["prices:", *rows]).replace("<US dollars>", "0.002")
        cloud.put(OVERRIDE_KEY, text.replace("<yyyy-mm-dd>", "2026-11-24").encode())


def from_upload_to_verdict(cloud: CloudUnderTest, model: Model) -> tuple[Played | None, Played]:
    """Play a model as the account has it where that ends in a refusal, then where it offers the model."""
    given = job(
        f"family-{model.name.replace('.', '-')}",
        base_model=model.name,
        budget={"limit_usd": 1000},
        evaluation={"max_tokens": 16, "few_shot": False, "noise_records": 0},
        hyperparameters={},
    )
    data = triage_data(records=HOURLY)
    refused = play(cloud, given, data) if model.lifecycle.status != "active" else None
    offer(cloud, model)
    return refused, play(cloud, {**given, "seed": 2}, data)


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(model, marks=() if model.name in IN_EVERY_RUN else pytest.mark.soak, id=model.name)
        for model in load_catalogue()
    ],
)
@scenario(from_upload_to_verdict)
def test_a_model_gets_from_upload_to_verdict(
    cloud: CloudUnderTest, played: tuple[Played | None, Played], model: Model
) -> None:
    refused, tuned = played
    if refused is not None:
        assert (refused.status, refused.run.outcome) == ("SUCCEEDED", "refused")
        assert f"`base_model: {find_model(model.lifecycle.successor).name}`" in refused.run.reason
        assert str(model.lifecycle.end_of_life or "retired") in refused.run.reason
    assert (tuned.status, tuned.run.outcome) == ("SUCCEEDED", "promoted"), tuned.run.reason
    [made] = cloud.jobs(tuned.project)
    assert made == f"{tuned.project}-{tuned.run.run}-1"
    champion = cloud.ledger.champion(tuned.project)
    assert champion is not None
    assert champion.path == model.serving_paths[0]
    assert cloud.model_behind(champion.arn) == champion.model_arn
    check_nothing_billable_but_the_champion(cloud, tuned.project)
