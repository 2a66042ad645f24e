"""Does a run that a cluster prepares end as the same run without it, by the deployed job and machine?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud import CloudUnderTest, deployed, triage_data
from tests.scenarios.plays import NOTHING, job, play
from tests.tunesmith.dataset.converse import lines
from tests.tunesmith.dataset.test_media import asked
from tests.tunesmith.spark.machines import MISSING
from tunesmith.aws.objects import cluster_cost_key, cluster_key
from tunesmith.cost.cluster import PREPARATION

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(bool(MISSING), reason=MISSING or "everything is there"),
]
CLUSTER = {"enabled": True, "above_mb": 0, "vcpus": 8, "minutes": 10, "idle_minutes": 5}
PROJECT = "on-a-cluster"


@pytest.fixture(scope="module")
def beside() -> Iterator[CloudUnderTest]:
    """Another local cloud, in which the cluster prepares each upload."""
    with deployed(scale=1800.0, cluster=CLUSTER) as found:
        yield found


def objects(cloud: CloudUnderTest, run: str) -> dict[str, bytes]:
    """What preparing wrote of a run and of its project; the bucket's name, which differs, is `artifacts`."""
    prefixes = (f"runs/{run}/data/", f"blind/{run}", f"projects/{PROJECT}/")
    bucket = cloud.deployment["artifacts_bucket"]
    s3 = cloud.client("s3")
    keys = [key for prefix in prefixes for key in cloud.artifact_keys(prefix)]
    read = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
    return {key: content.replace(bucket.encode(), b"artifacts") for key, content in read.items()}


def jobs(cloud: CloudUnderTest, run: str) -> list[str]:
    """How the cluster's executions for a run ended."""
    return [each["status"] for each in cloud.executions("cluster") if each["name"].startswith(run)]


def test_a_run_on_the_cluster_ends_as_the_same_run_without_it(
    cloud: CloudUnderTest, beside: CloudUnderTest
) -> None:
    train = triage_data(records=400)
    alone, there = (play(each, job(PROJECT), train) for each in (cloud, beside))
    assert (there.run.run, there.run.outcome) == (alone.run.run, alone.run.outcome), there.cause
    expected, found = objects(cloud, alone.run.run), objects(beside, there.run.run)
    told = {cluster_key(there.run.run), cluster_cost_key(there.run.run)}
    assert {key: content for key, content in found.items() if key not in told} == expected
    assert found.keys() - expected.keys() == told
    assert there.run.blind_sha256 == alone.run.blind_sha256 != ""

    costs = {item["what"]: item for item in beside.report(there.run.run)["cost"]["items"]}
    paid = [costs[name]["actual_usd"] for name in PREPARATION]
    assert paid == pytest.approx([costs[name]["estimated_usd"] for name in PREPARATION], abs=1e-6)
    assert 0 < sum(paid) < 0.05  # minutes of a driver, and not all that ten minutes might have cost
    assert jobs(beside, there.run.run) == ["SUCCEEDED"]


def test_a_job_that_fails_fails_the_run_with_the_place_of_its_log(beside: CloudUnderTest) -> None:
    seen = lines(*(asked(str(number), text=f"What is shown in {number}?") for number in range(400)))
    played = play(beside, job("seen-by-a-cluster", base_model="nova-lite"), seen)
    assert (played.status, played.run.outcome) == ("FAILED", "failed")
    assert played.run.reason.startswith("ClusterFailed: the cluster prepared nothing (States.TaskFailed: ")
    assert played.run.reason.endswith(f"tunesmith resume {played.run.run} starts it again")
    logs = beside.client("logs")
    said = logs.filter_log_events(logGroupName="/tunesmith/local/cluster")["events"]
    assert any("are prepared by the function, not on a cluster" in event["message"] for event in said)
    assert jobs(beside, played.run.run) == ["FAILED"]
    assert beside.billable("seen-by-a-cluster") == NOTHING
    (note,) = beside.report(played.run.run)["cost"]["notes"]
    assert "what EMR billed was not told" in note


def test_a_cluster_beyond_the_budget_is_never_started(beside: CloudUnderTest) -> None:
    played = play(beside, job("too-dear", budget={"limit_usd": 0.01}), triage_data(records=400))
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "over_budget")
    assert jobs(beside, played.run.run) == []
    assert beside.report(played.run.run)["cost"]["actual"] == 0
