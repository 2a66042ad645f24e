"""One local cloud of its own for the tests of `local/`, with the sample app deployed to it."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.cloud import LocalCloud

SAMPLE_APP = Path(__file__).parent / "sample_app"


@dataclass(frozen=True)
class Sample:
    """The running cloud and what the sample app's outputs say."""

    cloud: LocalCloud
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        return client_of(self.cloud, service)


@functools.cache
def client_of(cloud: LocalCloud, service: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def outputs_of(cloud: LocalCloud) -> dict[str, str]:
    stacks = client_of(cloud, "cloudformation").describe_stacks()["Stacks"]
    return {
        output["OutputKey"]: output["OutputValue"] for stack in stacks for output in stack.get("Outputs", [])
    }


def eventually(look: Callable[[], Any], seconds: float = 15.0) -> Any:
    """Return what `look` returns as soon as it is true; fail when it never is."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, "nothing came of it in time"
        time.sleep(0.05)
    return seen


@pytest.fixture(scope="session")
def local_cloud() -> Iterator[LocalCloud]:
    with LocalCloud.temporary(scale=600) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def sample(local_cloud: LocalCloud) -> Sample:
    local_cloud.deploy(app=SAMPLE_APP, context=("greeting=hello",))
    return Sample(local_cloud, outputs_of(local_cloud))


class Machines:
    """Creates state machines from definitions and runs them to their end."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.api = client_of(cloud, "stepfunctions")
        self._made = 0

    def create(self, states: dict[str, Any], **more: Any) -> str:
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **more}
        self._made += 1
        created = self.api.create_state_machine(
            name=f"machine-{self._made}",
            definition=json.dumps(definition),
            roleArn="arn:aws:iam::123456789012:role/any",
        )
        return str(created["stateMachineArn"])

    def start(self, machine: str, given: Any = None, **more: Any) -> str:
        started = self.api.start_execution(stateMachineArn=machine, input=json.dumps(given or {}), **more)
        return str(started["executionArn"])

    def end_of(self, execution: str) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            described: dict[str, Any] = self.api.describe_execution(executionArn=execution)
            return None if described["status"] == "RUNNING" else described

        description: dict[str, Any] = eventually(ended)
        return description

    def run(self, states: dict[str, Any], given: Any = None, **more: Any) -> dict[str, Any]:
        return self.end_of(self.start(self.create(states, **more), given))

    def output(self, states: dict[str, Any], given: Any = None) -> Any:
        ended = self.run(states, given)
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])


@pytest.fixture(scope="session")
def machines(local_cloud: LocalCloud) -> Machines:
    return Machines(local_cloud)
