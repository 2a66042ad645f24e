"""Decides whether a job in progress goes on: deadline, divergence, overspend, and whether it is stuck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tunesmith import names
from tunesmith.aws.customization import CustomizationJob, read_curves, read_job
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.aws.training_records import read_training, training_key
from tunesmith.job import Job, parse_job
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.serving.capacity import later, seconds_between
from tunesmith.settings import WatchJobSettings
from tunesmith.training.costs import hourly_overspend, spent_usd
from tunesmith.training.metrics import Measure
from tunesmith.training.stopping import (
    STUCK_AFTER_SECONDS,
    WatchDecision,
    next_wait_seconds,
    stuck_after,
    watch,
)

LOG = logger("watch_job")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return what to do with the job, for how many seconds to wait, and what to tell people.

    `told` in the event says that people know already that this job is stuck.
    """
    settings = WatchJobSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, number, now = ledger.run(event["run"]), event["job"], event["now"]
    prefix = run_prefix(run.run)
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    found = read_job(names.job_name(run.project, run.run, number))
    started = next(step.started for step in ledger.steps(run.run) if step.step is Step.TRAIN)
    measure: Measure = "reward" if job.reinforcement else "loss"
    folder = f"{prefix}/training/output/{number}/"
    curves = read_curves(artifacts, folder, finished=False, measure=measure)
    unchanged = _seconds(found.changed, now)
    # What past jobs took is asked for only where it may matter.
    past = ledger.past_job_seconds(run.project) if unchanged >= STUCK_AFTER_SECONDS else []
    elapsed, deadline = seconds_between(started, now), 3600.0 * job.training.deadline_hours
    next_look = later(now, hours=next_wait_seconds(elapsed, deadline) / 3600)
    decision = watch(
        elapsed_seconds=elapsed,
        deadline_seconds=deadline,
        training_losses=curves.training_losses,
        unchanged_seconds=unchanged,
        stuck_after_seconds=stuck_after(past),
        stop_when_stuck=job.training.stop_when_stuck,
        told=event["told"],
        overspend=_overspend(artifacts, run.run, job, found, next_look),
    )
    evidence = {**curves.figures(), "changed": found.changed}
    _record(artifacts, run.run, number, decision, now, evidence)
    told = decision.reason if decision.action == "stop" else f"job {number} is {decision.reason}"
    ledger.begin_step(run.run, Step.TRAIN, now, told, curves.figures())
    LOG.info("job watched", extra={"run": run.run, "action": decision.action, **curves.figures()})
    return {**asdict(decision), **_message(found, run.project, decision)}


def _overspend(artifacts: Bucket, run: str, job: Job, found: CustomizationJob, next_look: str) -> str:
    """Forecast the bill of a job that is billed by the hour, as it will stand at the next look."""
    if not found.training_since:
        return ""
    records = read_training(artifacts, run)
    return hourly_overspend(
        artifacts.read_json(f"{run_prefix(run)}/estimate.json"),
        hours=_seconds(found.training_since, next_look) / 3600,
        spent=spent_usd(records.told.values(), records.judged.values()),
        limit=job.budget.limit_usd,
    )


def _record(
    artifacts: Bucket,
    run: str,
    number: int,
    decision: WatchDecision,
    now: str,
    evidence: Mapping[str, Any],
) -> None:
    """Write down what differs from the decision before: a job that is merely waited for makes one entry."""
    key = training_key(run, "watch", number)
    entries, _ = artifacts.read_json_and_tag(key)
    entries = entries or []
    sees = "step" in evidence
    entry = {
        "at": now,
        "action": decision.action,
        "reason": decision.reason,
        "sees_metrics": sees,
        "evidence": evidence,
    }
    last = entries[-1] if entries else {}
    if (last.get("action"), last.get("sees_metrics")) != (decision.action, sees):
        artifacts.write_json(key, [*entries, entry])


def _message(found: CustomizationJob, project: str, decision: WatchDecision) -> dict[str, str]:
    return {
        "subject": f"Tunesmith {project}: a job is stuck",
        "message": f"Job {found.name} is {decision.reason}. It goes on; to have such jobs stopped, set "
        f"`training: {{stop_when_stuck: true}}` in the job file. To stop this one: aws bedrock "
        f"stop-model-customization-job --job-identifier {found.arn}",
    }


def _seconds(since: str, now: str) -> float:
    return max(0.0, seconds_between(since, now))
