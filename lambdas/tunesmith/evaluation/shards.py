"""How is the blind test cut, so that a few functions answer it side by side below the account's rate?"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

from tunesmith.evaluation.pace import FIRST_RATE

RECORDS_PER_SHARD: Final = 500
"""One function reaches Nova's rate alone; many that probe for one limit get in each other's way."""
MOST_SHARDS: Final = 16
"""Of one file. Each turn of each shard takes events of one execution's history, which has 25,000."""
TURNS_TOGETHER: Final = 1_000
"""Turns of a function that all shards together may take in one pass; two passes stay below 20,000 events."""
CALLS_IN_FLIGHT: Final = 64
"""Over all shards: 2,000 requests a minute, Nova's on-demand limit for custom models, are 33 a second."""


def cut(records: int) -> dict[str, tuple[int, int]]:
    """Cut records into shards: name to first record and the one after the last, counted from 0."""
    count = min(MOST_SHARDS, math.ceil(records / RECORDS_PER_SHARD))
    bounds = [round(number * records / count) for number in range(count + 1)] if count else []
    return {f"{number:04d}": (start, end) for number, (start, end) in enumerate(pairwise(bounds))}


def most_turns(shards: int, *, passes: int = 1) -> int:
    """How many turns, of ten minutes or more, each of so many shards may take in each of so many passes."""
    return max(1, TURNS_TOGETHER // (passes * max(1, shards)))


def calls_in_flight(shards: int) -> int:
    """How many calls each of so many shards keeps in flight."""
    return max(2, CALLS_IN_FLIGHT // max(1, shards))


def first_rate(shards: int) -> float:
    """With how many calls a second to each model each of so many shards begins."""
    return FIRST_RATE / max(1, shards)
