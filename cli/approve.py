"""`tunesmith approve` and `tunesmith deny`: answer a run that waits before it spends anything."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime

from cli.deployment import connect
from cli.options import ENVIRONMENT, JSON, RUN
from cli.voice import CommandError, answers, print_json, say
from tunesmith.aws.executions import answer_task
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.ledger import APPROVED, DENIED


def approve(run: RUN, env: ENVIRONMENT = "dev", json: JSON = False) -> None:
    """Let a run that asks go on to training, up to the amount that it names."""
    _answer(run, APPROVED, env, json=json)


def deny(run: RUN, env: ENVIRONMENT = "dev", json: JSON = False) -> None:
    """End a run that asks; nothing was paid for it."""
    _answer(run, DENIED, env, json=json)


def _answer(run: str, answer: str, env: str, *, json: bool) -> None:
    table = LedgerTable(connect(env).ledger_table)
    found = table.run(run)
    asked = table.approval(run)
    if found.closed:
        raise CommandError(f"run {run} asks nothing: it ended as {found.outcome.replace('_', ' ')}")
    if asked is None:
        raise CommandError(
            f"run {run} asks nothing", f"see where it stands with `tunesmith watch {run} --env {env}`"
        )
    if asked.answer:
        raise CommandError(f"run {run} was {asked.answer} by {asked.by} at {asked.answered}")
    by = getpass.getuser()
    if not answer_task(asked.token, approved=answer == APPROVED, by=by):
        raise CommandError(
            f"run {run} no longer waits: the time for an answer was over at {asked.deadline}",
            f"`tunesmith resume {run} --env {env}` lets it ask again",
        )
    table.answer_approval(run, asked.token, answer=answer, by=by, now=datetime.now(UTC).isoformat())
    if json:
        print_json(
            {"run": run, "project": found.project, "from": "waiting", "to": answer, "usd": float(asked.usd)}
        )
        return
    limit = f", up to ${asked.usd:,.2f}" if answer == APPROVED else ""
    answers().print(f"run {run}: from waiting to {answer}{limit}", markup=False)
    say(f"Follow it with `tunesmith watch {run} --env {env}`")
