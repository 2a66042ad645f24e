"""Shards: every record in exactly one, never more than a Map runs at once."""

from __future__ import annotations

import pytest

from tunesmith.evaluation.shards import MOST_SHARDS, calls_in_flight, cut, most_turns


@pytest.mark.parametrize("records", [0, 1, 59, 60, 61, 500, 1000, 2400, 2401, 20_000])
def test_every_record_is_in_exactly_one_shard(records: int) -> None:
    shards = cut(records)

    assert [number for start, end in shards.values() for number in range(start, end)] == list(range(records))
    assert len(shards) <= MOST_SHARDS
    assert list(shards) == sorted(shards)


def test_calls_in_flight_are_shared_by_the_shards() -> None:
    assert calls_in_flight(1) == 64
    assert 40 * calls_in_flight(40) <= 80
    assert calls_in_flight(0) == 64


def test_turns_are_shared_by_the_shards() -> None:
    assert [most_turns(shards) for shards in (0, 1, 16, 5000)] == [1000, 1000, 62, 1]
    assert most_turns(1, passes=2) == 500
