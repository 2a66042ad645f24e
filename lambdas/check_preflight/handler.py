"""Asks the catalogue and the account whether the plan can work, and lists every problem at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tunesmith.aws import bedrock
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix
from tunesmith.catalogue import find_model
from tunesmith.job import parse_job
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.preflight import find_problems
from tunesmith.settings import CheckPreflightSettings

LOG = logger("check_preflight")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Return `clear`, or `refused` with every problem."""
    settings = CheckPreflightSettings.from_environment()
    ledger, artifacts = LedgerTable(settings.ledger_table), Bucket(settings.artifacts_bucket)
    run, prefix = event["run"], run_prefix(event["run"])
    job = parse_job(artifacts.read(f"{prefix}/job.json"), source="job.json")
    model = find_model(job.base_model)
    split = artifacts.read_json(f"{prefix}/data/report.json")["split"]
    problems = find_problems(
        job,
        model,
        offers=bedrock.offers({model.id, model.training_id}),
        region=bedrock.region(),
        split={part: figures["records"] for part, figures in split.items()},
        today=datetime.fromisoformat(event["now"]).date(),
    )
    summary = f"{model.title} can be tuned and served" if not problems else "; ".join(problems)
    ledger.begin_step(run, Step.PREFLIGHT, event["now"], summary, {"problems": len(problems)})
    LOG.info("preflight checked", extra={"run": run, "model": model.id, "problems": problems})
    return {"outcome": "refused" if problems else "clear", "reason": "; ".join(problems)}
