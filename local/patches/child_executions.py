"""`startExecution.sync:2`: the parent wakes when the child ends, and a stopped parent stops its child.

moto asks every half second over HTTP, and leaves the child running.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.backend.execution import Execution

from local.patches.executions import description_of, execution_of

_POLL_SECONDS = 0.2


def apply() -> None:
    """Wait for the child in this process instead of describing it by API, and stop it with its task."""
    StateTaskServiceSfn._build_sync_resolver = _resolver(parse=False)
    StateTaskServiceSfn._build_sync2_resolver = _resolver(parse=True)
    evaluate = StateTaskServiceSfn._eval_execution
    start = StateTaskServiceSfn._eval_service_task

    def start_and_note(self: StateTaskServiceSfn, env: Environment, **parts: Any) -> None:
        start(self, env=env, **parts)
        if self.resource.condition in (ResourceCondition.Sync, ResourceCondition.Sync2):
            env.child = execution_of(env.stack[-1]["executionArn"])

    def evaluate_and_stop(self: StateTaskServiceSfn, env: Environment) -> None:
        try:
            evaluate(self, env)
        finally:
            # A task that ends before its child was stopped or timed out, at whatever point.
            child = getattr(env, "child", None)
            if child is not None and not child.finished.is_set():
                child.stop(stop_date=dt.datetime.now(tz=dt.UTC), error=None, cause="The parent was stopped")

    StateTaskServiceSfn._eval_service_task = start_and_note
    StateTaskServiceSfn._eval_execution = evaluate_and_stop


def _resolver(parse: bool) -> Callable[..., Callable[[], Any]]:
    def build(self: StateTaskServiceSfn, env: Environment, **_: Any) -> Callable[[], Any]:
        child = execution_of(env.stack.pop()["ExecutionArn"])
        return lambda: _outcome_of(self, env, child, parse)

    return build


def _outcome_of(task: StateTaskServiceSfn, env: Environment, child: Execution, parse: bool) -> Any:
    while not child.finished.wait(_POLL_SECONDS):
        if not env.is_running():
            return None
    description = description_of(child)
    if parse:
        for field in ("input", "output"):
            if field in description:
                description[field] = json.loads(description[field])
    outcome = {key[0].upper() + key[1:]: value for key, value in description.items()}
    if child.exec_status == ExecutionStatus.SUCCEEDED:
        return outcome
    raise _task_failed(task, env, outcome)


def _task_failed(
    task: StateTaskServiceSfn, env: Environment, outcome: dict[str, Any]
) -> FailureEventException:
    name = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)
    details = TaskFailedEventDetails(
        resource=task._get_sfn_resource(),
        resourceType=task._get_sfn_resource_type(),
        error=name.error_name,
        cause=json.dumps(outcome),
    )
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )
    )
