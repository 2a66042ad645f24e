"""`tunesmith submit`: uploads a job file with its data, which is all that it takes to start a run."""

from __future__ import annotations

from pathlib import Path

import typer

from cli.deployment import Deployment, connect
from cli.options import DATA, ENVIRONMENT, JOB, JSON, WATCH
from cli.upload import Upload, plan_upload, send
from cli.voice import answers, print_json, say
from cli.watch import follow
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket
from tunesmith.errors import RecordMissingError
from tunesmith.ledger import Outcome


def submit(
    job: JOB,
    data: DATA = None,
    watch: WATCH = False,
    env: ENVIRONMENT = "dev",
    json: JSON = False,
) -> None:
    """Upload a job file and its data, which starts a run; prints its id."""
    raise typer.Exit(submit_job(connect(env), job, data or [], watch=watch, json=json))


def submit_job(deployment: Deployment, job: Path, data: list[Path], *, watch: bool, json: bool) -> int:
    """Upload what a job file needs, print the run's id and, where asked, follow it; returns the exit code.

    A run that is over already is told and not uploaded again: equal content is the same run.
    """
    upload = plan_upload(job, data)
    over = _outcome(deployment, upload)
    if over:
        say(f"run {upload.run} is over already ({over}): the same job file and data are the same run.")
        say("To tune again, change either; another `seed` in the job file is enough.")
        if over == Outcome.FAILED:
            again = f"tunesmith resume {upload.run} --env {deployment.environment}"
            say(f"To go on where it broke, without paying for what is done: {again}")
    else:
        send(upload, Bucket(deployment.dataset_bucket), say)
    if watch:
        if not json:
            say(f"run {upload.run}")
        return follow(deployment, upload.run, upload=upload, json=json)
    if json:
        print_json({"run": upload.run, "project": upload.job.project, "outcome": over or None})
    else:
        answers().print(upload.run)
    return 0


def _outcome(deployment: Deployment, upload: Upload) -> str:
    try:
        return LedgerTable(deployment.ledger_table).run(upload.run).outcome
    except RecordMissingError:
        return ""
