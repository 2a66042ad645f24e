"""A task state fails, or stays where it is, for a project that asks for it: before its call, or behind it.

The area `states` of a project's faults names states ("Create job", or "release/Stop job" where two machines
have one of that name). `error` is the name it fails with, and `when` says whether the call is made before
("behind", as if Step Functions lost the answer) or not at all ("before"). `hold` keeps the execution there
until it is stopped, in place of an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from local import faults

_POLL_SECONDS = 0.1


def apply() -> None:
    """Wrap how tasks carry out their calls; child executions are patched before, so theirs comes first."""
    for task in (StateTaskServiceSfn, StateTaskService, StateTaskLambda):
        task._eval_execution = _with_faults(task._eval_execution)


def _with_faults(
    evaluate: Callable[[StateTask, Environment], None],
) -> Callable[[StateTask, Environment], None]:
    def evaluate_or_fail(self: StateTask, env: Environment) -> None:
        fault = _fault(self, env)
        if fault is None:
            evaluate(self, env)
            return
        if fault.get("when") == "behind":
            evaluate(self, env)
        if "hold" in fault:
            # moto sets the event and clears it at once, so a waiter that came late would miss it.
            while env.is_running():
                env.program_state_event.wait(_POLL_SECONDS)
            return
        raise _failure(env, fault)

    return evaluate_or_fail


def _fault(state: StateTask, env: Environment) -> dict[str, Any] | None:
    context = env.states.context_object.context_object_data
    # A release may be told of an execution's name, and the reaper's states are told of a run each.
    for given in (context["Execution"]["Input"], env.states.get_input()):
        project = faults.project_of_run(str(given.get("run", ""))[:16]) if isinstance(given, dict) else None
        if project:
            machine = context["StateMachine"]["Name"].rsplit("-", 1)[-1]
            return faults.take(project, "states", state.name) or faults.take(
                project, "states", f"{machine}/{state.name}"
            )
    return None


def _failure(env: Environment, fault: dict[str, Any]) -> FailureEventException:
    details = TaskFailedEventDetails(
        error=fault["error"], cause=fault.get("message", "A fault was asked for.")
    )
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=CustomErrorName(error_name=fault["error"]),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )
    )
