"""Records how a job ended: its model, its metrics and what it cost, or why it left none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tunesmith import names
from tunesmith.aws.customization import CustomizationJob, read_curves, read_job
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.aws.training_records import read_plan, read_training, training_key
from tunesmith.job import parse_job
from tunesmith.ledger import CapacityState, Run, Step
from tunesmith.observability import logger
from tunesmith.serving.capacity import job_token, model_token
from tunesmith.settings import ConcludeJobSettings
from tunesmith.training.costs import hourly_usd, spent_usd, training_usd
from tunesmith.training.hyperparameters import EPOCHS
from tunesmith.training.metrics import Curves, Measure
from tunesmith.training.policies import COMPLETED, REFUSED, JobPlan
from tunesmith.training.rounds import epochs_between

LOG = logger("conclude_job")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the job's status; its facts lie in training/jobs/ and in the ledger.

    `refused` holds Bedrock's words where it would not begin the job, `stopped_because` the watcher's where it
    had the job stopped.
    """
    settings = ConcludeJobSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, prefix = ledger.run(event["run"]), run_prefix(event["run"])
    plan = read_plan(artifacts, run.run, event["job"])
    told: dict[str, Any] = {**plan.to_json(), "attempt": run.attempt, "notes": []}
    if event["refused"]:
        told |= _refused(run, plan, event["refused"])
    else:
        found = read_job(names.job_name(run.project, run.run, plan.number))
        job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
        model = job.model
        folder = f"{prefix}/training/output/{plan.number}/{found.output_folder}"
        measure: Measure = "reward" if job.reinforcement else "loss"
        curves = read_curves(artifacts, folder, finished=True, measure=measure)
        estimate = artifacts.read_json(f"{prefix}/estimate.json")
        if job.customization.billed == "hours":
            cost = hourly_usd(estimate, hours=found.training_seconds / 3600)
        else:
            split = artifacts.read_json(f"{prefix}/data/report.json")["split"]
            _, expected, _ = epochs_between(job, model, split)
            epochs = Decimal(found.hyperparameters.get(EPOCHS, plan.epochs)) * Decimal(str(plan.data_share))
            cost = training_usd(estimate, planned_epochs=expected, epochs=epochs)
        reason = _reason(found, event["stopped_because"])
        told |= _told(found, curves, reason, ignores_validation=model.ignores_validation, cost=cost)
        if job.customization.billed == "hours":
            hours = f"{found.training_seconds / 3600:.1f} hours"
            told["notes"].append(
                f"It trained for {hours} by Bedrock's own times, the queue left out; its cost is reckoned by "
                "that."
                if found.shows_queue
                else f"Bedrock did not tell when its training began: its cost is that of all {hours} since it"
                " was asked for, the queue included."
            )
        if job.customization.chooses_length:
            told["notes"].append(
                "Bedrock chose how long it trained, and tells nobody: the cost is that of the most "
                f"epochs that the model takes, {plan.epochs}, without the teacher's answers."
            )
    artifacts.write_json(training_key(run.run, "jobs", plan.number), told)
    _enter(ledger, run, told, event["now"])
    records = read_training(artifacts, run.run)
    figures = {"cost_usd": spent_usd(records.told.values(), records.judged.values())}
    summary = f"job {plan.number} is {told['status'].lower()}" + (
        f": {told['reason']}" if told["reason"] else ""
    )
    ledger.begin_step(run.run, Step.TRAIN, event["now"], summary, figures)
    LOG.info("job concluded", extra={"run": run.run, "job": told["name"], "status": told["status"]})
    return {"job": plan.number, "status": told["status"]}


def _enter(ledger: LedgerTable, run: Run, told: dict[str, Any], now: str) -> None:
    """Enter the model, or take it back where there is none; the job is over in any case."""
    job, model = job_token(told["number"]), model_token(told["number"])
    # The model first: should this function break in between, nothing that is billed is out of sight.
    if told["status"] == COMPLETED:
        ledger.update_capacity(run.run, model, arn=told["model_arn"], state=CapacityState.OPEN)
    else:
        ledger.release_capacity(run.run, model, now)
    ledger.update_capacity(run.run, job, arn=told["arn"])
    ledger.release_capacity(run.run, job, now)


def _reason(job: CustomizationJob, stopped_because: str) -> str:
    match job.status:
        case "Failed":
            return f"Bedrock failed job {job.name}: {job.failure}"
        case "Stopped":
            return f"job {job.name} was stopped: {stopped_because or 'not by this run'}"
    return ""


def _refused(run: Run, plan: JobPlan, words: str) -> dict[str, Any]:
    return {
        "name": names.job_name(run.project, run.run, plan.number),
        "arn": "",
        "model_arn": "",
        "status": REFUSED,
        "reason": words,
        "hyperparameters": {},
        "submitted": "",
        "ended": "",
        "cost_usd": Decimal(0),
        "curves": {"training": [], "validation": []},
        "measure": "loss",
    }


def _told(
    job: CustomizationJob, curves: Curves, reason: str, *, ignores_validation: bool, cost: Decimal
) -> dict[str, Any]:
    notes = []
    if job.status != COMPLETED:
        billed = "the tokens that it trained" if curves.measure == "loss" else "the hours that it trained"
        notes.append(f"It left no model. What it cost is not known: Bedrock bills {billed}.")
    else:
        if not curves.training:
            where = "" if curves.measure == "loss" else "; Bedrock's console shows it"
            notes.append(
                f"Bedrock left no training metrics: nothing is known of the {curves.measure}{where}."
            )
        if ignores_validation:
            notes.append("This base model makes no use of validation data: there is no validation curve.")
        elif not curves.validation:
            notes.append("Bedrock left no validation metrics.")
    return {
        "name": job.name,
        "arn": job.arn,
        "model_arn": job.model_arn,
        "status": job.status,
        "reason": reason,
        "hyperparameters": job.hyperparameters,
        "submitted": job.submitted,
        "ended": job.ended,
        # At most the whole job, where it was not completed.
        "cost_usd": cost,
        "curves": {"training": curves.training, "validation": curves.validation},
        "measure": curves.measure,
        "notes": notes,
    }
