"""`tunesmith label`: do people agree with a run's judge? Writes the sheet that they fill in, and reads it."""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.deployment import Deployment, connect
from cli.options import ENVIRONMENT, JSON, RUN
from cli.voice import CommandError, answers, print_json, say
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import LABEL_PAIRS, Bucket, run_prefix
from tunesmith.evaluation.label_sheet import (
    FEWEST_LABELS,
    LEAST_KAPPA,
    Label,
    SheetError,
    agreement,
    read_sheet,
    write_sheet,
)
from tunesmith.ledger import JudgeLabels

SHEETS: Final = Path(".tunesmith/labels")
_SAID: Final = {1.0: "candidate", 0.5: "tie", 0.0: "other"}


def label(
    run: RUN,
    read: Annotated[
        Path | None, typer.Option("--read", metavar="FILE", help="Sheet that was filled in.")
    ] = None,
    env: ENVIRONMENT = "dev",
    json: JSON = False,
) -> None:
    """Make the sheet by which people check a run's judge, or read it back and keep how far they agree.

    The sheet holds records of the blind test: give it to nobody who chooses training records.
    """
    deployment = connect(env)
    known = _pairs(deployment, run)
    if read is None:
        _make(run, known, json=json)
        return
    if not read.is_file():
        raise CommandError(f"there is no file {read}")
    try:
        labels = read_sheet(read.read_bytes(), known["pairs"])
    except SheetError as error:
        raise CommandError(f"{read} cannot be used: {error}", "mend it and read it again") from error
    raise typer.Exit(_keep(deployment, run, known, labels, json=json))


def _pairs(deployment: Deployment, run: str) -> dict[str, Any]:
    LedgerTable(deployment.ledger_table).run(run)
    bucket, key = Bucket(deployment.artifacts_bucket), f"{run_prefix(run)}/{LABEL_PAIRS}"
    if bucket.head(key) is None:
        raise CommandError(
            f"run {run} has no pairs to label: it asked no judge, or has not been evaluated yet",
            "a job file asks one by evaluation.metric: judge",
        )
    known: dict[str, Any] = bucket.read_json(key)
    return known


def _make(run: str, known: dict[str, Any], *, json: bool) -> None:
    pairs = known["pairs"]
    SHEETS.mkdir(parents=True, exist_ok=True)
    file = SHEETS / f"{run}.csv"
    if file.exists():
        raise CommandError(f"there is {file} already, which may hold labels", "move it away, or read it")
    # Blind records: for this user's eyes alone.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as sheet:
        sheet.write(write_sheet(pairs))
    if json:
        print_json({"run": run, "judge": known["judge"], "pairs": len(pairs), "file": str(file)})
    else:
        answers().print(str(file), markup=False)
    say(f"{len(pairs):,} pairs: write A, B or tie into the column better, in {FEWEST_LABELS} rows at least")
    if len(pairs) < FEWEST_LABELS:
        say("They are too few for that: a judge needs a larger blind test")
    say(f"Then: tunesmith label {run} --read {file}")


def _keep(deployment: Deployment, run: str, known: dict[str, Any], labels: list[Label], *, json: bool) -> int:
    if not labels:
        raise CommandError("nothing is filled in: the column better is empty in each row")
    found, table = agreement(labels), LedgerTable(deployment.ledger_table)
    kept = JudgeLabels(
        project=table.run(run).project,
        fingerprint=known["fingerprint"],
        run=run,
        labels={one.record: _SAID[one.person] for one in labels},
        kappa=_decimal(found.kappa),
        low=_decimal(found.low),
        high=_decimal(found.high),
        by=getpass.getuser(),
        read=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    table.put_judge_labels(kept)
    may = found.things >= FEWEST_LABELS and found.kappa >= LEAST_KAPPA
    if json:
        print_json(
            {
                "run": run,
                "project": kept.project,
                "judge": known["judge"],
                "labels": found.things,
                "agreed_percent": round(100 * found.agreed, 1),
                "kappa": kept.kappa,
                "low": kept.low,
                "high": kept.high,
                "may_promote": may,
            }
        )
    else:
        answers().print(
            f"kappa {found.kappa:.2f} (95% interval {found.low:.2f} to {found.high:.2f}) on {found.things:,}"
            f" pairs; judge and people agree on {100 * found.agreed:.1f}%",
            markup=False,
        )
    if may:
        say(f"Runs of {kept.project} with this judge and these criteria may promote from now on.")
    else:
        say(f"The judge reports only: {FEWEST_LABELS} labels and a kappa of {LEAST_KAPPA} are needed.")
    return 0 if may else 1


def _decimal(value: float) -> Decimal:
    return Decimal(repr(round(value, 6)))
