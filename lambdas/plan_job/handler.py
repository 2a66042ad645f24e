"""Plans one customization job, and enters it and the model that it will leave before either is asked for."""

from __future__ import annotations

from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.aws.training_records import read_plan
from tunesmith.job import Job, parse_job
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.serving.capacity import job_capacity, model_capacity, trained_model
from tunesmith.settings import PlanJobSettings
from tunesmith.training.costs import storage_usd_per_month
from tunesmith.training.data_shares import share_of
from tunesmith.training.hyperparameters import EPOCHS, choose_hyperparameters, typed_values, values_of
from tunesmith.training.policies import JobPlan
from tunesmith.training.requests import TRAINED_LOG, customization_config, customization_request

LOG = logger("plan_job")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the job's name and its request in Step Functions' spelling."""
    settings = PlanJobSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run = ledger.require_open(event["run"])
    prefix = run_prefix(run.run)
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    model = job.model
    plan = read_plan(artifacts, run.run, event["job"])
    validation = f"{prefix}/data/validation.jsonl"
    validated = (
        not model.ignores_validation
        and job.customization.reads_validation
        and (artifacts.head(validation) or {"size": 0})["size"] > 0
    )
    records = artifacts.read_json(f"{prefix}/data/report.json")["split"]["train"]["records"]
    chosen = values_of(choose_hyperparameters(job.hyperparameters, model, records=records))
    learns_log = job.distillation is not None and job.distillation.learns_logged_answers
    sent = {**chosen, EPOCHS: plan.epochs, **plan.hyperparameters}
    request = customization_request(
        environment=settings.environment,
        project=run.project,
        run=run.run,
        number=plan.number,
        base_model=trained_model(run.run, plan.parent, ledger.capacity(run.run)).arn
        if plan.parent
        else run.continues.get("model_arn", model.training_id),
        kind=job.customization,
        config=customization_config(
            job,
            numbers=typed_values(sent, model) if job.customization.sends_numbers else {},
            own_grader_arn=settings.grader_arn,
        ),
        hyperparameters={} if job.customization.chooses_length or job.customization.sends_numbers else sent,
        training_uri=artifacts.uri(
            f"{prefix}/data/{TRAINED_LOG}"
            if learns_log
            else _training_file(artifacts, prefix, plan.data_share)
        ),
        learns_log=learns_log,
        validation_uri=artifacts.uri(validation) if validated else None,
        output_uri=artifacts.uri(f"{prefix}/training/output/{plan.number}/"),
        role_arn=settings.training_role_arn,
        model_key_arn=settings.model_key_arn,
    )
    place: Any = {"project": run.project, "run": run.run, "number": plan.number, "now": event["now"]}
    hours = job.training.deadline_hours
    ledger.enter_capacity(job_capacity(**place, deadline_hours=hours))
    estimate = artifacts.read_json(f"{prefix}/estimate.json")
    ledger.enter_capacity(
        model_capacity(**place, deadline_hours=hours, usd_per_month=storage_usd_per_month(estimate))
    )
    told = f"asking Bedrock for job {plan.number}: {model.title}, {_how(job, plan)}"
    ledger.begin_step(run.run, Step.TRAIN, event["now"], told)
    LOG.info("job planned", extra={"run": run.run, "job": request["JobName"]})
    return {"job_name": request["JobName"], "request": request}


def _training_file(artifacts: Bucket, prefix: str, share: float) -> str:
    """Give the key of the training file, or of one with a share of its records, written once for all jobs."""
    key = f"{prefix}/data/train.jsonl"
    if share == 1:
        return key
    part = f"{prefix}/training/shares/{100 * share:g}.jsonl"
    if artifacts.head(part) is None:
        artifacts.write_lines(part, share_of(lambda: artifacts.lines(key), share))
    return part


def _how(job: Job, plan: JobPlan) -> str:
    if job.distillation:
        return f"taught by {job.distillation.teacher}"
    if plan.data_share < 1:
        return f"{plan.epochs} epochs on {100 * plan.data_share:g}% of the training records"
    graded = f", graded by {job.reinforcement.grader}" if job.reinforcement else ""
    return f"{plan.epochs} epochs{graded}"
