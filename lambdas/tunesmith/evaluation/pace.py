"""How fast may calls be made below a rate that nobody states? It rises slowly, and falls at a refusal.

Additive increase, multiplicative decrease: until the first refusal the rate grows with every success, then by
a hundredth of what it was at the last refusal each second. A refusal takes it back to what got through.
"""

from __future__ import annotations

from collections import deque
from typing import Final

MIN_RATE: Final = 0.1
"""Calls a second that are made however often the service refuses them."""
FIRST_RATE: Final = 32.0
"""Calls a second with which all functions together begin: Nova's 2,000 requests a minute are 33."""
GROWTH: Final = 0.5
"""Calls a second that each success adds until the first refusal: the rate grows by half each second."""
CUT: Final = 0.92
"""What is left of the rate behind a refusal."""
RISE: Final = 0.01
"""Of the rate at the last refusal, each second."""
PATIENCE_SECONDS: Final = 8.0
"""After so long without a refusal the rise gets steeper."""
CUT_SECONDS: Final = 1.0
"""Refusals so soon after a cut are of calls that were under way at the old rate: they cut nothing."""
LOOK_BACK_SECONDS: Final = 2.0
"""Over so long what got through is counted."""


class Pace:
    """Says when the next call may begin; times are seconds of any clock that never runs back.

    Not safe for threads by itself: whoever shares one holds a lock.
    """

    def __init__(self, now: float, *, first_rate: float = FIRST_RATE) -> None:
        self.rate = first_rate
        """Calls a second that are begun now."""
        self._next = now
        self._changed = now
        self._cut_at: float | None = None
        self._highest = first_rate
        self._through: deque[float] = deque()

    def wait_seconds(self, now: float) -> float:
        """Take the turn and return 0 where it has come; else return how long it still takes."""
        if now < self._next:
            return self._next - now
        # A turn that nobody took in time is not made up for: calls come evenly, never in bursts.
        self._next = now + 1 / self.rate
        return 0.0

    def went_through(self, now: float) -> None:
        """Count a call that was not refused."""
        self._through.append(now)
        self._forget(now)
        if self._cut_at is None:
            self.rate += GROWTH
        else:
            # The longer nothing is refused, the bolder: others may have gone and left their share.
            boldness = max(1.0, ((now - self._cut_at) / PATIENCE_SECONDS) ** 2)
            self.rate += RISE * boldness * self._highest * max(0.0, now - self._changed)
        self._changed = now

    def was_refused(self, now: float) -> None:
        """Count a call that was throttled."""
        if self._cut_at is not None and now - self._cut_at < CUT_SECONDS:
            return
        self._forget(now)
        through = len(self._through) / LOOK_BACK_SECONDS
        # Far above what gets through, steps would take too long; but half of a rate that rose is known good.
        self._highest = max(MIN_RATE, min(self.rate, max(through, self.rate / 2)))
        self.rate = CUT * self._highest
        self._cut_at = self._changed = now

    def _forget(self, now: float) -> None:
        while self._through and self._through[0] < now - LOOK_BACK_SECONDS:
            self._through.popleft()
