"""Plans capacity for the candidate, or for one job's model, and enters it before it is asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tunesmith import names
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.cost import OVERRIDE_KEY, Item, load_prices
from tunesmith.job import parse_job
from tunesmith.observability import logger
from tunesmith.serving.capacity import judging_capacity, serving_capacity, trained_model
from tunesmith.settings import PlanCapacitySettings

LOG = logger("plan_capacity")
WAIT_SECONDS = 60
MOST_CHECKS = 240


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the serving path and what the machine asks Bedrock for.

    `job` is the number of the job whose model is to be judged, on demand whatever the candidate's path will
    be, or 0 for the candidate's own capacity.
    """
    settings = PlanCapacitySettings.from_environment()
    ledger = LedgerTable(settings.ledger_table)
    run = ledger.require_open(event["run"])
    job = parse_job(
        Bucket(settings.artifacts_bucket).read(f"{run_prefix(run.run)}/job.json"), source="job.json"
    )
    number = event["job"]
    model = trained_model(run.run, number or run.chosen, ledger.capacity(run.run))
    units = job.serving.model_units
    place: Any = {"project": run.project, "run": run.run, "now": event["now"]}
    if number:
        path = "on_demand"
        wanted = judging_capacity(**place, number=number)
    else:
        path = job.serving_path
        hourly = _usd_per_hour(settings, job.base_model, units) if path == "provisioned" else Decimal(0)
        wanted = serving_capacity(**place, path=path, usd_per_hour=hourly)
    capacity = ledger.enter_capacity(wanted)
    LOG.info("capacity planned", extra={"run": run.run, "path": path, "capacity": capacity.name})
    return {
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


def _usd_per_hour(settings: PlanCapacitySettings, base_model: str, units: int) -> Decimal:
    uploads = Bucket(settings.dataset_bucket)
    override = uploads.read(OVERRIDE_KEY) if uploads.head(OVERRIDE_KEY) else None
    return load_prices(override).price(base_model, Item.PROVISIONED_HOUR).usd * units
