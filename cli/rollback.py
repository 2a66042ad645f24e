"""`tunesmith rollback`: brings the champion back that was there before."""

from __future__ import annotations

import typer

from cli.deployment import Deployment, connect
from cli.machines import SUCCEEDED, Ended, run_machine
from cli.options import ENVIRONMENT, JSON, PROJECT, YES
from cli.promote import champion_facts, changed
from cli.voice import CommandError, answers, confirm, print_json, say, tell_error
from tunesmith import names
from tunesmith.aws.customization import model_may_exist
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.ledger import Champion, Outcome
from tunesmith.serving.capacity import model_token, open_serving
from tunesmith.serving.champion import ROLLBACK, plan_serving


def rollback(project: PROJECT, yes: YES = False, env: ENVIRONMENT = "dev", json: JSON = False) -> None:
    """Put a project's champion before back into service.

    It is asked a few records before callers are led to it; where it does not answer, all stays as it is. A
    second rollback takes the first one back.
    """
    deployment = connect(env)
    table = LedgerTable(deployment.ledger_table)
    before = table.champion(project)
    previous = _previous(table, project, before)
    run = previous["run"]
    say(f"champion of {project}: to {previous['model_name']} (run {run})")
    if not confirm("Roll back?", yes=yes):
        raise typer.Exit(1)
    ended = run_machine(
        deployment, deployment.serve_arn, {"run": run, "by_hand": ROLLBACK}, name=f"{run}-{ROLLBACK}"
    )
    change = {
        "project": project,
        "from": champion_facts(before),
        "to": champion_facts(table.champion(project)),
        "execution": ended.name,
        "reason": ended.problem or ended.output.get("reason", ""),
    }
    if json:
        print_json(change)
    else:
        answers().print(changed(change), markup=False)
    raise typer.Exit(_exit_code(deployment, ended))


def _previous(table: LedgerTable, project: str, champion: Champion | None) -> dict[str, str]:
    """Tell which champion comes back. Raises CommandError where none can."""
    if champion is None:
        raise CommandError(
            f"project {project!r} has no champion, so there is nothing to roll back",
            "list the runs, and with them the projects: tunesmith runs",
        )
    previous = champion.previous
    if previous is None:
        raise CommandError(
            f"{champion.model_name} is the first champion of {project}: there is none before it",
            "another run has to be promoted first",
        )
    if not model_may_exist(previous["model_arn"]):
        raise CommandError(
            f"the champion before, {previous['model_name']}, does not exist any more",
            f"submit the job of run {previous['run']} with another `seed`",
        )
    held = {item.token: item for item in table.capacity(previous["run"])}
    try:
        plan_serving(
            champion,
            run=previous["run"],
            base_model=previous["base_model"],
            model=held[model_token(names.number_of(previous["model_name"]))],
            serving=open_serving(held.values()),
        )
    except ValueError as error:
        raise CommandError(
            f"{previous['model_name']} has no capacity of its own any more, and cannot stand behind the ARN "
            f"of {champion.model_name}: their base models, or the ways they are served, differ",
            f"open some for it: tunesmith promote {previous['run']}",
        ) from error
    return previous


def _exit_code(deployment: Deployment, ended: Ended) -> int:
    if ended.status != SUCCEEDED:
        tell_error(
            f"the rollback ended {ended.status.lower()}: {ended.problem}",
            f"what is served now: tunesmith capacity --env {deployment.environment}",
        )
        return 2
    if ended.output["outcome"] != Outcome.PROMOTED:
        say(f"not rolled back: {ended.output['reason']}")
        return 1
    return 0
