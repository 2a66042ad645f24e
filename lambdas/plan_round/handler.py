"""Decides what training does next: the jobs of a round, models to be judged, or the one that is kept."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.aws.training_records import read_training, write_plan
from tunesmith.catalogue import Model
from tunesmith.job import Job, parse_job
from tunesmith.ledger import Capacity, CapacityKind, CapacityState, Run, Step
from tunesmith.observability import logger
from tunesmith.serving.capacity import NOT_CHOSEN, model_token, seconds_between
from tunesmith.settings import PlanRoundSettings
from tunesmith.training.costs import spent_usd, unaffordable
from tunesmith.training.policies import Decision, next_step
from tunesmith.training.records import TrainingRecords
from tunesmith.training.rounds import epochs_between, setting_of
from tunesmith.training.sweeping import next_of_sweep, sweep_plans

LOG = logger("plan_round")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the action (train, judge, keep or fail), the numbers that it is about, and what to delete."""
    settings = PlanRoundSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, prefix = ledger.require_open(event["run"]), run_prefix(event["run"])
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    model = job.model
    records = read_training(artifacts, run.run)
    figures = {"cost_usd": spent_usd(records.told.values(), records.judged.values())}
    ledger.begin_step(run.run, Step.TRAIN, event["now"], "planning a round of training", figures)
    too_late = _too_late(ledger, run, job, records, event["now"])
    decision = _kept(ledger, run, records) or _decide(run, job, model, records, artifacts, too_late)
    plans = [*records.plans, *(plan for plan in decision.jobs if plan not in records.plans)]
    decisions = list(records.decisions)
    if decision.why not in [told["why"] for told in decisions]:
        decisions.append({"at": event["now"], "action": decision.action, "why": decision.why})
    write_plan(artifacts, run.run, plans, decisions)
    ledger.begin_step(run.run, Step.TRAIN, event["now"], decision.why, figures)
    deleted = _keep(ledger, run, decision.numbers[0], event["now"]) if decision.action == "keep" else []
    LOG.info("round planned", extra={"run": run.run, "action": decision.action, "why": decision.why})
    return {
        "action": decision.action,
        "jobs": [plan.number for plan in decision.jobs],
        "models": list(decision.numbers),
        "delete": [{"name": item.name, "token": item.token} for item in deleted],
        "error": decision.error,
        "why": decision.why,
    }


def _kept(ledger: LedgerTable, run: Run, records: TrainingRecords) -> Decision | None:
    """Keep what an earlier execution decided to keep, while it is there: what follows was done with it."""
    decided = records.decisions[-1] if records.decisions else None
    if decided is None or decided["action"] != "keep":
        return None
    token = model_token(run.chosen)
    held = [item for item in ledger.capacity(run.run) if item.token == token]
    if not held or held[0].state is CapacityState.RELEASED:
        return None
    return Decision(action="keep", why=decided["why"], numbers=(run.chosen,))


def _decide(
    run: Run, job: Job, model: Model, records: TrainingRecords, artifacts: Bucket, too_late: str
) -> Decision:
    """Go on with a round that was begun; else ask the policy, within deadline and budget."""
    prefix = run_prefix(run.run)
    ended = records.ended(run.attempt)
    over = {one.plan.number for one in ended}
    begun = tuple(plan for plan in records.plans if plan.number not in over)
    if begun:
        told = next(one["why"] for one in reversed(records.decisions) if one["action"] == "train")
        return Decision(action="train", why=told, jobs=begun)
    split = artifacts.read_json(f"{prefix}/data/report.json")["split"]
    setting = setting_of(job, model, split)

    def decide(closed: str) -> Decision:
        going_by = replace(setting, closed=closed)
        if job.sweep is None:
            return next_step(going_by, ended, records.scores())
        first = sweep_plans(model, job.sweep, setting)
        return next_of_sweep(first, job.sweep, going_by, ended, records.scores(), seed=job.seed)

    decision = decide(too_late)
    if decision.action != "train":
        return decision
    problem = unaffordable(
        artifacts.read_json(f"{prefix}/estimate.json"),
        spent=spent_usd(records.told.values(), records.judged.values()),
        most_epochs=epochs_between(job, model, split)[2],
        epochs=sum((plan.passes for plan in decision.jobs), Decimal(0)),
        limit=job.budget.limit_usd,
    )
    if problem and not ended:
        return Decision(action="fail", why=problem, error="BudgetReached")
    return decide(problem) if problem else decision


def _too_late(ledger: LedgerTable, run: Run, job: Job, records: TrainingRecords, now: str) -> str:
    """Say why no further job may begin: one as long as the longest so far would end behind the deadline."""
    started = next(step.started for step in ledger.steps(run.run) if step.step is Step.TRAIN)
    hours = job.training.deadline_hours
    elapsed = seconds_between(started, now)
    if elapsed >= 3600 * hours:
        return f"training has taken the {hours} hours that training.deadline_hours allows"
    ended = [told for told in records.told.values() if told["submitted"] and told["ended"]]
    longest = max((seconds_between(told["submitted"], told["ended"]) for told in ended), default=0.0)
    if elapsed + longest >= 3600 * hours:
        return (
            f"another job as long as the longest, {longest / 3600:.1f} hours, would end after the {hours}"
            " hours that training.deadline_hours allows"
        )
    return ""


def _keep(ledger: LedgerTable, run: Run, number: int, now: str) -> list[Capacity]:
    """Name the chosen model in the ledger; list the others, which are due at once."""
    ledger.update_run(run.run, chosen=number)
    models = [item for item in ledger.capacity(run.run) if item.kind is CapacityKind.MODEL]
    others = [
        item
        for item in models
        if item.token != model_token(number) and item.state is not CapacityState.RELEASED
    ]
    for item in others:
        ledger.update_capacity(run.run, item.token, purpose=NOT_CHOSEN, expires=now)
    return others
