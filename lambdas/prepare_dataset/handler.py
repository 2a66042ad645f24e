"""Checks every line of the upload, splits it as the project always did and seals the blind test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from prepare_dataset.cluster import hand_over, note_bill
from prepare_dataset.outputs import LOG, write_prepared
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.media import shelf_of
from tunesmith.aws.objects import Bucket, cluster_key, run_prefix
from tunesmith.dataset import CheckedFile, check_file
from tunesmith.dataset.log_selection import check_selected
from tunesmith.errors import RecordMissingError
from tunesmith.job import parse_job
from tunesmith.job_sections import GUARDRAIL_ROLE
from tunesmith.ledger import Step
from tunesmith.settings import ClusterLimits, PrepareDatasetSettings
from tunesmith.uploads import project_key


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return `valid`, or `invalid` with the reason; records and report lie in the artifacts bucket.

    What a cluster has prepared for the run already (`spark_job`) is taken as it is; `cluster` in the event is
    what its machine told. Where a cluster is deployed, uploads above its size end in `cluster`, for the
    machine to start it, or in `over_budget`.
    """
    settings = PrepareDatasetSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    uploads = Bucket(settings.dataset_bucket)
    run = ledger.run(event["run"])
    if artifacts.head(cluster_key(run.run)):
        if "cluster" in event:
            note_bill(run, event["cluster"], uploads=uploads, artifacts=artifacts)
        told: dict[str, str] = artifacts.read_json(cluster_key(run.run))
        LOG.info("dataset was prepared on a cluster", extra={"run": run.run, **told})
        return told
    if "cluster" in event:
        raise RecordMissingError(
            f"the cluster's job of run {run.run} succeeded and left no {cluster_key(run.run)}"
        )
    job = parse_job(artifacts.read(f"{run_prefix(run.run)}/job.json"), source="job.json")
    limits = ClusterLimits.read(settings.cluster)
    answer = hand_over(run, job, limits, uploads=uploads, artifacts=artifacts)
    if answer is not None:
        said = answer["reason"] or "the data is prepared on the cluster"
        ledger.begin_step(run.run, Step.PREPARE, event["now"], said)
        LOG.info("dataset handed over", extra={"run": run.run, **answer})
        return answer
    shelf = shelf_of(uploads, project_key(run.project, ""), settings.account)

    def checked(role: str, pinned: dict[str, str]) -> CheckedFile:
        check: Callable[[Iterable[bytes]], CheckedFile] = partial(
            check_file,
            model=job.model_of(role),
            file=pinned["key"].split("/", 2)[-1],
            sensitive=job.data.sensitive,
            mends=job.data.on_error == "fix",
            shelf=shelf,
            **job.read_as(role),
        )
        chunks = Bucket(pinned["bucket"]).chunks(pinned["key"], pinned["version"])
        if role == "train" and job.distillation and job.distillation.logs:
            return check_selected(chunks, job.distillation, check)
        return check(chunks)

    files = {
        role: checked(role, pinned)
        for role, pinned in run.data.items()
        if not role.startswith(GUARDRAIL_ROLE)
    }
    return write_prepared(run, job, files, event["now"], ledger=ledger, artifacts=artifacts, shelf=shelf)
