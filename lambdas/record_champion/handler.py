"""Writes the project's new champion, and for what its capacity is now held, into the ledger."""

from __future__ import annotations

from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.errors import ChampionChangedError
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.serving.capacity import model_token, open_serving
from tunesmith.serving.champion import ROLLBACK, promote
from tunesmith.settings import RecordChampionSettings

LOG = logger("record_champion")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return that the champion is recorded; a repeat changes nothing."""
    settings = RecordChampionSettings.from_environment()
    ledger = LedgerTable(settings.ledger_table)
    run = ledger.run(event["run"]) if event["by_hand"] == ROLLBACK else ledger.require_open(event["run"])
    held = {item.token: item for item in ledger.capacity(run.run)}
    before = ledger.champion(run.project)
    champion, changes = promote(
        before,
        run=run.run,
        base_model=run.base_model,
        model=held[model_token(run.chosen)],
        serving=open_serving(held.values()),
        now=event["now"],
    )
    plan = next(step.figures for step in ledger.steps(run.run) if step.step is Step.SERVE)
    if champion.arn != plan["champion_arn"]:
        raise ChampionChangedError(
            f"serving was planned for {plan['champion_arn']}, but callers use {champion.arn} now"
        )
    ledger.put_champion(
        champion, replaces=before, only_while_open="" if event["by_hand"] == ROLLBACK else run.run
    )
    for item in changes:
        ledger.update_capacity(item.run, item.token, **item.values)
    ledger.begin_step(run.run, Step.SERVE, event["now"], f"{champion.model_name} is the champion", plan)
    LOG.info("champion recorded", extra={"run": run.run, "champion": champion.arn})
    return {"outcome": "recorded"}
