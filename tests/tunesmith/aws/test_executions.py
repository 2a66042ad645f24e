"""Executions: started once under a name, and over only when Step Functions says so."""

from __future__ import annotations

import json

import pytest

from tunesmith.aws import clients
from tunesmith.aws.executions import execution_is_over, start_run

RUN = "0123456789abcdef"


@pytest.fixture
def pipeline(aws: None) -> str:
    """The ARN of a state machine whose executions go on until they are stopped."""
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
    return clients.stepfunctions().create_state_machine(
        name="pipeline",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::123456789012:role/pipeline",
    )["stateMachineArn"]


def test_an_attempt_is_started_once(pipeline: str) -> None:
    assert start_run(pipeline, RUN, 1) is True

    (execution,) = clients.stepfunctions().list_executions(stateMachineArn=pipeline)["executions"]
    told = clients.stepfunctions().describe_execution(executionArn=execution["executionArn"])
    assert (told["name"], json.loads(told["input"])) == (f"{RUN}-1", {"run": RUN})


def test_an_execution_is_over_once_it_has_ended_and_not_before(pipeline: str) -> None:
    start_run(pipeline, RUN, 1)
    assert execution_is_over(pipeline, f"{RUN}-1") is False

    arn = f"{pipeline.replace(':stateMachine:', ':execution:')}:{RUN}-1"
    clients.stepfunctions().stop_execution(executionArn=arn)
    assert execution_is_over(pipeline, f"{RUN}-1") is True


def test_an_execution_that_was_never_started_is_not_over(pipeline: str) -> None:
    assert execution_is_over(pipeline, f"{RUN}-1") is False
