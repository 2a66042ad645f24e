"""What time is it in the local cloud? One simulated clock per server, `scale` times faster than the wall."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

DEFAULT_SCALE = 600.0


class Clock:
    """Simulated UTC time that starts at the real time and runs `scale` times as fast."""

    def __init__(self, scale: float = DEFAULT_SCALE) -> None:
        if scale <= 0:
            raise ValueError(f"scale must be positive, not {scale}")
        self.scale = scale
        self._start = datetime.now(UTC)
        self._started = time.monotonic()

    def now(self) -> datetime:
        """Return the simulated time, aware, in UTC."""
        return self._start + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        """Return the simulated seconds since the clock was made."""
        return (time.monotonic() - self._started) * self.scale

    def sleep(self, simulated_seconds: float) -> None:
        """Block the calling thread for that many simulated seconds."""
        time.sleep(max(0.0, self.real_seconds(simulated_seconds)))

    def real_seconds(self, simulated_seconds: float) -> float:
        """Return how many seconds of the wall clock that many simulated seconds take."""
        return simulated_seconds / self.scale
