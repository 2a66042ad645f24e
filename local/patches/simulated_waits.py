"""Waits and retry intervals run on the simulated clock; moto lets them last as long as in AWS."""

from __future__ import annotations

import datetime as dt
import time
from types import SimpleNamespace

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment

from local.clock import Clock

_POLL_SECONDS = 0.2


def apply(clock: Clock) -> None:
    """Divide Wait and Retry intervals by the clock's scale; a stopped execution stops waiting."""

    def wait(self: WaitFunction, env: Environment) -> None:
        end = time.monotonic() + clock.real_seconds(self._get_wait_seconds(env=env))
        # moto sets the event and clears it at once, so a waiter that came late would miss it: hence the cap.
        while env.is_running() and (left := end - time.monotonic()) > 0:
            env.program_state_event.wait(min(left, _POLL_SECONDS))

    WaitFunction._eval_body = wait
    retrier_decl.time = SimpleNamespace(sleep=clock.sleep)
    timestamp.datetime = SimpleNamespace(
        datetime=SimpleNamespace(now=lambda: clock.now().replace(tzinfo=None), strptime=dt.datetime.strptime)
    )
