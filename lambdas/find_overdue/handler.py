"""Compares the ledger with what exists, and names the runs that left something behind."""

from __future__ import annotations

from typing import Any

from tunesmith import names
from tunesmith.aws.executions import execution_is_over
from tunesmith.aws.inventory import existing_capacity
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.errors import RecordMissingError
from tunesmith.ledger import Capacity
from tunesmith.observability import logger
from tunesmith.serving.overdue import forgotten, overdue_runs
from tunesmith.settings import FindOverdueSettings

LOG = logger("find_overdue")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the runs to release, and what each release is to be called."""
    settings = FindOverdueSettings.from_environment()
    ledger = LedgerTable(settings.ledger_table)
    strays = []
    for found in existing_capacity():
        known = _known(ledger, found.run)
        if known is not None and (stray := forgotten(found, known, now=event["now"])) is not None:
            ledger.enter_capacity(stray)
            strays.append(stray.name)
    still_open = ledger.open_capacity()
    lost = {run for run in {item.run for item in still_open} if _lost(settings, ledger, run)}
    runs = overdue_runs(still_open, lost=lost, now=event["now"])
    LOG.info("overdue", extra={"runs": runs, "lost": sorted(lost), "strays": strays})
    digits = "".join(character for character in event["now"] if character.isdigit())
    return {"runs": [{"run": run, "execution": f"{run}-reap-{digits}"} for run in runs]}


def _known(ledger: LedgerTable, run: str) -> tuple[str, list[Capacity]] | None:
    try:
        return ledger.run(run).project, ledger.capacity(run)
    except RecordMissingError:
        return None  # another environment of this account looks after it


def _lost(settings: FindOverdueSettings, ledger: LedgerTable, run: str) -> bool:
    """Tell whether a run is still open although its execution is over: its release never came."""
    found = ledger.run(run)
    if found.closed:
        return False
    return execution_is_over(settings.pipeline_arn, names.execution_name(run, found.attempt))
