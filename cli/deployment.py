"""Which deployed Tunesmith does a command talk to? The one that the environment's SSM parameter tells of."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields

from botocore.exceptions import ClientError

from cli.voice import CommandError
from local.cloud import LocalCloud
from tunesmith import names
from tunesmith.aws import clients

LOCAL = "local"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What is deployed, as the stacks wrote it; `scale` is how much faster than the wall its clock runs."""

    environment: str
    region: str
    account: str
    dataset_bucket: str
    artifacts_bucket: str
    ledger_table: str
    pipeline_arn: str
    release_arn: str
    serve_arn: str
    reap_arn: str
    topic_arn: str
    scale: float = 1.0

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine."""
        return self.environment == LOCAL

    def execution_arn(self, run: str, attempt: int) -> str:
        """Name a run's execution of the pipeline."""
        machine = self.pipeline_arn.replace(":stateMachine:", ":execution:")
        return f"{machine}:{names.execution_name(run, attempt)}"


class NotDeployedError(CommandError):
    """When an environment's parameter is not there: it was never deployed, or is destroyed."""


def connect(environment: str) -> Deployment:
    """Find an environment; `local` is the local cloud that is running here.

    Raises NotDeployedError, CommandError where no local cloud runs or the deployment is an older one.
    """
    scale = _use_local_cloud() if environment == LOCAL else 1.0
    deploy = "tunesmith local up" if environment == LOCAL else f"make deploy ENV={environment}"
    parameter = names.deployment_parameter(environment)
    try:
        value = clients.ssm().get_parameter(Name=parameter)["Parameter"]["Value"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        region = clients.ssm().meta.region_name
        raise NotDeployedError(
            f"environment {environment!r} is not deployed in {region}: there is no parameter {parameter}",
            f"deploy it with `{deploy}`, or name another environment with --env",
        ) from error
    known = {field.name for field in fields(Deployment)}
    found = {name: entry for name, entry in json.loads(value).items() if name in known}
    if missing := known - found.keys() - {"scale"}:
        raise CommandError(
            f"{parameter} does not tell of {', '.join(sorted(missing))}: an older version is deployed",
            f"deploy this one with `{deploy}`",
        )
    return Deployment(**found | {"scale": scale})


def use(variables: dict[str, str]) -> None:
    """Let every client from here on use these endpoint, Region and credentials."""
    os.environ.update(variables)  # noqa: TID251 # boto3 takes an endpoint for all services from there alone
    clients.forget()


def _use_local_cloud() -> float:
    cloud = LocalCloud.running()
    if cloud is None:
        raise CommandError("no local cloud is running here", "start one with `tunesmith local up`")
    use(cloud.environment())
    return cloud.scale
