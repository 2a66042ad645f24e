"""Calls keep near a limit that nobody told them, and are refused seldom, however many functions make them."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tunesmith.evaluation.pace import CUT, FIRST_RATE, Pace

LATENCY_SECONDS = 0.3
LIMIT_A_MINUTE = 2_000


@dataclass
class Service:
    """Takes so many calls a minute, and a second's worth at once."""

    limit_a_minute: int
    filled: float = field(init=False)
    seen: float = 0.0

    def __post_init__(self) -> None:
        self.filled = self.limit_a_minute / 60

    def takes(self, now: float) -> bool:
        a_second = self.limit_a_minute / 60
        self.filled = min(a_second, self.filled + (now - self.seen) * a_second)
        self.seen = now
        if self.filled < 1:
            return False
        self.filled -= 1
        return True


def play(functions: int, calls: int, in_flight: int) -> tuple[float, float]:
    """Return the share of the limit that was used, and the share of calls that were refused."""
    chance = random.Random(functions)
    service = Service(LIMIT_A_MINUTE)
    paces = [Pace(0.0, first_rate=FIRST_RATE / functions) for _ in range(functions)]
    left = [calls // functions] * functions
    events: list[tuple[float, int, str, int]] = []
    order: Iterator[int] = iter(range(10**9))
    for function in range(functions):
        for _ in range(in_flight):
            left[function] -= 1
            heapq.heappush(events, (0.0, next(order), "call", function))
    sent = refused = done = 0
    now = 0.0
    while events:
        now, _, what, function = heapq.heappop(events)
        pace = paces[function]
        if what == "call":
            if wait := pace.wait_seconds(now):
                heapq.heappush(events, (now + wait, next(order), "call", function))
                continue
            sent += 1
            if service.takes(now):
                heapq.heappush(events, (now + LATENCY_SECONDS, next(order), "answer", function))
            else:
                refused += 1
                pace.was_refused(now)
                heapq.heappush(events, (now + chance.uniform(0, 1), next(order), "call", function))
        else:
            done += 1
            pace.went_through(now)
            if left[function] > 0:
                left[function] -= 1
                heapq.heappush(events, (now, next(order), "call", function))
    return done / (now * LIMIT_A_MINUTE / 60), refused / sent


@pytest.mark.parametrize("functions", [1, 2])
def test_most_of_the_limit_is_used_and_few_calls_are_refused(functions: int) -> None:
    used, refused = play(functions, calls=4_000, in_flight=64 // functions)

    assert used >= 0.9
    assert refused < 0.02


def test_a_refusal_lowers_the_rate_once_for_the_calls_under_way() -> None:
    pace = Pace(0.0, first_rate=10)
    pace.was_refused(4.0)
    lowered = pace.rate

    pace.was_refused(4.5)

    assert pace.rate == lowered == pytest.approx(10 / 2 * CUT)
    pace.was_refused(5.5)
    assert pace.rate < lowered


def test_the_rate_rises_again_when_others_have_gone() -> None:
    pace = Pace(0.0, first_rate=10)
    for tenth in range(20):
        pace.went_through(tenth * 0.1)
    pace.was_refused(2.0)
    lowered = pace.rate

    for tenth in range(20, 600):
        pace.went_through(tenth * 0.1)

    assert pace.rate > 2 * lowered


def test_a_turn_that_was_missed_is_not_made_up_for() -> None:
    pace = Pace(0.0, first_rate=1)

    assert pace.wait_seconds(0.0) == 0
    assert pace.wait_seconds(100.0) == 0
    assert pace.wait_seconds(100.0) == pytest.approx(1.0)
