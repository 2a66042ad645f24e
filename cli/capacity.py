"""`tunesmith capacity`: what costs money right now, what it costs a month, and when does it go?"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from cli.deployment import Deployment, connect
from cli.machines import SUCCEEDED, Ended, run_machine
from cli.options import ENVIRONMENT, JSON
from cli.resume import refuse_open
from cli.voice import CommandError, answers, print_json, say, tell_error
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.ledger import Capacity
from tunesmith.reporting.words import day, money
from tunesmith.serving.capacity import NEVER

HOURS_PER_MONTH: Final = 730


def capacity(
    reap: Annotated[
        bool, typer.Option("--reap", help="Start the reaper now, which gives back what is overdue.")
    ] = False,
    release: Annotated[
        str, typer.Option("--release", metavar="RUN", help="Give back what a closed run still holds, now.")
    ] = "",
    env: ENVIRONMENT = "dev",
    json: JSON = False,
) -> None:
    """List everything that is not given back yet, with its price and its end."""
    deployment = connect(env)
    table = LedgerTable(deployment.ledger_table)
    before = table.open_capacity()
    ended = None
    if release:
        ended = release_run(deployment, release)
    elif reap:
        ended = reap_overdue(deployment)
    left = table.open_capacity()
    if ended is not None:
        _tell_of_the_rest(before, left, ended)
    if json:
        print_json({"items": [row(item) for item in left], "usd_per_month": usd_per_month(left)})
    else:
        show(left, env)
    raise typer.Exit(0 if ended is None or ended.status == SUCCEEDED else 2)


def row(item: Capacity) -> dict[str, Any]:
    """Tell of a piece of capacity; `expires` is null where it stays."""
    return {
        "what": str(item.kind),
        "name": item.name,
        "arn": item.arn or None,
        "project": item.project,
        "run": item.run,
        "purpose": item.purpose,
        "state": str(item.state),
        "since": item.since,
        "usd_per_hour": item.usd_per_hour,
        "usd_per_month": _monthly(item),
        "expires": None if item.expires == NEVER else item.expires,
        "problem": item.problem or None,
    }


def usd_per_month(items: Sequence[Capacity]) -> Decimal:
    """Sum what capacity costs in a month of 730 hours, were all of it to stay."""
    return sum((_monthly(item) for item in items), Decimal(0))


def show(items: Sequence[Capacity], environment: str) -> None:
    """Print capacity as a table, with the total and what the reaper does about it."""
    if not items:
        say(f"nothing in {environment} is billed by the hour or month")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("what", "name", "held for", "since", "per hour", "per month", "goes"):
        table.add_column(name, no_wrap=True, justify="right" if name.startswith("per ") else "left")
    for item in items:
        table.add_row(
            str(item.kind),
            item.name,
            item.purpose,
            day(item.since),
            money(float(item.usd_per_hour)) if item.usd_per_hour else "",
            money(float(_monthly(item))) if _monthly(item) else "",
            "stays" if item.expires == NEVER else day(item.expires),
        )
    answers().print(table)
    answers().print(f"\n{money(float(usd_per_month(items)))} a month, were all of it to stay", markup=False)
    for item in items:
        if item.problem:
            say(f"{item.name} could not be given back: {item.problem}")
    if any(item.expires != NEVER for item in items):
        say("What has a date goes with the first round of the reaper behind it; the reaper comes every hour.")


def reap_overdue(deployment: Deployment) -> Ended:
    """Start the reaper and wait for its end."""
    say("reaping what is overdue")
    return run_machine(deployment, deployment.reap_arn, {}, name="by-hand")


def release_run(deployment: Deployment, run: str) -> Ended:
    """Make all that a closed run holds due, and release it; what serves a champion stays.

    Raises CommandError where the run is still at work.
    """
    table = LedgerTable(deployment.ledger_table)
    refuse_open(deployment, table.run(run))
    held = [item for item in table.open_capacity() if item.run == run and item.expires != NEVER]
    if not held:
        raise CommandError(f"run {run} holds nothing that could be given back: a champion's stays")
    make_due(table, held)
    say(f"giving back {', '.join(item.name for item in held)}")
    return run_machine(deployment, deployment.release_arn, {"run": run}, name=f"{run}-by-hand")


def make_due(table: LedgerTable, items: Sequence[Capacity]) -> None:
    """Let capacity be overdue from its beginning, which is past by whatever clock the cloud goes."""
    for item in items:
        table.update_capacity(item.run, item.token, expires=item.since)


def _monthly(item: Capacity) -> Decimal:
    return item.usd_per_month + item.usd_per_hour * HOURS_PER_MONTH


def _tell_of_the_rest(before: Sequence[Capacity], left: Sequence[Capacity], ended: Ended) -> None:
    remaining = {(item.run, item.token) for item in left}
    gone = [item.name for item in before if (item.run, item.token) not in remaining]
    say(f"given back: {', '.join(gone)}" if gone else "there was nothing to give back")
    if ended.status != SUCCEEDED:
        tell_error(
            f"{ended.name} ended {ended.status.lower()}: {ended.problem}",
            "remove by hand what Bedrock refuses to delete, then reap again",
        )
