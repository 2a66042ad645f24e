"""`tunesmith runs`: which runs were there, and how did they end?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from cli.deployment import Deployment, connect
from cli.options import ENVIRONMENT, JSON
from cli.voice import answers, print_json, say
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket
from tunesmith.ledger import Run
from tunesmith.reporting.words import money


def runs(
    project: Annotated[
        str, typer.Option("--project", metavar="PROJECT", help="This project's runs alone.")
    ] = "",
    env: ENVIRONMENT = "dev",
    json: JSON = False,
) -> None:
    """List runs, the latest first."""
    deployment = connect(env)
    found = list_runs(deployment, [project] if project else projects(deployment))
    if json:
        print_json([_row(run) for run in found])
        return
    if not found:
        say(f"no runs in {env}{f' for project {project}' if project else ''}")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("run", "project", "started", "base model", "outcome", "cost"):
        table.add_column(name, no_wrap=True, justify="right" if name == "cost" else "left")
    for run in found:
        cost = run.actual_usd if run.actual_usd is not None else run.estimated_usd
        table.add_row(
            run.run,
            run.project,
            run.created[:16].replace("T", " "),
            run.base_model,
            run.outcome.replace("_", " ") or "open",
            "" if cost is None else money(float(cost)),
        )
    answers().print(table)


def projects(deployment: Deployment) -> list[str]:
    """List the projects that uploaded something."""
    keys = Bucket(deployment.dataset_bucket).keys("datasets/")
    return sorted({key.split("/")[1] for key in keys})


def list_runs(deployment: Deployment, of: Iterable[str]) -> list[Run]:
    """List the runs of some projects, latest first."""
    table = LedgerTable(deployment.ledger_table)
    found = [run for project in of for run in table.runs(project)]
    return sorted(found, key=lambda run: run.created, reverse=True)


def _row(run: Run) -> dict[str, object]:
    return {
        name: value for name, value in asdict(run).items() if name not in ("data", "announced", "attempt")
    }
