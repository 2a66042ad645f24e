"""Waits, retry intervals and the time that people have for an answer run on the simulated clock."""

from __future__ import annotations

import datetime as dt
import time
from types import SimpleNamespace

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import Timeout
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment

from local.clock import Clock

_POLL_SECONDS = 0.2


class _SimulatedTimeout(Timeout):
    """Another timeout, in real seconds."""

    def __init__(self, simulated: Timeout, clock: Clock) -> None:
        self._simulated = simulated
        self._clock = clock

    def is_default_value(self) -> bool:
        return bool(self._simulated.is_default_value())

    def _eval_seconds(self, env: Environment) -> float:
        return self._clock.real_seconds(self._simulated._eval_seconds(env))


def apply(clock: Clock) -> None:
    """Divide Wait and Retry intervals by the clock's scale; a stopped execution stops waiting.

    So is the timeout of a task that waits for its token: a person is asked; in any other something works.
    """

    def wait(self: WaitFunction, env: Environment) -> None:
        end = time.monotonic() + clock.real_seconds(self._get_wait_seconds(env=env))
        # moto sets the event and clears it at once, so a waiter that came late would miss it: hence the cap.
        while env.is_running() and (left := end - time.monotonic()) > 0:
            env.program_state_event.wait(min(left, _POLL_SECONDS))

    original = ExecutionState._evaluate_with_timeout

    def evaluate(self: ExecutionState, env: Environment) -> None:
        resource = getattr(self, "resource", None)
        waits = getattr(resource, "condition", None) == ResourceCondition.WaitForTaskToken
        if waits and not isinstance(self.timeout, _SimulatedTimeout):
            self.timeout = _SimulatedTimeout(self.timeout, clock)
        original(self, env)

    ExecutionState._evaluate_with_timeout = evaluate
    WaitFunction._eval_body = wait
    retrier_decl.time = SimpleNamespace(sleep=clock.sleep)
    timestamp.datetime = SimpleNamespace(
        datetime=SimpleNamespace(now=lambda: clock.now().replace(tzinfo=None), strptime=dt.datetime.strptime)
    )
