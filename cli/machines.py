"""How does a command start a state machine, wait for its end, and stop what runs?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from botocore.exceptions import ClientError

from cli.deployment import Deployment
from cli.voice import CommandError
from tunesmith.aws import clients

RUNNING: Final = "RUNNING"
SUCCEEDED: Final = "SUCCEEDED"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How an execution ended; `problem` holds error and cause of one that did not succeed."""

    name: str
    status: str
    output: Mapping[str, Any]
    problem: str


def interval(deployment: Deployment) -> float:
    """Tell how many seconds of the wall clock pass between two looks at an execution."""
    return 0.3 if deployment.is_local else 5.0


def run_machine(
    deployment: Deployment,
    machine_arn: str,
    machine_input: Mapping[str, str],
    *,
    name: str,
    sleep: Callable[[float], None] = time.sleep,
) -> Ended:
    """Start `<name>-<n>` with the first number that is free, and wait for its end.

    One of equal input that still runs is joined, since StartExecution is idempotent for it. Raises
    CommandError where the waiting is interrupted.
    """
    arn = _start(machine_arn, json.dumps(machine_input), name)
    try:
        while True:
            found = clients.stepfunctions().describe_execution(executionArn=arn)
            if found["status"] != RUNNING:
                break
            sleep(interval(deployment))
    except KeyboardInterrupt as error:
        raise CommandError(f"stopped waiting; {arn} goes on", "the same command joins it again") from error
    told = (found.get("error", ""), found.get("cause", ""))
    return Ended(
        name=arn.rsplit(":", 1)[1],
        status=found["status"],
        output=json.loads(found.get("output") or "{}"),
        problem=": ".join(part for part in told if part),
    )


def running(machine_arn: str) -> list[str]:
    """List the ARNs of a machine's executions that run."""
    pages = (
        clients.stepfunctions()
        .get_paginator("list_executions")
        .paginate(stateMachineArn=machine_arn, statusFilter=RUNNING)
    )
    return [execution["executionArn"] for page in pages for execution in page["executions"]]


def stop(execution_arn: str, cause: str) -> None:
    """Stop an execution, and what it started."""
    clients.stepfunctions().stop_execution(executionArn=execution_arn, error="Stopped", cause=cause)


def _start(machine_arn: str, machine_input: str, name: str) -> str:
    for attempt in _names(name):
        try:
            started = clients.stepfunctions().start_execution(
                stateMachineArn=machine_arn, name=attempt, input=machine_input
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise
        else:
            return started["executionArn"]
    raise AssertionError("unreachable")


def _names(name: str) -> Iterator[str]:
    return (f"{name}-{number}" for number in count(1))
