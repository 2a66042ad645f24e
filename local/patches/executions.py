"""Executions as callers know them: unique names, one for equal starts, and events when a status changes."""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from local.clock import Clock
from local.patches.event_targets import publish

_START = threading.Lock()


def apply(clock: Clock) -> None:
    """Wrap how moto starts and ends executions, and tell EventBridge about both."""
    start_execution = StepFunctionsParserBackend.start_execution
    start = Execution.start
    stop = Execution.stop
    terminated = BaseExecutionWorkerCommunication.terminated

    def start_named(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: str | None = None,
    ) -> Execution:
        with _START:  # moto looks a name up and adds it without a lock: two equal starts would both run
            return start_execution(
                self, state_machine_arn, name or str(uuid.uuid4()), execution_input or "{}", trace_header
            )

    def start_and_tell(self: Execution) -> None:
        self.finished = threading.Event()
        start(self)
        _tell(self, clock)

    def finish(self: BaseExecutionWorkerCommunication) -> None:
        terminated(self)
        self.execution.finished.set()
        _tell(self.execution, clock)

    def stop_when_begun(self: Execution, *args: Any, **kwargs: Any) -> None:
        while self.exec_worker.env is None:  # its thread has not come that far
            time.sleep(0.01)
        stop(self, *args, **kwargs)

    StepFunctionsParserBackend.start_execution = start_named
    Execution.stop = stop_when_begun
    Execution.start = start_and_tell
    BaseExecutionWorkerCommunication.terminated = finish


def execution_of(arn: str) -> Execution:
    """Return the running or ended execution with this ARN; raise moto's ExecutionDoesNotExist."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    _, _, _, region, account, *_ = arn.split(":")
    return stepfunctions_parser_backends[account][region].describe_execution(arn)


def description_of(execution: Execution) -> dict[str, Any]:
    """Return what DescribeExecution says, with times in milliseconds, and input and output as JSON text."""
    description: dict[str, Any] = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": ExecutionStatus(execution.exec_status).value,
        "startDate": _milliseconds(execution.start_date),
        "input": json.dumps(execution.input_data),
        "inputDetails": {"included": True},
    }
    if execution.stop_date is not None:
        description["stopDate"] = _milliseconds(execution.stop_date)
    if execution.exec_status == ExecutionStatus.SUCCEEDED:
        description["output"] = to_json_str(execution.output, separators=(",", ":"))
        description["outputDetails"] = {"included": True}
    for field in ("error", "cause"):
        if getattr(execution, field) is not None:
            description[field] = getattr(execution, field)
    return description


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _tell(execution: Execution, clock: Clock) -> None:
    detail = {"output": None, "stopDate": None, "error": None, "cause": None, **description_of(execution)}
    publish(
        account=execution.account_id,
        region=execution.region_name,
        source="aws.states",
        detail_type="Step Functions Execution Status Change",
        resources=[execution.execution_arn],
        detail=detail,
        time=clock.now(),
    )
