"""report.json: everything that was recorded, numbers as numbers, nothing invented."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.tunesmith.reporting import sample
from tunesmith.cost import load_prices
from tunesmith.cost.cluster import PREPARATION, cluster_at_most, cost_document
from tunesmith.ledger import CapacityState
from tunesmith.reporting.document import RunRecords, build_document
from tunesmith.reporting.page import render_page
from tunesmith.reporting.words import message
from tunesmith.settings import ClusterLimits


def document(records: RunRecords, environment: str = "prod", now: str = sample.NOW) -> dict[str, Any]:
    """The document as it is read back from S3."""
    built = build_document(
        records, environment=environment, parameter="/tunesmith/prod/support-triage/champion", now=now
    )
    read: dict[str, Any] = json.loads(json.dumps(built))
    return read


def test_the_document_has_the_designs_shape() -> None:
    found = document(sample.promoted())

    assert {
        "schema", "run", "project", "outcome", "reason", "clock", "steps", "data",
        "cost", "training", "evaluation", "capacity", "champion",
    } <= set(found)  # fmt: skip
    assert {"estimated", "actual", "items"} <= set(found["cost"])
    assert {"metric", "n", "models", "gain"} <= set(found["evaluation"])
    assert set(found["evaluation"]["gain"]) == {"value", "low", "high", "minimum", "level"}


def test_steps_last_until_the_next_begins() -> None:
    steps = {step["name"]: step["seconds"] for step in document(sample.promoted())["steps"]}

    assert steps["admit"] == 3
    assert steps["train"] == 2 * 3600 + 45 * 60 + 21
    assert steps["report"] == 2


def test_costs_stand_beside_their_estimates() -> None:
    cost = document(sample.promoted())["cost"]

    items = {item["what"]: (item["estimated_usd"], item["actual_usd"]) for item in cost["items"]}
    assert items["training, 3 x 186,411 tokens"] == (0.559233, 0.559233)
    estimated, actual = items["stored custom model"]
    assert estimated == 1.95
    assert actual == pytest.approx(1.95 * 34 / 60 / 730, rel=0.01)
    assert cost["actual"] == pytest.approx(sum(actual for _, actual in items.values()), abs=1e-5)
    assert cost["actual_is_complete"] is True


CLUSTER = ClusterLimits(above_bytes=1, vcpus=16, memory_gb=78, disk_gb=420, minutes=60)


@pytest.mark.parametrize("billed", [True, False])
def test_a_cluster_is_told_of_although_the_run_ended_before_its_estimate(billed: bool) -> None:
    items = cluster_at_most(CLUSTER, load_prices())
    written = json.loads(json.dumps(cost_document(items, billed=billed), default=str))
    records = replace(sample.invalid(), prepared=written)
    found = document(records)
    cost = found["cost"]

    assert (cost["estimated"], cost["actual"]) == (None, 1.339327)
    assert [item["what"] for item in cost["items"]] == [*PREPARATION]
    assert cost["items"][-1]["running_usd"] == 1.339327
    assert any("what EMR billed was not told" in note for note in cost["notes"]) != billed
    assert "Cost: $1.34, for preparing the data on the cluster." in message(found, "s3://page")
    page = render_page(found)
    assert "The run ended before it was estimated; the limit was" in page
    assert PREPARATION[0].replace("'", "&#x27;") in page or PREPARATION[0] in page


def test_what_the_cluster_cost_is_paid_like_any_item_of_the_estimate() -> None:
    records = sample.promoted()
    items = cost_document(cluster_at_most(CLUSTER, load_prices()), billed=True)["items"]
    written = json.loads(json.dumps(items, default=str))
    estimate = records.estimate or {}
    cost = document(replace(records, estimate={**estimate, "items": [*written, *estimate["items"]]}))["cost"]
    without = document(records)["cost"]

    assert cost["actual"] - without["actual"] == pytest.approx(1.339327)
    paid = {item["what"]: (item["estimated_usd"], item["actual_usd"]) for item in cost["items"]}
    assert all(paid[name][0] == pytest.approx(paid[name][1]) and paid[name][1] for name in PREPARATION)


def test_hours_that_are_billed_are_said_to_be() -> None:
    records = sample.promoted()
    estimate = records.estimate or {}
    training, *others = estimate["items"]
    hourly = {**training, "what": "training by rewards", "unit": "hour"}
    found = document(replace(records, estimate={**estimate, "items": [hourly, *others]}))["cost"]

    assert found["items"][0]["actual_usd"] == 0.559233
    assert found["notes"][0] == "Training is priced by the hours between the times that Bedrock tells of it."


def test_the_running_total_grows_item_by_item_to_what_was_paid() -> None:
    cost = document(sample.promoted())["cost"]

    running = [item["running_usd"] for item in cost["items"]]
    assert running[0] == 0.559233
    assert running == sorted(running)
    assert running[-1] == pytest.approx(cost["actual"], abs=1e-5)


def test_a_run_that_ended_early_has_no_figures_for_what_it_never_did() -> None:
    found = document(sample.invalid())

    assert (found["evaluation"], found["champion"], found["training"]["jobs"]) == (None, None, [])
    assert (found["cost"]["estimated"], found["cost"]["actual"], found["cost"]["items"]) == (None, 0.0, [])


def test_long_curves_are_thinned() -> None:
    records = sample.promoted()
    job = dict(records.training.told[1])
    job["curves"] = {"training": [[step, 0, 1.0] for step in range(90_000)], "validation": []}

    found = document(sample.with_job(records, job))

    (told,) = found["training"]["jobs"]
    assert len(told["curves"]["training"]) == 300
    assert told["curves"]["training"][-1][0] == 89_999


def test_what_is_given_back_has_no_expiry_and_what_serves_has_none() -> None:
    capacity = document(sample.inconclusive())["capacity"]

    assert [(item["what"], item["state"], item["expires"]) for item in capacity] == [
        ("deployment", "released", ""),
        ("job", "released", ""),
        ("model", "open", "2026-11-30T10:03:00Z"),
    ]
    assert {item["expires"] for item in document(sample.promoted())["capacity"]} == {""}


def test_an_open_verdict_says_how_long_the_model_stays() -> None:
    assert "is kept until 2026-11-30 10:03 UTC" in document(sample.inconclusive())["next_step"]


def test_a_model_that_is_gone_is_not_promised() -> None:
    records = sample.inconclusive()
    gone = [replace(item, state=CapacityState.RELEASED) for item in records.capacity]

    assert "is kept" not in document(replace(records, capacity=gone))["next_step"]


@pytest.mark.parametrize(
    "outcome", ["promoted", "rejected", "inconclusive", "invalid", "refused", "over_budget", "failed"]
)
def test_every_outcome_says_what_to_do_next(outcome: str) -> None:
    records = sample.promoted()

    assert document(replace(records, run=replace(records.run, outcome=outcome)))["next_step"]
