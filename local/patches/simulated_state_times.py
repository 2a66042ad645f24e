"""EnteredTime and StartTime in `$states.context`: on the simulated clock, and written as AWS writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.eval.evaluation_details import ExecutionDetails
from moto.stepfunctions.parser.backend.execution import Execution

from local.clock import Clock


def aws_time(moment: datetime) -> str:
    """Return the moment, which must be UTC, as Step Functions writes it: `2026-11-23T22:19:40.123Z`."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class _Moment:
    text: str

    def isoformat(self) -> str:
        return self.text


def apply(clock: Clock) -> None:
    """Replace the clock that moto's states read, and the start time in the context object."""

    def now(tz: Any = None) -> _Moment:
        return _Moment(aws_time(clock.now()))

    state.datetime = SimpleNamespace(datetime=SimpleNamespace(now=now), timezone=SimpleNamespace(utc=None))
    original = Execution.get_start_execution_details

    def start_details(self: Execution) -> ExecutionDetails:
        details = original(self)
        details.start_time = aws_time(clock.now())
        return details

    Execution.get_start_execution_details = start_details
