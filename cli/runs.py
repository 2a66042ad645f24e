"""`tunesmith runs`: which runs were there, where do they stand, and how did they end?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from cli.deployment import Deployment, connect
from cli.look import View, look
from cli.options import ENVIRONMENT, JSON
from cli.voice import answers, print_json, say
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket
from tunesmith.evaluation.advice_answers import CALLED
from tunesmith.ledger import Run, Step
from tunesmith.reporting.words import money

_LISTED: Final = 20
_UNTOLD: Final = ("data", "announced", "attempt", "job_sha256", "blind_sha256")
_COLUMNS: Final = ("run", "project", "started", "base model", "status", "step", "verdict", "cost")


def runs(
    project: Annotated[
        str, typer.Option("--project", metavar="PROJECT", help="This project's runs alone.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = _LISTED,
    env: ENVIRONMENT = "dev",
    json: JSON = False,
) -> None:
    """List runs, the latest first.

    With the step that an open run is at, or that a closed one came to.
    """
    deployment = connect(env)
    found = list_runs(deployment, [project] if project else projects(deployment))
    rows = [_row(look(deployment, run.run)) for run in found[:limit]]
    if json:
        print_json(rows)
        return
    if not found:
        say(f"no runs in {env}{f' for project {project}' if project else ''}")
        return
    table = Table(box=None, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name, no_wrap=True, justify="right" if name == "cost" else "left")
    for row in rows:
        cost = row["actual_usd"] if row["actual_usd"] is not None else row["estimated_usd"]
        table.add_row(
            row["run"],
            row["project"],
            row["created"][:16].replace("T", " "),
            row["base_model"],
            row["status"].lower(),
            row["step"] or "",
            _verdict(row),
            "" if cost is None else money(float(cost)),
        )
    answers().print(table)
    if len(found) > limit:
        say(f"and {len(found) - limit:,} earlier ones; --limit shows more")


def projects(deployment: Deployment) -> list[str]:
    """List the projects that uploaded something."""
    keys = Bucket(deployment.dataset_bucket).keys("datasets/")
    return sorted({key.split("/")[1] for key in keys})


def list_runs(deployment: Deployment, of: Iterable[str]) -> list[Run]:
    """List the runs of some projects, latest first."""
    table = LedgerTable(deployment.ledger_table)
    found = [run for project in of for run in table.runs(project)]
    return sorted(found, key=lambda run: run.created, reverse=True)


def _row(view: View) -> dict[str, Any]:
    if view.run is None:
        return {}
    told = {name: value for name, value in asdict(view.run).items() if name not in _UNTOLD}
    work = replace(view, steps=[step for step in view.steps if step.step not in (Step.RELEASE, Step.REPORT)])
    decided = next((step.figures for step in view.steps if step.step is Step.DECIDE), {})
    return told | {
        "outcome": view.run.outcome or None,
        "status": view.status or "NOT STARTED",
        "step": work.current.step if work.current else None,
        "gain": decided.get("gain"),
        "advice": decided.get("advice"),
    }


def _verdict(row: dict[str, Any]) -> str:
    outcome = (row["outcome"] or "open").replace("_", " ")
    if row["advice"]:
        return CALLED[row["advice"]].lower()
    return f"{outcome} {float(row['gain']):+.1f}" if row["gain"] is not None else outcome
