"""Does a run that a cluster prepares end as the same run without it, by the deployed job and machine?"""

from __future__ import annotations

import pytest

from tests.cloud import CloudUnderTest, deployed, triage_data
from tests.scenarios.plays import job, play
from tests.tunesmith.spark.machines import MISSING
from tunesmith.aws.objects import cluster_cost_key, cluster_key
from tunesmith.cost.cluster import PREPARATION

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(bool(MISSING), reason=MISSING or "everything is there"),
]
CLUSTER = {"enabled": True, "above_mb": 0, "vcpus": 8, "minutes": 10, "idle_minutes": 5}
PROJECT = "on-a-cluster"


def objects(cloud: CloudUnderTest, run: str) -> dict[str, bytes]:
    """What preparing wrote of a run and of its project; the bucket's name, which differs, is `artifacts`."""
    prefixes = (f"runs/{run}/data/", f"blind/{run}", f"projects/{PROJECT}/")
    bucket = cloud.deployment["artifacts_bucket"]
    return {
        key: cloud.client("s3")
        .get_object(Bucket=bucket, Key=key)["Body"]
        .read()
        .replace(bucket.encode(), b"artifacts")
        for prefix in prefixes
        for key in cloud.artifact_keys(prefix)
    }


def test_a_run_on_the_cluster_ends_as_the_same_run_without_it(cloud: CloudUnderTest) -> None:
    train = triage_data(records=400)
    alone = play(cloud, job(PROJECT), train)
    with deployed(scale=1800.0, cluster=CLUSTER) as beside:
        there = play(beside, job(PROJECT), train)
        assert (there.run.run, there.run.outcome) == (alone.run.run, alone.run.outcome), there.cause
        told = {cluster_key(there.run.run), cluster_cost_key(there.run.run)}
        expected, found = objects(cloud, alone.run.run), objects(beside, there.run.run)
        assert {key: content for key, content in found.items() if key not in told} == expected
        assert found.keys() - expected.keys() == told
        assert there.run.blind_sha256 == alone.run.blind_sha256 != ""

        costs = {item["what"]: item for item in beside.report(there.run.run)["cost"]["items"]}
        paid = [costs[name]["actual_usd"] for name in PREPARATION]
        assert paid == [costs[name]["estimated_usd"] for name in PREPARATION]
        assert 0 < sum(paid) < 0.1  # two machines' minutes, and not the ten minutes that it might have been
        (execution,) = beside.executions("cluster")
        assert execution["status"] == "SUCCEEDED"
