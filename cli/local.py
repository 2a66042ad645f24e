"""`tunesmith local`: AWS on this machine, with Tunesmith deployed into it by the real CDK command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from cli.deployment import LOCAL, Deployment, connect
from cli.options import DATA, JOB, JSON
from cli.submit import submit_job
from cli.voice import CommandError, answers, print_json, say
from local.clock import DEFAULT_SCALE
from local.cloud import LocalCloud

SCALE = Annotated[float, typer.Option("--scale", min=1, help="How much faster than the wall its clock runs.")]

app = typer.Typer(help="Run the same stack on this machine, without an AWS account.", no_args_is_help=True)


@app.command("up")
def up(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one.")] = 0,
    scale: SCALE = DEFAULT_SCALE,
    json: JSON = False,
) -> None:
    """Start the local cloud, deploy Tunesmith into it and leave it running."""
    cloud = LocalCloud.running()
    if cloud is None:
        cloud = LocalCloud.up(port=port, scale=scale)
        cloud.deploy(say)
    else:
        say("the local cloud is running already")
    if json:
        print_json({"endpoint": cloud.endpoint, "scale": cloud.scale, "environment": cloud.environment()})
        return
    answers().print(cloud.endpoint, markup=False)
    say("Use it with `tunesmith submit JOB --watch --env local`, or from any AWS tool with:")
    for name, value in cloud.environment().items():
        say(f"  export {name}={value}")


@app.command("run")
def run(job: JOB, data: DATA = None, scale: SCALE = DEFAULT_SCALE, json: JSON = False) -> None:
    """Submit a job to the local cloud and follow it; starts one for the while where none is running."""
    with local_deployment(scale) as deployment:
        code = submit_job(deployment, job, data or [], watch=True, json=json)
    raise typer.Exit(code)


@app.command("down")
def down() -> None:
    """Stop the local cloud; everything in it is gone."""
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
    cloud = LocalCloud.up(scale=scale)
    try:
        cloud.deploy(say)
        yield connect(LOCAL)
    finally:
        cloud.down()
