"""`tunesmith destroy`: takes an environment out of the account, what is billed first, and says what stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from cli.capacity import make_due, reap_overdue, row, usd_per_month
from cli.deployment import Deployment, NotDeployedError, connect
from cli.machines import interval, running, stop
from cli.options import ENVIRONMENT, JSON, YES
from cli.runs import projects
from cli.stacks import Stack, delete_stacks, deployed_stacks, empty_bucket, require_checkout
from cli.voice import CommandError, answers, confirm, print_json, say
from tunesmith import names
from tunesmith.aws import clients
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.ledger import Capacity, Champion
from tunesmith.reporting.words import money

_ROUNDS: Final = 3
"""How often the reaper is sent, since what one round frees, the next may delete."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """What an environment holds beside its stacks."""

    deployment: Deployment
    projects: Sequence[str]
    champions: Sequence[Champion]
    capacity: Sequence[Capacity]
    executions: Sequence[str]


def destroy(
    yes: YES = False,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Delete uploads, records and reports too.")
    ] = False,
    env: ENVIRONMENT = "dev",
    json: JSON = False,
) -> None:
    """Take an environment out of the account: champions, capacity, then the stacks.

    Without --delete-data the storage stack stays as long as it would take data with it.
    """
    require_checkout()
    held = _held(env)
    stacks = deployed_stacks(env)
    if held is None and not stacks:
        say(f"nothing of {env} is deployed")
        return
    kept = [] if delete_data else [stack for stack in stacks if stack.buckets]
    going = [stack for stack in stacks if stack not in kept]
    _refuse_protected(going)
    _announce(held, going, kept, delete_data=delete_data)
    if held is None and not going:
        return
    if not confirm(f"Destroy {env}?", yes=yes):
        raise typer.Exit(1)

    went: dict[str, Any] = {"executions": [], "champions": [], "capacity": [], "objects": 0, "stacks": []}
    if held is not None:
        went |= give_everything_back(held)
    if delete_data:
        for bucket in [bucket for stack in going for bucket in stack.buckets]:
            say(f"emptying {bucket}")
            went["objects"] += empty_bucket(bucket)
    if going:
        region = clients.ssm().meta.region_name
        delete_stacks([stack.name for stack in going], environment=env, region=region, tell=_tell)
    went["stacks"] = [stack.name for stack in going]
    remains = [item for stack in going for item in stack.remains] + [_kept(stack, env) for stack in kept]
    if json:
        print_json({"environment": env, "went": went, "remains": remains})
    else:
        _show(went, remains)


def give_everything_back(held: Held, *, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """Stop executions, take champions out, and have the reaper release all capacity; returns what went.

    Raises CommandError where something billable is left: the stacks, which can still remove it, must stay.
    """
    deployment = held.deployment
    table = LedgerTable(deployment.ledger_table)
    for execution in held.executions:
        say(f"stopping {execution.rsplit(':', 1)[1]}")
        stop(execution, f"tunesmith destroy --env {deployment.environment}")
    _await_releases(deployment, sleep)
    for project in held.projects:
        table.delete_champion(project)
        _delete_parameter(names.champion_parameter(deployment.environment, project))
    left = table.open_capacity()
    gone = {(item.run, item.token): f"{item.kind} {item.name}" for item in (*held.capacity, *left)}
    for _ in range(_ROUNDS):
        if not left:
            break
        make_due(table, left)
        ended = reap_overdue(deployment)
        if ended.problem:
            say(ended.problem)
        left = table.open_capacity()
    if left:
        told = "\n  ".join(
            f"{item.kind} {item.name}: {item.problem or 'not given back yet'}" for item in left
        )
        raise CommandError(
            f"something billable is left, so the stacks stay:\n  {told}",
            "remove by hand what Bedrock refuses to delete, then destroy again",
        )
    return {
        "executions": [execution.rsplit(":", 1)[1] for execution in held.executions],
        "champions": [champion.model_name for champion in held.champions],
        "capacity": list(gone.values()),
    }


def _held(environment: str) -> Held | None:
    """Look up what is to be given back; None where the stack that could do it is gone already."""
    try:
        deployment = connect(environment)
    except NotDeployedError:
        return None
    table = LedgerTable(deployment.ledger_table)
    capacity = table.open_capacity()
    known = sorted({*projects(deployment), *(item.project for item in capacity)})
    found = (table.champion(project) for project in known)
    return Held(
        deployment=deployment,
        projects=known,
        champions=[champion for champion in found if champion is not None],
        capacity=capacity,
        executions=[*running(deployment.pipeline_arn), *running(deployment.serve_arn)],
    )


def _refuse_protected(stacks: Sequence[Stack]) -> None:
    protected = [stack.name for stack in stacks if stack.protected]
    if protected:
        lines = "\n  ".join(
            f"aws cloudformation update-termination-protection --no-enable-termination-protection "
            f"--stack-name {name}"
            for name in protected
        )
        raise CommandError(
            f"{' and '.join(protected)} cannot be deleted by mistake; nothing was touched",
            f"take the protection away first:\n  {lines}",
        )


def _announce(held: Held | None, going: Sequence[Stack], kept: Sequence[Stack], *, delete_data: bool) -> None:
    if held is not None:
        for execution in held.executions:
            say(f"  stops      {execution.rsplit(':', 1)[1]}")
        for champion in held.champions:
            say(f"  champion   {champion.model_name} of {champion.project}, callers lose {champion.arn}")
        for item in held.capacity:
            monthly = row(item)["usd_per_month"]
            say(f"  {item.kind:<10} {item.name}{f', {money(float(monthly))} a month' if monthly else ''}")
        if total := usd_per_month(held.capacity):
            say(f"  saves      {money(float(total))} a month")
    for stack in going:
        say(f"  stack      {stack.name}")
        for bucket in stack.buckets if delete_data else ():
            say(f"  data       everything in {bucket}")
    for stack in kept:
        say(f"  stays      {stack.name}, with what was uploaded and recorded (see --delete-data)")


def _await_releases(deployment: Deployment, sleep: Callable[[float], None]) -> None:
    """Let the releases of stopped executions come and end, so that none works against the reaper's.

    One that never comes is made good by the reaper.
    """
    patience = 20.0 if deployment.is_local else 120.0
    table = LedgerTable(deployment.ledger_table)
    waited = 0.0
    while waited < patience and _open_runs(table):
        sleep(interval(deployment))
        waited += interval(deployment)
    while running(deployment.release_arn):
        sleep(interval(deployment))


def _open_runs(table: LedgerTable) -> list[str]:
    return [run for run in {item.run for item in table.open_capacity()} if not table.run(run).closed]


def _delete_parameter(name: str) -> None:
    try:
        clients.ssm().delete_parameter(Name=name)
    except clients.ssm().exceptions.ParameterNotFound:
        return


def _kept(stack: Stack, environment: str) -> dict[str, str]:
    return {
        "what": "AWS::CloudFormation::Stack",
        "id": stack.name,
        "why": "it holds what was uploaded and recorded; "
        f"`tunesmith destroy --delete-data --env {environment}` deletes it too",
    }


def _tell(line: str) -> None:
    """Show of CDK's lines those that say which stack it is about."""
    if "destroy" in line.lower() or "✅" in line:
        say(line)


def _show(went: dict[str, Any], remains: Sequence[dict[str, str]]) -> None:
    for what, told in went.items():
        if told:
            shown = ", ".join(told) if isinstance(told, list) else f"{told:,}"
            answers().print(f"went     {what}: {shown}", markup=False)
    for item in remains:
        answers().print(f"remains  {item['what']} {item['id']}: {item['why']}", markup=False)
    answers().print(
        "remains  CDK's own bootstrap stack, which other apps of the account may use", markup=False
    )
