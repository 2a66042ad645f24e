"""Compares the ledger with what exists, and names the runs that left something behind."""

from __future__ import annotations

from typing import Any

from tunesmith import names
from tunesmith.aws.executions import execution_is_over
from tunesmith.aws.inventory import existing_capacity
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.errors import RecordMissingError
from tunesmith.ledger import Run
from tunesmith.observability import logger
from tunesmith.serving.overdue import forgotten, overdue_runs
from tunesmith.settings import FindOverdueSettings

LOG = logger("find_overdue")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return the runs to release, and what each release is to be called."""
    settings = FindOverdueSettings.from_environment()
    ledger = LedgerTable(settings.ledger_table)
    listed = {item.name for item in ledger.open_capacity()}
    strays = []
    for found in existing_capacity():
        run = None if found.name in listed else _known(ledger, found.run)
        # While a run is open its functions may be between asking and writing down.
        if run is not None and run.closed:
            ledger.enter_stray(
                forgotten(found, project=run.project, entered=ledger.capacity(run.run), now=event["now"])
            )
            strays.append(found.name)
    still_open = ledger.open_capacity()
    known = [run for run in (_known(ledger, name) for name in {item.run for item in still_open}) if run]
    lost = {run.run for run in known if not run.closed and _is_over(settings, run)}
    closed = {run.run for run in known if run.closed}
    runs = overdue_runs(still_open, closed=closed, lost=lost, now=event["now"])
    LOG.info("overdue", extra={"runs": runs, "lost": sorted(lost), "strays": strays})
    digits = "".join(character for character in event["now"] if character.isdigit())
    # The attempt goes along: a release that comes when another has begun leaves that one alone.
    attempts = {run.run: run.attempt for run in known}
    return {
        "runs": [
            {"run": run, "execution": f"{names.execution_name(run, attempts[run])}-reap-{digits}"}
            for run in runs
        ]
    }


def _known(ledger: LedgerTable, run: str) -> Run | None:
    try:
        return ledger.run(run)
    except RecordMissingError:
        return None  # another environment of this account looks after it


def _is_over(settings: FindOverdueSettings, run: Run) -> bool:
    return execution_is_over(settings.pipeline_arn, names.execution_name(run.run, run.attempt))
