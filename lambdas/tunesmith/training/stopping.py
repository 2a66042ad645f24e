"""Does a job in progress go on? Bedrock shows little of it, so this guards what can be seen from outside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

from tunesmith.training.curves import divergence

SHORTEST_WAIT_SECONDS: Final = 60
LONGEST_WAIT_SECONDS: Final = 600
MOST_CHECKS: Final = 870
"""A check takes 16 events of an execution's 25,000, a stop takes more: long deadlines have longer waits."""


STUCK_AFTER_SECONDS: Final = 12 * 3600.0
STUCK_FACTOR: Final = 3.0


@dataclass(frozen=True, kw_only=True)
class WatchDecision:
    """Wait (for `wait_seconds`), tell people and wait, or stop; and why."""

    action: Literal["wait", "alert", "stop"]
    wait_seconds: int
    reason: str


def watch(
    *,
    elapsed_seconds: float,
    deadline_seconds: float,
    training_losses: Sequence[float],
    unchanged_seconds: float = 0.0,
    stuck_after_seconds: float = STUCK_AFTER_SECONDS,
    stop_when_stuck: bool = False,
    told: bool = False,
    overspend: str = "",
) -> WatchDecision:
    """Decide whether a job in progress is waited for; no losses means no opinion on them.

    `unchanged_seconds` counts from the last sign of life. `told` says that people know already of a job that
    is stuck, `overspend` why an hourly bill would go over the budget.
    """
    if elapsed_seconds >= deadline_seconds:
        hours = deadline_seconds / 3600
        limit = "an hour" if hours == 1 else f"{hours:g} hours"
        return _stop(f"it was still running after {limit}, the limit that training.deadline_hours sets")
    problem = divergence(training_losses) or overspend
    if problem:
        return _stop(problem)
    left = max(1, math.ceil(deadline_seconds - elapsed_seconds))
    wait = min(next_wait_seconds(elapsed_seconds, deadline_seconds), left)
    if unchanged_seconds >= stuck_after_seconds:
        stuck = (
            f"stuck: nothing has changed for {unchanged_seconds / 3600:.0f} hours, and after"
            f" {stuck_after_seconds / 3600:.0f} a job counts as stuck"
        )
        if stop_when_stuck:
            return _stop(f"it is {stuck}; training.stop_when_stuck asks to stop it then")
        return WatchDecision(action="wait" if told else "alert", wait_seconds=wait, reason=stuck)
    seen = f"training loss {training_losses[-1]:.4g}" if training_losses else "no metrics yet"
    return WatchDecision(action="wait", wait_seconds=wait, reason=f"in progress, {seen}")


def stuck_after(past_seconds: Sequence[float]) -> float:
    """Say after how many seconds without a change a job counts as stuck.

    That is twelve hours, or three times the median of what the project's past jobs took.
    """
    return max(STUCK_AFTER_SECONDS, STUCK_FACTOR * median(past_seconds) if past_seconds else 0.0)


def next_wait_seconds(elapsed_seconds: float, deadline_seconds: float) -> int:
    """Wait a tenth of what has passed: soon after the start, rarely when the job takes its time."""
    longest = max(LONGEST_WAIT_SECONDS, deadline_seconds / MOST_CHECKS)
    return math.ceil(min(max(elapsed_seconds / 10, SHORTEST_WAIT_SECONDS), longest))


def _stop(reason: str) -> WatchDecision:
    return WatchDecision(action="stop", wait_seconds=0, reason=reason)
