"""`tunesmith promote`: a person puts a candidate into service that the verdict did not."""

from __future__ import annotations

import getpass
from typing import Any

import typer

from cli.deployment import Deployment, connect
from cli.options import ENVIRONMENT, JSON, RUN, YES
from cli.resume import NEW_RUN, refuse_open, start_again
from cli.verdict import exit_code, render
from cli.voice import CommandError, answers, confirm, print_json, say
from cli.watch import INTERRUPTED, follow_to_end
from tunesmith.aws.customization import model_may_exist
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.ledger import Capacity, CapacityState, Champion, Run
from tunesmith.serving.capacity import model_token


def promote(run: RUN, yes: YES = False, env: ENVIRONMENT = "dev", json: JSON = False) -> None:
    """Put a run's model into service although its verdict was another.

    For a model that was kept: of a run that was inconclusive or failed, or of a champion before. A second
    execution adopts it, compares it once more and serves it, whatever comes out.
    """
    deployment = connect(env)
    table = LedgerTable(deployment.ledger_table)
    found = table.run(run)
    before = table.champion(found.project)
    model = _model(deployment, found, before)
    verdict = f"{found.outcome.replace('_', ' ')}: {found.reason}" if found.reason else found.outcome
    say(f"run {run} was {verdict}")
    say(f"champion of {found.project}: from {_named(before)} to {model.name} (run {run})")
    if not confirm("Put it into service all the same?", yes=yes):
        raise typer.Exit(1)
    start_again(deployment, run, by_hand=f"promoted by hand by {getpass.getuser()}")
    summary = follow_to_end(deployment, run)
    if summary is None:
        raise typer.Exit(INTERRUPTED)
    after = table.champion(found.project)
    change = {"project": found.project, "from": champion_facts(before), "to": champion_facts(after)}
    if json:
        print_json(summary | change)
    else:
        answers().print(render(summary, env), crop=False)
        answers().print(changed(change), markup=False)
    raise typer.Exit(exit_code(summary))


def champion_facts(champion: Champion | None) -> dict[str, str] | None:
    """Tell of a champion what changes when another takes its place."""
    if champion is None:
        return None
    return {
        "run": champion.run,
        "model_name": champion.model_name,
        "model_arn": champion.model_arn,
        "arn": champion.arn,
    }


def changed(change: dict[str, Any]) -> str:
    """Say in a line which champion took which one's place, and what callers see of that."""
    before, after = change["from"], change["to"]
    if before == after:
        return f"champion of {change['project']}: {_name(after)}, as before"
    line = f"champion of {change['project']}: from {_name(before)} to {_name(after)}"
    if before is None or after is None:
        return line
    same = before["arn"] == after["arn"]
    return f"{line}; callers {'keep their ARN' if same else 'must move to ' + after['arn']}"


def _model(deployment: Deployment, run: Run, champion: Champion | None) -> Capacity:
    """Find the model that would be served. Raises CommandError where there is none, or where it serves."""
    refuse_open(deployment, run)
    if champion is not None and champion.run == run.run:
        raise CommandError(f"run {run.run} cannot be promoted: its model is the champion of {run.project}")
    held = LedgerTable(deployment.ledger_table).capacity(run.run)
    model = next((item for item in held if item.token == model_token(run.chosen)), None)
    if model is None:
        raise CommandError(
            f"run {run.run} cannot be promoted: it was {run.outcome.replace('_', ' ')} before training",
            "mend the reason, then submit again",
        )
    if model.state is CapacityState.RELEASED or not model_may_exist(model.name):
        raise CommandError(
            f"run {run.run} ({run.outcome}) cannot be promoted: its model {model.name} does not exist",
            NEW_RUN,
        )
    return model


def _named(champion: Champion | None) -> str:
    return f"{champion.model_name} (run {champion.run})" if champion else "none"


def _name(facts: dict[str, str] | None) -> str:
    return f"{facts['model_name']} (run {facts['run']})" if facts else "none"
