"""Reads what a completed job left behind: its model, its metrics and what it cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tunesmith import names
from tunesmith.aws.customization import CustomizationJob, read_curves, read_job
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.catalogue import find_model
from tunesmith.job import parse_job
from tunesmith.ledger import CapacityState, Step
from tunesmith.observability import logger
from tunesmith.serving.capacity import JOB_TOKEN, MODEL_TOKEN
from tunesmith.settings import ConcludeTrainingSettings
from tunesmith.training.costs import training_usd
from tunesmith.training.metrics import Curves
from tunesmith.training.requests import EPOCHS, hyperparameters_to_send

LOG = logger("conclude_training")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return that the model is trained; its facts lie in jobs.json and in the ledger."""
    settings = ConcludeTrainingSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run = ledger.run(event["run"])
    prefix = run_prefix(run.run)
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    model = find_model(job.base_model)
    done = read_job(names.job_name(run.project, run.run))
    curves = read_curves(artifacts, f"{prefix}/training/output/{done.output_folder}", finished=True)
    planned = str(hyperparameters_to_send(job.hyperparameters, model.hyperparameters)[EPOCHS])
    cost = training_usd(
        artifacts.read_json(f"{prefix}/estimate.json"),
        planned_epochs=planned,
        epochs=done.hyperparameters.get(EPOCHS, planned),
    )
    told = _told(done, curves, ignores_validation=model.ignores_validation, cost=cost)
    artifacts.write_json(f"{prefix}/training/jobs.json", {"jobs": [told]})
    # The model first: should this function break in between, nothing that is billed is out of sight.
    ledger.update_capacity(run.run, MODEL_TOKEN, arn=done.model_arn, state=CapacityState.OPEN)
    ledger.update_capacity(run.run, JOB_TOKEN, arn=done.arn)
    ledger.release_capacity(run.run, JOB_TOKEN, event["now"])
    figures = {**curves.figures(), "cost_usd": cost}
    ledger.begin_step(run.run, Step.TRAIN, event["now"], f"{model.title} is tuned", figures)
    LOG.info("training concluded", extra={"run": run.run, "model": done.model_arn, "notes": told["notes"]})
    return {"outcome": "trained"}


def _told(
    job: CustomizationJob, curves: Curves, *, ignores_validation: bool, cost: Decimal
) -> dict[str, Any]:
    notes = []
    if not curves.training:
        notes.append("Bedrock left no training metrics: nothing is known of the loss.")
    if ignores_validation:
        notes.append("This base model makes no use of validation data: there is no validation curve.")
    elif not curves.validation:
        notes.append("Bedrock left no validation metrics.")
    return {
        "name": job.name,
        "arn": job.arn,
        "model_arn": job.model_arn,
        "status": job.status,
        "hyperparameters": job.hyperparameters,
        "submitted": job.submitted,
        "ended": job.ended,
        "cost_usd": cost,
        "curves": {"training": curves.training, "validation": curves.validation},
        "notes": notes,
    }
