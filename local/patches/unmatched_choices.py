"""A Choice that nothing matches reports States.NoChoiceMatched; moto's error has no name of its own."""

from __future__ import annotations

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails


def apply() -> None:
    """Give the error its name."""
    evaluate = StateChoice._eval_state

    def evaluate_or_tell(self: StateChoice, env: Environment) -> None:
        try:
            evaluate(self, env)
        except RuntimeError as error:
            if not str(error.args[0]).startswith("No branching option"):
                raise
            name = StatesErrorName(typ=StatesErrorNameType.StatesNoChoiceMatched)
            details = TaskFailedEventDetails(
                error=name.error_name,
                cause=f"Failed to find a choice that matches in the state '{self.name}'",
            )
            failure = FailureEvent(
                env=env,
                error_name=name,
                event_type=HistoryEventType.TaskFailed,
                event_details=EventDetails(taskFailedEventDetails=details),
            )
            raise FailureEventException(failure) from error

    StateChoice._eval_state = evaluate_or_tell
