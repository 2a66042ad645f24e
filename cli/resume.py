"""`tunesmith resume`: starts another execution of a run that broke, which adopts what exists."""

from __future__ import annotations

from typing import Final

import typer
from botocore.exceptions import ClientError

from cli.deployment import Deployment, connect
from cli.look import look
from cli.options import ENVIRONMENT, JSON, RUN, WATCH
from cli.voice import CommandError, answers, print_json, say
from cli.watch import follow
from tunesmith import names
from tunesmith.aws.customization import CustomizationJob, model_may_exist, read_job
from tunesmith.aws.executions import start_run
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import LABEL_PAIRS, Bucket, run_prefix
from tunesmith.evaluation.label_sheet import judge_objection
from tunesmith.ledger import KEEP_UNPROMOTED_DAYS, CapacityKind, CapacityState, Outcome, Run
from tunesmith.serving.capacity import NEVER, later

NEW_RUN: Final = "change `seed` in the job file, or the data, and submit: that is a new run"
_FOR_GOOD: Final = {
    Outcome.PROMOTED: ("it was promoted", "`tunesmith rollback PROJECT` brings the champion before it back"),
    Outcome.REJECTED: ("the blind test rejected it, and its model was given back", NEW_RUN),
    Outcome.INCONCLUSIVE: (
        "it came to its end: the blind test cannot tell, and would say the same again",
        "`tunesmith promote RUN` puts it into service all the same; or submit more records",
    ),
    Outcome.ADVISED: ("it said whether to tune, and would say the same again", NEW_RUN),
    Outcome.INVALID: ("its data cannot be used, and a run keeps its data", "mend the data and submit it"),
}
"""Why a run of that outcome is over for good, and what to do instead; every other may go on."""
_LOST = ("Failed", "Stopping", "Stopped")
"""The statuses of jobs that leave no model."""


def resume(run: RUN, watch: WATCH = False, env: ENVIRONMENT = "dev", json: JSON = False) -> None:
    """Go on with a run that broke, or that was refused for a reason that is gone.

    What is paid for already is adopted: training is billed once.
    """
    deployment = connect(env)
    before = LedgerTable(deployment.ledger_table).run(run)
    attempt = before.attempt if _never_started(deployment, before) else _resume(deployment, before)
    name = names.execution_name(run, attempt)
    was = before.outcome.replace("_", " ") or "never started"
    if watch:
        say(f"run {run}: from {was} to execution {name}")
        raise typer.Exit(follow(deployment, run, json=json))
    if json:
        print_json({"run": run, "project": before.project, "from": was, "to": name})
        return
    answers().print(f"run {run}: from {was} to execution {name}", markup=False)
    say(f"Follow it with `tunesmith watch {run} --env {env}`")


def start_again(deployment: Deployment, run: str, *, by_hand: str = "") -> int:
    """Open a closed run again and start its next execution, whose number is returned.

    What the run still holds gets another lease, so that an end without promotion does not take it away at
    once. Raises RunOpenError.
    """
    table = LedgerTable(deployment.ledger_table)
    opened = table.reopen_run(run, by_hand=by_hand)
    for item in table.capacity(run):
        if item.state is not CapacityState.RELEASED and item.expires != NEVER:
            longer = later(item.expires, hours=24 * KEEP_UNPROMOTED_DAYS)
            table.update_capacity(run, item.token, expires=longer)
    start_run(deployment.pipeline_arn, run, opened.attempt)
    return opened.attempt


def refuse_open(deployment: Deployment, run: Run) -> None:
    """Raise CommandError where a run is not closed, with what to do about it."""
    if run.closed:
        return
    status = look(deployment, run.run).status
    name = names.execution_name(run.run, run.attempt)
    if status == "RUNNING":
        again = f"tunesmith watch {run.run} --env {deployment.environment}"
        raise CommandError(f"run {run.run} is still at work in execution {name}", f"follow it: {again}")
    raise CommandError(
        f"run {run.run} is not closed yet although its execution {name} has ended: {status.lower()}",
        f"its release may be on the way; else: tunesmith capacity --reap --env {deployment.environment}",
    )


def _never_started(deployment: Deployment, run: Run) -> bool:
    """Start the execution of a run that was opened and then left alone, as by a command that was killed."""
    if run.closed or look(deployment, run.run).status:
        return False
    return start_run(deployment.pipeline_arn, run.run, run.attempt)


def _resume(deployment: Deployment, run: Run) -> int:
    refuse_open(deployment, run)
    if run.outcome in _FOR_GOOD and not _judge_was_checked(deployment, run):
        why, instead = _FOR_GOOD[Outcome(run.outcome)]
        raise CommandError(
            f"run {run.run} cannot be resumed: {why}",
            instead.replace("PROJECT", run.project).replace("RUN", run.run),
        )
    held = LedgerTable(deployment.ledger_table).capacity(run.run)
    numbers = {names.number_of(item.name) for item in held if item.kind is CapacityKind.JOB} | {run.chosen}
    jobs = {number: _job(names.job_name(run.project, run.run, number)) for number in sorted(numbers)}
    lost = [job for job in jobs.values() if job is not None and job.status in _LOST]
    if len(lost) == len(jobs):
        last = lost[-1]
        told = f" ({last.failure})" if last.failure else ""
        raise CommandError(
            f"run {run.run} cannot be resumed: Bedrock has its job {last.name} as "
            f"{last.status.lower()}{told}, and never gives a job's name away again",
            f"mend the reason, then {NEW_RUN}",
        )
    job = jobs[run.chosen]
    if job is not None and job.status == "Completed" and not model_may_exist(job.model_arn):
        raise CommandError(
            f"run {run.run} cannot be resumed: its job {job.name} is over, and the model was deleted since",
            NEW_RUN,
        )
    return start_again(deployment, run.run)


def _judge_was_checked(deployment: Deployment, run: Run) -> bool:
    """Tell whether a run that its judge could only report on may be decided now."""
    bucket, prefix = Bucket(deployment.artifacts_bucket), run_prefix(run.run)
    verdict, pairs = f"{prefix}/evaluation/verdict.json", f"{prefix}/{LABEL_PAIRS}"
    if run.outcome != Outcome.INCONCLUSIVE or not (bucket.head(verdict) and bucket.head(pairs)):
        return False
    if not bucket.read_json(verdict).get("reports_only"):
        return False
    judge = bucket.read_json(pairs)
    labelled = LedgerTable(deployment.ledger_table).judge_labels(run.project, judge["fingerprint"])
    return not judge_objection(run.run, judge["judge"], labelled)


def _job(name: str) -> CustomizationJob | None:
    try:
        return read_job(name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
