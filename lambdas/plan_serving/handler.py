"""Decides whether the candidate's capacity becomes the champion's, or the champion's gets the new model."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tunesmith import names
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.serving import champion
from tunesmith.serving.capacity import model_token, open_serving
from tunesmith.serving.champion import ROLLBACK
from tunesmith.settings import PlanServingSettings

LOG = logger("plan_serving")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the action (adopt or swap), the ARNs that it concerns and the champion's parameter."""
    settings = PlanServingSettings.from_environment()
    ledger = LedgerTable(settings.ledger_table)
    # A rollback serves a run that is over; anything else works for an open one alone.
    run = ledger.run(event["run"]) if event["by_hand"] == ROLLBACK else ledger.require_open(event["run"])
    held = {item.token: item for item in ledger.capacity(run.run)}
    plan = champion.plan_serving(
        ledger.champion(run.project),
        run=run.run,
        base_model=run.base_model,
        model=held[model_token(run.chosen)],
        serving=open_serving(held.values()),
    )
    ledger.begin_step(
        run.run,
        Step.SERVE,
        event["now"],
        plan.reason,
        {"action": plan.action, "champion_arn": plan.champion_arn},
    )
    LOG.info("serving planned", extra={"run": run.run, "action": plan.action, "champion": plan.champion_arn})
    parameter = names.champion_parameter(settings.environment, run.project)
    return {**asdict(plan), "parameter": parameter, "by_hand": event["by_hand"]}
