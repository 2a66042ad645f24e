"""`tunesmith report`: fetches a run's report page, the same one that lies beside its records in S3."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.deployment import Deployment, connect
from cli.options import ENVIRONMENT, JSON, RUN
from cli.voice import CommandError, answers, print_json
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, run_prefix

REPORTS = Path(".tunesmith/reports")


def report(
    run: RUN,
    open_page: Annotated[bool, typer.Option("--open", help="Show the page in the browser.")] = False,
    env: ENVIRONMENT = "dev",
    json: JSON = False,
) -> None:
    """Download a run's report and print where it is."""
    deployment = connect(env)
    known = LedgerTable(deployment.ledger_table).run(run)
    page = fetch_page(deployment, run)
    if page is None:
        raise CommandError(
            f"run {run} has no report {'although it is closed' if known.closed else 'yet'}",
            f"follow it with `tunesmith watch {run} --env {env}`",
        )
    if json:
        print_json(read_report(deployment, run))
    else:
        answers().print(str(page), markup=False)
    if open_page:
        webbrowser.open(page.resolve().as_uri())


def fetch_page(deployment: Deployment, run: str) -> Path | None:
    """Download a run's page to `.tunesmith/reports/<run>.html`; None where it has none."""
    bucket = Bucket(deployment.artifacts_bucket)
    key = f"{run_prefix(run)}/report.html"
    if bucket.head(key) is None:
        return None
    REPORTS.mkdir(parents=True, exist_ok=True)
    page = REPORTS / f"{run}.html"
    page.write_bytes(bucket.read(key))
    return page


def read_report(deployment: Deployment, run: str) -> dict[str, Any] | None:
    """Read a run's report.json; None where it has none."""
    bucket = Bucket(deployment.artifacts_bucket)
    key = f"{run_prefix(run)}/report.json"
    if bucket.head(key) is None:
        return None
    found: dict[str, Any] = bucket.read_json(key)
    return found
