"""Prices the plan, with its uncertainty, and holds it against the budget."""

from __future__ import annotations

from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.catalogue import find_model
from tunesmith.cost import OVERRIDE_KEY, budget_objection, estimate_job, load_prices
from tunesmith.errors import UnknownPriceError
from tunesmith.job import parse_job
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.settings import EstimateCostSettings

LOG = logger("estimate_cost")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Return `affordable`, or `over_budget` with the figures or the price that is not known."""
    settings = EstimateCostSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, prefix = event["run"], run_prefix(event["run"])
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    uploads = Bucket(settings.dataset_bucket)
    override = uploads.read(OVERRIDE_KEY) if uploads.head(OVERRIDE_KEY) else None
    try:
        report = artifacts.read_json(f"{prefix}/data/report.json")
        champion = ledger.champion(job.project)
        estimate = estimate_job(
            job,
            find_model(job.base_model),
            report["split"],
            load_prices(override),
            token_error=report["tokens"]["off"],
            champion_path=champion.path if champion else "",
            champion_base=champion.base_model if champion else "",
        )
    except UnknownPriceError as error:
        ledger.begin_step(run, Step.BUDGET, event["now"], str(error))
        LOG.warning("price unknown", extra={"run": run, "reason": str(error)})
        return {"outcome": "over_budget", "reason": str(error)}
    artifacts.write_json(f"{prefix}/estimate.json", estimate.to_json())
    ledger.update_run(run, estimated_usd=estimate.total_usd)
    reason = budget_objection(estimate, job.budget.limit_usd)
    ledger.begin_step(run, Step.BUDGET, event["now"], reason or estimate.summary(), estimate.figures())
    LOG.info("cost estimated", extra={"run": run, **estimate.figures(), "reason": reason})
    return {"outcome": "over_budget" if reason else "affordable", "reason": reason}
