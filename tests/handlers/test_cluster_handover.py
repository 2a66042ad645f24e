"""Data above the deployed cluster's size is handed over within the budget, and its bill becomes an item."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from estimate_cost.handler import lambda_handler as estimate_cost
from prepare_dataset.handler import lambda_handler as prepare_dataset
from tests.handlers.data_run import JOB, RUN, STEP, DataRun, records
from tunesmith.aws.objects import cluster_cost_key, cluster_key
from tunesmith.cost import OVERRIDE_KEY
from tunesmith.cost.cluster import PREPARATION
from tunesmith.errors import RecordMissingError
from tunesmith.ledger import Step
from tunesmith.settings import ClusterLimits

BODY = records(400)
LIMITS = ClusterLimits(above_bytes=len(BODY) - 1, vcpus=16, memory_gb=78, disk_gb=420, minutes=120)
AT_MOST = Decimal("2.678654")
"""Two hours of 16 vCPUs at 0.052624, of 78 GB at 0.0057785 and of 420 GB of disk at 0.000111."""
BILL = {"VCpuHour": 3.5, "MemoryGbHour": 17.25, "StorageGbHour": 0.0}
EMRS_BILL = {"vCPUHour": 3.5, "memoryGBHour": 17.25, "storageGBHour": 0.0}
BILLED = Decimal("0.283863125")


@pytest.fixture
def cluster(data_run: DataRun, monkeypatch: pytest.MonkeyPatch) -> DataRun:
    """An account with a cluster for uploads of BODY's size."""
    monkeypatch.setenv("TUNESMITH_CLUSTER", LIMITS.spelled())
    return data_run


def cost(run: DataRun) -> tuple[bool, Decimal]:
    """What is written down of the cluster's cost: whether it was billed, and how much it is."""
    found = run.artifacts.read_json(cluster_cost_key(RUN))
    return found["billed"], sum((Decimal(item["usd"]) for item in found["items"]), Decimal(0))


def test_data_above_the_size_is_handed_over_with_what_it_may_cost(cluster: DataRun) -> None:
    cluster.admitted(train=BODY)
    assert prepare_dataset(STEP, None) == {"outcome": "cluster", "reason": "", "minutes": 120}
    assert cost(cluster) == (False, AT_MOST)
    assert list(cluster.artifacts.keys(f"runs/{RUN}/data/")) == [cluster_cost_key(RUN)]
    assert cluster.step(Step.PREPARE).summary == "the data is prepared on the cluster"


def test_data_of_the_size_itself_is_prepared_by_the_function(
    cluster: DataRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    larger = ClusterLimits(above_bytes=len(BODY), vcpus=16, memory_gb=78, disk_gb=420, minutes=120)
    monkeypatch.setenv("TUNESMITH_CLUSTER", larger.spelled())
    cluster.admitted(train=BODY)
    assert prepare_dataset(STEP, None)["outcome"] == "valid"
    assert cluster.artifacts.head(cluster_cost_key(RUN)) is None


def test_a_log_whose_entries_are_selected_is_never_handed_over(cluster: DataRun) -> None:
    logs = "kind: distillation\ndistillation: {teacher: nova-pro, logs: {}}\n"
    cluster.admitted(JOB + logs, train=BODY)
    assert "are no entries of an invocation log" in prepare_dataset(STEP, None)["reason"]
    assert cluster.artifacts.head(cluster_cost_key(RUN)) is None


@pytest.mark.parametrize("limit", ["limit_usd", "ask_above"])
def test_a_cluster_that_may_cost_more_than_the_budget_is_not_started(cluster: DataRun, limit: str) -> None:
    cluster.admitted(JOB + f"budget: {{{limit}: 2.67}}\n", train=BODY)
    told = prepare_dataset(STEP, None)
    assert told["outcome"] == "over_budget"
    assert f"up to $2.68, more than the $2.67 of budget.{limit}" in told["reason"]
    assert cluster.artifacts.head(cluster_cost_key(RUN)) is None


def test_prices_that_cannot_be_read_start_no_cluster(cluster: DataRun) -> None:
    cluster.uploads.write(OVERRIDE_KEY, b"prices: none")
    cluster.admitted(train=BODY)
    told = prepare_dataset(STEP, None)
    assert told["outcome"] == "over_budget"
    assert told["reason"].startswith("settings/prices.yaml cannot be read")


def prepared_on_cluster(run: DataRun) -> None:
    """Leave what the cluster's job leaves, by way of the function."""
    run.admitted(train=BODY)
    assert prepare_dataset(STEP, None)["outcome"] == "cluster"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNESMITH_CLUSTER", "off")
        run.artifacts.write_json(cluster_key(RUN), prepare_dataset(STEP, None))


@pytest.mark.parametrize("bill", [BILL, EMRS_BILL])
def test_what_the_cluster_was_billed_is_an_item_of_the_estimate(
    cluster: DataRun, bill: dict[str, Any]
) -> None:
    prepared_on_cluster(cluster)
    assert prepare_dataset({**STEP, "cluster": bill}, None)["outcome"] == "valid"
    assert cost(cluster) == (True, BILLED)
    items = priced_items(cluster)
    quantities = [Decimal(items[name]["quantity"]) for name in PREPARATION]
    assert quantities == [Decimal("3.5"), Decimal("17.25"), 0]
    for bound in ("low_usd", "usd", "high_usd"):
        assert sum(Decimal(items[name][bound]) for name in PREPARATION) == BILLED


@pytest.mark.parametrize("bill", [{}, {**BILL, "MemoryGbHour": None}])
def test_a_bill_that_emr_does_not_tell_counts_with_the_most_that_it_may_be(
    cluster: DataRun, bill: dict[str, Any]
) -> None:
    prepared_on_cluster(cluster)
    prepare_dataset({**STEP, "cluster": bill}, None)
    assert cost(cluster) == (False, AT_MOST)
    items = priced_items(cluster)
    assert sum(Decimal(items[name]["low_usd"]) for name in PREPARATION) == 0
    assert sum(Decimal(items[name]["high_usd"]) for name in PREPARATION) == AT_MOST


def test_the_budget_counts_what_the_cluster_cost(cluster: DataRun) -> None:
    prepared_on_cluster(cluster)
    prepare_dataset({**STEP, "cluster": BILL}, None)
    with_it = highest(cluster)
    cluster.artifacts.delete(cluster_cost_key(RUN))
    assert abs(with_it - highest(cluster) - BILLED) < Decimal("0.0002")  # each is rounded up


def test_a_job_that_failed_before_still_counts_when_the_run_goes_on(cluster: DataRun) -> None:
    cluster.admitted(JOB + "budget: {limit_usd: 6}\n", train=BODY)
    for _ in range(2):  # the same attempt, whose answer was lost: one job
        assert prepare_dataset(STEP, None)["outcome"] == "cluster"
    assert cost(cluster) == (False, AT_MOST)
    go_on(cluster)
    assert prepare_dataset(STEP, None)["outcome"] == "cluster"
    assert cost(cluster) == (False, 2 * AT_MOST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNESMITH_CLUSTER", "off")
        cluster.artifacts.write_json(cluster_key(RUN), prepare_dataset(STEP, None))
    prepare_dataset({**STEP, "cluster": BILL}, None)
    assert cost(cluster) == (False, AT_MOST + BILLED)


def test_jobs_that_failed_leave_no_money_for_another(cluster: DataRun) -> None:
    cluster.admitted(JOB + "budget: {limit_usd: 5}\n", train=BODY)
    assert prepare_dataset(STEP, None)["outcome"] == "cluster"
    go_on(cluster)
    assert "up to $5.36, more than the $5.00" in prepare_dataset(STEP, None)["reason"]
    assert cost(cluster) == (False, AT_MOST)  # what the first may have cost stays


def test_a_cluster_that_left_nothing_is_not_taken_for_one_that_did(cluster: DataRun) -> None:
    cluster.admitted(train=BODY)
    with pytest.raises(RecordMissingError, match=r"left no runs/\w+/data/cluster\.json"):
        prepare_dataset({**STEP, "cluster": BILL}, None)


def go_on(run: DataRun) -> None:
    """Let the run's first execution fail, and open it for another."""
    run.ledger.close_run(RUN, outcome="failed", reason="ClusterFailed", now=STEP["now"])
    assert run.ledger.reopen_run(RUN).attempt == 2


def priced_items(run: DataRun) -> dict[str, Any]:
    """Estimate the run, and give the items by name."""
    assert estimate_cost(STEP, None)["outcome"] == "affordable"
    return {item["what"]: item for item in run.artifacts.read_json(f"runs/{RUN}/estimate.json")["items"]}


def highest(run: DataRun) -> Decimal:
    """Estimate the run, and give what the budget is held against."""
    estimate_cost(STEP, None)
    return Decimal(run.artifacts.read_json(f"runs/{RUN}/estimate.json")["high_usd"])
