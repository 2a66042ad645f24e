"""Which errors a Retry or Catch sees: `States.*` errors of branches and items keep their name, as in AWS.

moto cannot report them from a branch or an item, and lets `States.ALL` match what AWS excludes.
"""

from __future__ import annotations

from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
from moto.stepfunctions.parser.asl.eval.environment import Environment

_ONLY_BY_NAME = ("States.DataLimitExceeded", "States.Runtime")


def apply() -> None:
    """Report `States.*` errors from branches and items, and match error names as AWS documents it."""
    branches_decl.CustomErrorName = _error_name
    iteration_worker.CustomErrorName = _error_name
    ErrorEqualsDecl._eval_body = _matches


def _error_name(error_name: str | None) -> ErrorName:
    if error_name is not None and error_name.startswith("States."):
        return StatesErrorName.from_name(error_name)
    return CustomErrorName(error_name=error_name)


def _matches(self: ErrorEqualsDecl, env: Environment) -> None:
    reported: ErrorName = env.stack.pop()
    name = reported.error_name if reported is not None else None
    listed = [error.error_name for error in self.error_names]
    env.stack.append(
        name in listed
        or ("States.ALL" in listed and name not in _ONLY_BY_NAME)
        or ("States.TaskFailed" in listed and name not in (*_ONLY_BY_NAME, "States.Timeout"))
        or ("States.Timeout" in listed and name == "States.HeartbeatTimeout")
    )
