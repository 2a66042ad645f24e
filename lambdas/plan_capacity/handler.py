"""Plans capacity for the candidate, or for one job's model, and enters it before it is asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tunesmith import names
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.aws.training_records import read_training
from tunesmith.cost import OVERRIDE_KEY, Item, load_prices
from tunesmith.cost.spending import evaluation_objection, spent_by_item
from tunesmith.errors import BudgetReachedError
from tunesmith.job import Job, parse_job
from tunesmith.ledger import Run
from tunesmith.observability import logger
from tunesmith.serving.capacity import judging_capacity, open_serving, serving_capacity, trained_model
from tunesmith.settings import PlanCapacitySettings

LOG = logger("plan_capacity")
WAIT_SECONDS = 60
MOST_CHECKS = 240


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the serving path and what the machine asks Bedrock for.

    `job` is the number of the job whose model is to be judged, on demand whatever the candidate's path will
    be, or 0 for the candidate's own capacity. Raises BudgetReachedError where what was spent leaves too
    little for the evaluation, unless a person decided by hand.
    """
    settings = PlanCapacitySettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run = ledger.require_open(event["run"])
    job = parse_job(artifacts.read(f"{run_prefix(run.run)}/job.json"), source="job.json")
    number = event["job"]
    model = trained_model(run.run, number or run.chosen, ledger.capacity(run.run))
    units = job.serving.model_units
    place: Any = {"project": run.project, "run": run.run, "now": event["now"]}
    if number:
        path = "on_demand"
        wanted = judging_capacity(**place, number=number)
    else:
        _hold_to_budget(run, job, ledger, artifacts, event["now"])
        path = job.serving_path
        hourly = _usd_per_hour(settings, job.base_model, units) if path == "provisioned" else Decimal(0)
        wanted = serving_capacity(**place, path=path, usd_per_hour=hourly)
    capacity = ledger.enter_capacity(wanted)
    LOG.info("capacity planned", extra={"run": run.run, "path": path, "capacity": capacity.name})
    return {
        "environment": settings.environment,
        "project": run.project,
        "path": path,
        "name": capacity.name,
        "model_arn": model.arn,
        "model_units": units,
        "description": f"{model.name}, for {capacity.purpose}",
        "token": capacity.token,
        # A later execution may have to ask again for what an earlier one gave back.
        "client_token": names.client_token(run.run, capacity.token, run.attempt),
        "wait_seconds": WAIT_SECONDS,
        "most_checks": MOST_CHECKS,
    }


def _hold_to_budget(run: Run, job: Job, ledger: LedgerTable, artifacts: Bucket, now: str) -> None:
    prefix = run_prefix(run.run)
    estimate = artifacts.read_json(f"{prefix}/estimate.json")
    # There from an earlier execution, whose answers are adopted.
    scores, _ = artifacts.read_json_and_tag(f"{prefix}/evaluation/scores.json")
    capacity = ledger.capacity(run.run)
    spent = spent_by_item(estimate, read_training(artifacts, run.run), scores, capacity, now)
    problem = evaluation_objection(
        estimate, spent, job.budget.limit_usd, is_open=open_serving(capacity) is not None
    )
    if problem and not run.by_hand:
        raise BudgetReachedError(problem)


def _usd_per_hour(settings: PlanCapacitySettings, base_model: str, units: int) -> Decimal:
    uploads = Bucket(settings.dataset_bucket)
    override = uploads.read(OVERRIDE_KEY) if uploads.head(OVERRIDE_KEY) else None
    return load_prices(override).price(base_model, Item.PROVISIONED_HOUR).usd * units
