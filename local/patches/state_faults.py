"""A task state fails, or stays where it is, for a project that asks for it: before its call, or behind it.

The area `states` of a project's faults names states ("Create job", or "release/Stop job" where two machines
have one of that name). `error` is the name it fails with, and `when` says whether the call is made before
("behind", as if Step Functions lost the answer, whatever it was) or not at all ("before"). `hold`, in place
of an error, keeps the execution there until it is stopped, or goes on once the fault is taken back.
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
        project = _project(env)
        fault = _fault(self, env, project) if project else None
        behind = fault is not None and fault.get("when") == "behind"
        refused: Exception | None = None
        if behind:
            try:
                evaluate(self, env)
            except Exception as failure:  # noqa: BLE001 - such as of a look for what does not exist yet
                refused = failure
        if project and fault and "hold" in fault:
            while env.is_running() and faults.is_set(project, "states", _names(self, env)):
                # moto sets the event and clears it at once, so a waiter that came late would miss it.
                env.program_state_event.wait(_POLL_SECONDS)
        elif fault:
            raise _failure(env, fault)
        if refused is not None:
            raise refused
        if not behind and env.is_running():
            evaluate(self, env)

    return evaluate_or_fail


def _project(env: Environment) -> str | None:
    """Find the project by the run that the execution is about, or the reaper's state."""
    execution = env.states.context_object.context_object_data["Execution"]
    for given in (execution["Input"], env.states.get_input()):
        # A release that a rule starts is told of an execution's name, which starts with the run's id.
        project = faults.project_of_run(str(given.get("run", ""))[:16]) if isinstance(given, dict) else None
        if project:
            return project
    return None


def _fault(state: StateTask, env: Environment, project: str) -> dict[str, Any] | None:
    taken = (faults.take(project, "states", name) for name in _names(state, env))
    return next((fault for fault in taken if fault is not None), None)


def _names(state: StateTask, env: Environment) -> tuple[str, str]:
    machine = env.states.context_object.context_object_data["StateMachine"]["Name"].rsplit("-", 1)[-1]
    return state.name, f"{machine}/{state.name}"


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
