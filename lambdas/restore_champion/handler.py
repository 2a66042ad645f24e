"""Puts the previous champion back into the ledger, and says which model belongs behind its ARN."""

from __future__ import annotations

from typing import Any

from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.ledger import Step
from tunesmith.observability import logger
from tunesmith.serving.champion import restore
from tunesmith.settings import RestoreChampionSettings

LOG = logger("restore_champion")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return `model` with the model to swap back to, or `nothing` where there was no champion before."""
    settings = RestoreChampionSettings.from_environment()
    ledger = LedgerTable(settings.ledger_table)
    run = ledger.run(event["run"])
    before = ledger.champion(run.project)
    champion, changes = restore(before, run=run.run, now=event["now"])
    for item in changes:
        ledger.update_capacity(item.run, item.token, **item.values)
    if champion is None:
        ledger.delete_champion(run.project)
        result = {"restore": "nothing"}
    else:
        ledger.put_champion(champion, replaces=before)
        result = {
            "restore": "model",
            "path": champion.path,
            "model_arn": champion.model_arn,
            "champion_arn": champion.arn,
        }
    ledger.begin_step(run.run, Step.SERVE, event["now"], "serving failed; the champion is what it was before")
    LOG.warning("champion restored", extra={"run": run.run, **result})
    return result
