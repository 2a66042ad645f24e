"""Closes a run and lists what it gives back; needs the run id alone, or the name of one of its executions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tunesmith import names
from tunesmith.aws.customization import model_exists
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.ledger import CapacityKind, CapacityState, Outcome, Step
from tunesmith.observability import logger
from tunesmith.serving.release import STOPPED_OUTSIDE, plan_release
from tunesmith.settings import PlanReleaseSettings

LOG = logger("plan_release")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the run's id and the items to give back, deployments first, models last."""
    settings = PlanReleaseSettings.from_environment()
    ledger = LedgerTable(settings.ledger_table)
    closed = ledger.close_run(
        names.run_of(event["run"]),
        outcome=event["outcome"] or Outcome.FAILED,
        reason=event["reason"] if event["outcome"] else STOPPED_OUTSIDE,
        now=event["now"],
    )
    capacity = ledger.capacity(closed.run)
    models = {item.name for item in capacity if _may_exist(item.kind, item.state)}
    items = plan_release(
        run=closed.run,
        outcome=closed.outcome,
        capacity=capacity,
        overdue=[
            item
            for item in ledger.open_capacity()
            if item.project == closed.project and item.expires <= event["now"] and ledger.run(item.run).closed
        ],
        existing_models={name for name in models if model_exists(name)},
        champion=ledger.champion(closed.project),
        now=event["now"],
    )
    summary = f"giving back {', '.join(item.name for item in items)}" if items else "nothing to give back"
    ledger.begin_step(closed.run, Step.RELEASE, event["now"], summary)
    LOG.info("release planned", extra={"run": closed.run, "outcome": closed.outcome, "items": len(items)})
    return {"run": closed.run, "items": [asdict(item) for item in items]}


def _may_exist(kind: CapacityKind, state: CapacityState) -> bool:
    return kind is CapacityKind.MODEL and state is not CapacityState.RELEASED
