"""`tunesmith watch`: follows a run to its end and tells the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.live import Live

from cli.deployment import Deployment, connect
from cli.display import changes, draw
from cli.look import View, elapsed, look
from cli.options import ENVIRONMENT, JSON, RUN
from cli.report import fetch_page, read_report
from cli.upload import Upload
from cli.verdict import exit_code, render, summarize
from cli.voice import CommandError, answers, print_json, progress, say, tell_error
from tunesmith.aws.objects import Bucket
from tunesmith.ledger import Run

INTERRUPTED = 130
"""Exit code of a command that was stopped by Ctrl-C, as shells have it."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often a run is looked at and how long it may keep us waiting; seconds of the wall clock."""

    interval: float
    admission: float
    """How long a run may take to appear after its upload."""
    report: float
    """How long after the end of its execution the report may take to appear."""


_QUIET = 2.0
"""Seconds that a run may keep us waiting before that is worth a line."""

LOCAL_PACE = Pace(interval=0.3, admission=30, report=20)
AWS_PACE = Pace(interval=5, admission=180, report=120)


def watch(run: RUN, env: ENVIRONMENT = "dev", json: JSON = False) -> None:
    """Follow a run to its verdict."""
    raise typer.Exit(follow(connect(env), run, json=json))


def follow(
    deployment: Deployment,
    run: str,
    *,
    upload: Upload | None = None,
    json: bool = False,
    pace: Pace | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Follow a run to its end, print the verdict and return the exit code.

    With `upload`, a run that never appears is explained from what was uploaded.
    """
    pace = pace or (LOCAL_PACE if deployment.is_local else AWS_PACE)
    try:
        if not _await_admission(deployment, run, upload, pace, sleep):
            return 1
    except KeyboardInterrupt:
        return _left_alone(deployment, run)
    summary = follow_to_end(deployment, run, pace=pace, sleep=sleep)
    if summary is None:
        return INTERRUPTED
    if json:
        print_json(summary)
    else:
        answers().print(render(summary, deployment.environment), crop=False)
    return exit_code(summary)


def follow_to_end(
    deployment: Deployment,
    run: str,
    *,
    pace: Pace | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any] | None:
    """Follow an admitted run to its end and sum it up; None where the watching was interrupted."""
    pace = pace or (LOCAL_PACE if deployment.is_local else AWS_PACE)
    try:
        view = look(deployment, run)
        if not view.is_over:  # else its steps are history, and stand in the report
            view = _follow_steps(deployment, run, pace, sleep)
        page = _await_page(deployment, view, pace, sleep)
    except KeyboardInterrupt:
        _left_alone(deployment, run)
        return None
    if page is None:
        tell_error(f"run {run} is over and has no report", "look at the executions of its release machine")
    return summarize(view, read_report(deployment, run) if page else None, page)


def _left_alone(deployment: Deployment, run: str) -> int:
    again = f"tunesmith watch {run} --env {deployment.environment}"
    say(f"stopped watching; the run goes on. Follow it again: {again}")
    return INTERRUPTED


def _await_admission(
    deployment: Deployment, run: str, upload: Upload | None, pace: Pace, sleep: Callable[[float], None]
) -> bool:
    """Wait until the ledger has the run; False where its job file was refused, which is told."""
    for attempt in range(round(pace.admission / pace.interval) + 1):
        if look(deployment, run).run is not None:
            return True
        if upload is not None and (problems := _rejection(deployment, upload)):
            tell_error(f"the job file was refused, run {run} was not started")
            for problem in problems:
                say(f"  {problem}")
            return False
        if attempt == round(_QUIET / pace.interval):
            say(f"waiting for run {run} to appear in the ledger")
        sleep(pace.interval)
    raise _never_admitted(deployment, run, upload, pace)


def _rejection(deployment: Deployment, upload: Upload) -> list[str]:
    bucket = Bucket(deployment.artifacts_bucket)
    if bucket.head(upload.rejection_key) is None:
        return []
    problems: list[str] = bucket.read_json(upload.rejection_key)["problems"]
    return problems


def _never_admitted(deployment: Deployment, run: str, upload: Upload | None, pace: Pace) -> CommandError:
    waited = (
        f"run {run} did not appear in the ledger of {deployment.environment} within {pace.admission:.0f} s"
    )
    if upload is None:
        return CommandError(waited, f"list the known runs: tunesmith runs --env {deployment.environment}")
    datasets = Bucket(deployment.dataset_bucket)
    keys = [upload.job_key, *(file.key for file in upload.files)]
    missing = [datasets.uri(key) for key in keys if datasets.head(key) is None]
    if missing:
        return CommandError(f"{waited}: {', '.join(missing)} is missing", "submit the job file again")
    return CommandError(
        f"{waited}, although everything that it needs is uploaded",
        "look at the log of admit_upload and at its dead-letter queue, then submit again",
    )


def _follow_steps(deployment: Deployment, run: str, pace: Pace, sleep: Callable[[float], None]) -> View:
    before = View()
    with _display(progress()) as live:
        while True:
            view = look(deployment, run)
            spent = elapsed(view, datetime.now(UTC), deployment.scale)
            if live is not None:
                live.update(draw(view, spent, deployment.environment))
            else:
                for line in changes(before, view, spent):
                    say(line)
            if view.is_over:
                return view
            sleep(pace.interval)
            before = view


def _display(console: Console) -> AbstractContextManager[Live | None]:
    return Live(console=console, refresh_per_second=8) if console.is_terminal else nullcontext()


def _await_page(
    deployment: Deployment, view: View, pace: Pace, sleep: Callable[[float], None]
) -> Path | None:
    """Wait for the report of this very end; a run that was resumed has an earlier one already."""
    if view.run is None:
        return None
    for _ in range(round(pace.report / pace.interval)):
        if _is_current(deployment, view.run):
            break
        sleep(pace.interval)
    return fetch_page(deployment, view.run.run) if _is_current(deployment, view.run) else None


def _is_current(deployment: Deployment, run: Run) -> bool:
    report = read_report(deployment, run.run)
    return report is not None and report["clock"]["closed"] == run.closed
