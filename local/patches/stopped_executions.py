"""A stopped or timed-out execution ends as such, whatever its states were doing when it was stopped.

In moto a state that is cut off may turn the execution into a failed one, and a branch that is cut off at
its start never ends.
"""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.branch_worker import BranchWorker
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped, ProgramTimedOut


def apply() -> None:
    """Let nothing overwrite a stop, and let every branch report its end."""
    set_error = Environment.set_error
    evaluate = Program.eval

    def set_error_unless_stopped(self: Environment, error: Any) -> None:
        with self._state_mutex:
            if not isinstance(self._program_state, ProgramStopped | ProgramTimedOut):
                set_error(self, error)

    def evaluate_unless_stopped(self: Program, env: Environment) -> None:
        try:
            evaluate(self, env)
        except RuntimeError:  # moto's answer to entering a first state after the stop
            if env.is_running():
                raise

    def run_branch(self: BranchWorker) -> None:
        try:
            self._program.eval(self.env)
        finally:
            self._branch_worker_comm.on_terminated(env=self.env)

    Environment.set_error = set_error_unless_stopped
    Program.eval = evaluate_unless_stopped
    BranchWorker._thread_routine = run_branch
