"""Checks every line of the upload, splits it by whole groups and seals the blind test."""

from __future__ import annotations

from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, blind_test_key, run_prefix
from tunesmith.catalogue import find_model
from tunesmith.dataset import check_file, data_report, joined, rejected_rows, split_records
from tunesmith.errors import SealBrokenError
from tunesmith.job import parse_job
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.settings import PrepareDatasetSettings

LOG = logger("prepare_dataset")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Return `valid`, or `invalid` with the reason; records and report lie in the artifacts bucket."""
    settings = PrepareDatasetSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run = ledger.run(event["run"])
    data = f"{run_prefix(run.run)}/data"
    job = parse_job(artifacts.read(f"{run_prefix(run.run)}/job.json"), source="job.json")
    model = find_model(job.base_model)
    files = {
        role: check_file(
            Bucket(pinned["bucket"]).chunks(pinned["key"], pinned["version"]),
            model,
            file=pinned["key"].split("/", 2)[-1],
            record_format=job.data.format,
            group_key=job.data.group_key,
            sensitive=job.data.sensitive,
        )
        for role, pinned in run.data.items()
    }
    split = split_records(
        files["train"].records,
        validation=files["validation"].records if "validation" in files else None,
        test=files["test"].records if "test" in files else None,
        seed=job.seed,
        validation_share=job.data.validation_share,
        test_share=job.data.test_share,
    )
    rejected_key = f"{data}/rejected.jsonl"
    artifacts.write_lines(rejected_key, rejected_rows(files))
    report = data_report(
        files,
        split,
        model,
        seed=job.seed,
        rejected_uri=artifacts.uri(rejected_key),
        strict=job.data.on_error == "strict",
    )
    if report.outcome == "valid":
        if run.blind_sha256 not in ("", report.blind_sha256):
            raise SealBrokenError(f"the blind test of run {run.run} was sealed already, with other content")
        # The seal first: a blind test without one is never read, a seal without one is written again.
        ledger.update_run(run.run, blind_sha256=report.blind_sha256)
        artifacts.write(blind_test_key(run.run), joined(split.test), "application/jsonl")
        # What is trained is in the model's format; the blind test is asked through Converse, by any model.
        for part, records in (("train", split.train), ("validation", split.validation)):
            content = joined(records, model.record_format)
            artifacts.write(f"{data}/{part}.jsonl", content, "application/jsonl")
    artifacts.write_json(f"{data}/report.json", report.to_json())
    ledger.begin_step(run.run, Step.PREPARE, event["now"], report.summary(), report.figures())
    LOG.info("dataset prepared", extra={"run": run.run, "outcome": report.outcome, **report.figures()})
    return {"outcome": report.outcome, "reason": report.reason}
