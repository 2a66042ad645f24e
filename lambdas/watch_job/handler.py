"""Decides whether a job in progress goes on: deadline, and divergence as soon as metrics can be seen."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tunesmith.aws.customization import read_curves
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.job import parse_job
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.serving.capacity import seconds_between
from tunesmith.settings import WatchJobSettings
from tunesmith.training.stopping import watch

LOG = logger("watch_job")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return what to do with the job, and for how many seconds to wait."""
    settings = WatchJobSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, prefix = event["run"], run_prefix(event["run"])
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    started = next(step.started for step in ledger.steps(run) if step.step is Step.TRAIN)
    curves = read_curves(artifacts, f"{prefix}/training/output/{event['job']}/", finished=False)
    decision = watch(
        elapsed_seconds=seconds_between(started, event["now"]),
        deadline_seconds=3600.0 * job.training.deadline_hours,
        training_losses=[point.loss for point in curves.training],
    )
    told = f"job {event['job']} is {decision.reason}" if decision.action == "wait" else decision.reason
    ledger.begin_step(run, Step.TRAIN, event["now"], told, curves.figures())
    LOG.info("job watched", extra={"run": run, "action": decision.action, **curves.figures()})
    return asdict(decision)
