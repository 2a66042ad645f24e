"""Prepares a run's dataset as the function does, on a Spark cluster: `spark-submit spark_job.py RUN`.

Settings come from the function's environment variables; what it writes last lets the function take it over.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from prepare_dataset.outputs import write_prepared
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, cluster_key, run_prefix
from tunesmith.dataset.slices import SLICE_BYTES
from tunesmith.job import parse_job
from tunesmith.settings import PrepareDatasetSettings
from tunesmith.spark.files import check_files
from tunesmith.spark.frames import SESSION
from tunesmith.spark.records import Source


def read_object(address: str, start: int) -> Iterator[bytes]:
    """Read an upload, given by bucket, key and version as JSON, from a byte on; every machine calls this."""
    bucket, key, version = json.loads(address)
    return Bucket(bucket).chunks(key, version, start)


def prepare_on_cluster(
    session: SparkSession,
    run_id: str,
    now: str,
    *,
    read: Callable[[str, int], Iterator[bytes]] = read_object,
    slice_bytes: int = SLICE_BYTES,
) -> dict[str, str]:
    """Return what the function would: `valid`, or `invalid` with the reason.

    What an earlier job left whole is taken as it is.
    """
    settings = PrepareDatasetSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run = ledger.run(run_id)
    if artifacts.head(cluster_key(run.run)):
        kept: dict[str, str] = artifacts.read_json(cluster_key(run.run))
        return kept
    job = parse_job(artifacts.read(f"{run_prefix(run.run)}/job.json"), source="job.json")
    if job.distillation and job.distillation.logs:
        raise ValueError("a run whose distillation.logs selects entries is prepared by the function")
    sources = {}
    for role, pinned in run.data.items():
        upload = Bucket(pinned["bucket"])
        found = upload.head(pinned["key"], pinned["version"])
        if found is None:
            raise FileNotFoundError(
                f"{upload.uri(pinned['key'])}, version {pinned['version']}, is gone; upload it again"
            )
        sources[role] = Source(
            file=pinned["key"].split("/", 2)[-1],
            address=json.dumps([pinned["bucket"], pinned["key"], pinned["version"]]),
            size=found["size"],
        )
    checked = check_files(session, sources, read, job, slice_bytes=slice_bytes)
    told = write_prepared(
        run, job, checked.files, now, ledger=ledger, artifacts=artifacts, comparison=checked.comparison
    )
    artifacts.write_json(cluster_key(run.run), told)
    return told


def main() -> None:
    """Prepare the run that the first argument names, in the session that spark-submit configures."""
    if len(sys.argv) != 2:
        sys.exit("usage: spark-submit spark_job.py RUN")
    builder = SparkSession.builder.appName(f"tunesmith {sys.argv[1]}")
    for key, value in SESSION.items():
        builder = builder.config(key, value)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sys.stdout.write(json.dumps(prepare_on_cluster(builder.getOrCreate(), sys.argv[1], now)) + "\n")


if __name__ == "__main__":
    main()
