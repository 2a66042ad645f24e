"""How is a run's execution started, once for however many uploads ask for it?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tunesmith import names
from tunesmith.aws import clients

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


def start_run(pipeline_arn: str, run: str, attempt: int, client: SFNClient | None = None) -> bool:
    """Start an attempt of a run; False where an execution of that name was started before.

    The input is the run id and nothing else: StartExecution is idempotent for equal name and input only.
    """
    stepfunctions = client or clients.stepfunctions()
    try:
        stepfunctions.start_execution(
            stateMachineArn=pipeline_arn,
            name=names.execution_name(run, attempt),
            input=json.dumps({"run": run}),
        )
    except stepfunctions.exceptions.ExecutionAlreadyExists:
        return False
    return True


def answer_task(token: str, *, approved: bool, by: str, client: SFNClient | None = None) -> bool:
    """Wake the state that waits for a token, with a person's answer; False where it waits no longer."""
    stepfunctions = client or clients.stepfunctions()
    try:
        stepfunctions.send_task_success(taskToken=token, output=json.dumps({"approved": approved, "by": by}))
    except (
        stepfunctions.exceptions.TaskTimedOut,
        stepfunctions.exceptions.TaskDoesNotExist,
        stepfunctions.exceptions.InvalidToken,
    ):
        return False
    return True


def execution_is_over(pipeline_arn: str, name: str, client: SFNClient | None = None) -> bool:
    """Tell whether an execution has ended; False while it runs, and before it was ever started."""
    stepfunctions = client or clients.stepfunctions()
    arn = f"{pipeline_arn.replace(':stateMachine:', ':execution:')}:{name}"
    try:
        return stepfunctions.describe_execution(executionArn=arn)["status"] != "RUNNING"
    except stepfunctions.exceptions.ExecutionDoesNotExist:
        return False
