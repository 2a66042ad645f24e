"""Closes a run and lists what it gives back; needs the run id alone, or the name of one of its executions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from tunesmith import names
from tunesmith.aws.customization import job_goes_on, model_may_exist
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.failures import plain_reason
from tunesmith.job import parse_job
from tunesmith.ledger import Capacity, CapacityKind, CapacityState, Outcome, Run, Step
from tunesmith.observability import logger
from tunesmith.serving.capacity import later
from tunesmith.serving.champion import restore
from tunesmith.serving.release import STOPPED_OUTSIDE, dated, plan_release
from tunesmith.settings import PlanReleaseSettings

LOG = logger("plan_release")
JOB_STUCK = "JobStuck"
"""The machine's error where a job goes on although its stop was asked for."""


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the run's id and the items to give back, deployments first, models last."""
    settings = PlanReleaseSettings.from_environment()
    ledger = LedgerTable(settings.ledger_table)
    run, attempt = names.run_of(event["run"]), names.attempt_of(event["run"])
    closed = ledger.close_run(
        run,
        attempt=attempt,
        outcome=event["outcome"] or Outcome.FAILED,
        reason=plain_reason(event["reason"]) if event["outcome"] else STOPPED_OUTSIDE,
        now=event["now"],
    )
    if attempt is not None and attempt < closed.attempt:
        LOG.info("late", extra={"run": run, "attempt": attempt})
        return {"run": run, "items": [], "undo": {"restore": "none"}}
    undo = _undo_serving(settings, ledger, closed, event["now"])
    keep_until = later(closed.closed, hours=24 * closed.keep_days)
    for item in ledger.capacity(run):
        if item.state is not CapacityState.RELEASED and dated(item, keep_until) != item:
            ledger.update_capacity(run, item.token, expires=keep_until)
    capacity = ledger.capacity(run)
    running = set() if _is_billed_by_hour(settings, run) else _running_jobs(closed, capacity)
    models = {item.name for item in capacity if _may_exist(item) and model_may_exist(item.name)}
    items = plan_release(
        run=run,
        outcome=closed.outcome,
        capacity=capacity,
        overdue=[item for item in ledger.open_capacity() if _is_overdue(ledger, item, closed, event["now"])],
        existing_models=models | running,  # a job and its model have one name
        running_jobs=running,
        champion=ledger.champion(closed.project),
        now=event["now"],
        keep_until=keep_until,
    )
    summary = f"giving back {', '.join(item.name for item in items)}" if items else "nothing to give back"
    ledger.begin_step(closed.run, Step.RELEASE, event["now"], summary)
    LOG.info("release planned", extra={"run": closed.run, "outcome": closed.outcome, "items": len(items)})
    return {"run": run, "items": [asdict(item) for item in items], "undo": undo}


def _undo_serving(settings: PlanReleaseSettings, ledger: LedgerTable, run: Run, now: str) -> dict[str, str]:
    """Take back a promotion that began and did not end; tell the machine which model goes where."""
    if run.outcome != Outcome.FAILED or not any(step.step is Step.SERVE for step in ledger.steps(run.run)):
        return {"restore": "none"}
    before = ledger.champion(run.project)
    champion, changes = restore(before, run=run.run, now=now)
    if champion is None and before is not None:
        ledger.delete_champion(run.project)
    elif champion is not None and champion != before:
        ledger.put_champion(champion, replaces=before)
    for item in changes:
        ledger.update_capacity(item.run, item.token, **item.values)
    parameter = names.champion_parameter(settings.environment, run.project)
    if champion is None:
        return {"restore": "nothing", "parameter": parameter}
    return {
        "restore": "model",
        "parameter": parameter,
        "path": champion.path,
        "champion_arn": champion.arn,
        "model_arn": champion.model_arn,
        "execution": f"{run.run}-undo-{''.join(character for character in now if character.isdigit())}",
    }


def _running_jobs(run: Run, capacity: Iterable[Capacity]) -> set[str]:
    """Name the jobs that go on after the run broke: stopped, they are billed and leave nothing to adopt.

    A run that was stopped takes its job with it, and so does one whose job could not be stopped in time.
    """
    if run.outcome != Outcome.FAILED or run.reason == STOPPED_OUTSIDE or JOB_STUCK in run.reason:
        return set()
    jobs = (item for item in capacity if item.kind is CapacityKind.JOB)
    return {item.name for item in jobs if item.state is not CapacityState.RELEASED and job_goes_on(item.name)}


def _is_billed_by_hour(settings: PlanReleaseSettings, run: str) -> bool:
    """Tell whether a job that nobody watches goes on costing; a run without a job file has no job."""
    artifacts, key = Bucket(settings.artifacts_bucket), f"{run_prefix(run)}/job.json"
    if artifacts.head(key) is None:
        return False
    return parse_job(artifacts.read(key), source="job.json").customization.billed == "hours"


def _is_overdue(ledger: LedgerTable, item: Capacity, run: Run, now: str) -> bool:
    """Tell whether another run of the project left this behind; the reaper looks after other projects."""
    if item.project != run.project or item.run == run.run or item.expires > now:
        return False
    return bool(ledger.run(item.run).closed)


def _may_exist(item: Capacity) -> bool:
    return item.kind is CapacityKind.MODEL and item.state is not CapacityState.RELEASED
