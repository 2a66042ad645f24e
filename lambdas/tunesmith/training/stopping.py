"""Does a job in progress go on? Bedrock shows little of it, so this guards what can be seen from outside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tunesmith.training.curves import divergence

SHORTEST_WAIT_SECONDS: Final = 60
LONGEST_WAIT_SECONDS: Final = 600
MOST_CHECKS: Final = 1_000
"""A check takes 16 events of an execution's 25,000: the waits of long deadlines grow for it."""


@dataclass(frozen=True, kw_only=True)
class WatchDecision:
    """Wait (for `wait_seconds`) or stop, and why."""

    action: Literal["wait", "stop"]
    wait_seconds: int
    reason: str


def watch(
    *, elapsed_seconds: float, deadline_seconds: float, training_losses: Sequence[float]
) -> WatchDecision:
    """Decide whether a job in progress is waited for; no losses means no opinion on them."""
    if elapsed_seconds >= deadline_seconds:
        hours = deadline_seconds / 3600
        return _stop(
            f"it was still running after {hours:g} hours, the limit that training.deadline_hours sets"
        )
    problem = divergence(training_losses)
    if problem:
        return _stop(problem)
    left = max(1, math.ceil(deadline_seconds - elapsed_seconds))
    wait = min(next_wait_seconds(elapsed_seconds, deadline_seconds), left)
    seen = f"training loss {training_losses[-1]:.4g}" if training_losses else "no metrics yet"
    return WatchDecision(action="wait", wait_seconds=wait, reason=f"in progress, {seen}")


def next_wait_seconds(elapsed_seconds: float, deadline_seconds: float) -> int:
    """Wait a tenth of what has passed: soon after the start, rarely when the job takes its time."""
    longest = max(LONGEST_WAIT_SECONDS, deadline_seconds / MOST_CHECKS)
    return math.ceil(min(max(elapsed_seconds / 10, SHORTEST_WAIT_SECONDS), longest))


def _stop(reason: str) -> WatchDecision:
    return WatchDecision(action="stop", wait_seconds=0, reason=reason)
