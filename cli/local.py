"""`tunesmith local`: AWS on this machine, with Tunesmith deployed into it by the real CDK command."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
from rich.markup import escape

from cli.deployment import LOCAL, Deployment, NotDeployedError, connect
from cli.options import DATA, JOB, JSON
from cli.submit import submit_job
from cli.voice import CommandError, answers, print_json, progress, say
from local.clock import DEFAULT_SCALE
from local.cloud import LocalCloud
from tunesmith.reporting.words import duration

SCALE = Annotated[float, typer.Option("--scale", min=1, help="How much faster than the wall its clock runs.")]
_STAGE: Final = re.compile(r"[A-Z][a-z]+ing .*(stacks|account)|✅")
"""Of the lines of a deployment, those that a log wants: what begins, and which stack is done."""

_TOLD: Final = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""What another tool needs to talk to the local cloud; `--json` tells all."""

app = typer.Typer(help="Run the same stack on this machine, without an AWS account.", no_args_is_help=True)


@app.command("up")
def up(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one.")] = 0,
    scale: SCALE = DEFAULT_SCALE,
    json: JSON = False,
) -> None:
    """Start a local cloud with Tunesmith in it."""
    cloud = LocalCloud.running()
    if cloud is None:
        say("starting the local cloud")
        cloud = LocalCloud.up(port=port, scale=scale)
        try:
            deploy(cloud)
        except BaseException:
            cloud.down()  # a cloud without a deployment is of no use, and would be found as running
            raise
    else:
        say("the local cloud is running already")
        if not _is_deployed():
            deploy(cloud)
    if json:
        print_json({"endpoint": cloud.endpoint, "scale": cloud.scale, "environment": cloud.environment()})
        return
    answers().print(cloud.endpoint, markup=False)
    say("Use it with `tunesmith submit JOB --watch --env local`, or from any AWS tool with:")
    for name in _TOLD:
        say(f"  export {name}={cloud.environment()[name]}")


@app.command("run")
def run(job: JOB, data: DATA = None, scale: SCALE = DEFAULT_SCALE, json: JSON = False) -> None:
    """Submit a job to the local cloud and follow it.

    Where none is running, one is started for the while.
    """
    with local_deployment(scale) as deployment:
        code = submit_job(deployment, job, data or [], watch=True, json=json)
    raise typer.Exit(code)


@app.command("down")
def down() -> None:
    """Stop the local cloud and forget what it held."""
    cloud = LocalCloud.running()
    if cloud is None:
        raise CommandError("no local cloud is running here")
    cloud.down()
    say("the local cloud is down")


@contextmanager
def local_deployment(scale: float = DEFAULT_SCALE) -> Iterator[Deployment]:
    """Yield what is deployed in the local cloud; one that had to be started is stopped afterwards."""
    if LocalCloud.running() is not None:
        say("using the local cloud that is running")
        yield connect(LOCAL)
        return
    say("starting the local cloud")
    cloud = LocalCloud.up(scale=scale, owner=os.getpid())
    try:
        deploy(cloud)
        yield connect(LOCAL)
    finally:
        cloud.down()


def _is_deployed() -> bool:
    try:
        connect(LOCAL)
    except NotDeployedError:  # `tunesmith destroy` leaves the cloud itself running
        return False
    return True


def deploy(cloud: LocalCloud) -> None:
    """Deploy by the real CDK command; a terminal shows its lines in place, a pipe gets the stages alone."""
    console = progress()
    if not console.is_terminal:
        cloud.deploy(lambda line: say(line) if _STAGE.match(line) else None)
        return
    began = time.monotonic()
    with console.status("deploying") as status:
        cloud.deploy(lambda line: status.update(escape(line.strip()[: console.width - 4])))
    say(f"deployed by cdk in {duration(time.monotonic() - began)}")
