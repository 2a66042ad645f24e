"""Slices are described, pulled towards the whole, and told to be too small where they are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.evaluation.slices import by_length, describe


def drawn(seed: int, true: list[float], sizes: list[int]) -> tuple[list[str], list[float]]:
    random = np.random.default_rng(seed)
    values = [f"s{number}" for number, size in enumerate(sizes) for _ in range(size)]
    means = [mean for mean, size in zip(true, sizes, strict=True) for _ in range(size)]
    return values, [float(np.clip(random.normal(mean, 0.4), -1, 1)) for mean in means]


def test_where_slices_are_alike_shrunken_estimates_are_nearer_to_the_truth() -> None:
    raw = pulled = 0.0
    for seed in range(40):
        found = describe("language", *drawn(seed, [0.1] * 8, [40] * 8))
        for one in found:
            assert one.observed is not None
            assert one.shrunken is not None
            raw += (one.observed - 10) ** 2
            pulled += (one.shrunken - 10) ** 2
    assert pulled < raw / 2


def test_where_slices_differ_much_they_stay_apart() -> None:
    found = describe("language", *drawn(1, [0.5, -0.5], [200, 200]))
    assert [(one.value, one.n) for one in found] == [("s0", 200), ("s1", 200)]
    first, second = (one.shrunken for one in found)
    assert first is not None
    assert second is not None
    assert first > 40
    assert second < -40


def test_intervals_hold_the_truth_nearly_as_often_as_they_say() -> None:
    random, held, asked = np.random.default_rng(5), 0, 0
    for seed in range(40):
        true = random.normal(0.1, 0.1, 8).tolist()
        for one in describe("language", *drawn(seed, true, [60] * 8)):
            assert one.low is not None
            assert one.high is not None
            asked += 1
            held += one.low <= 100 * true[int(one.value[1:])] <= one.high
    assert held / asked > 0.90


def test_a_small_slice_is_not_checked_and_leaves_the_others_as_they_are() -> None:
    values, differences = drawn(3, [0.1, 0.2], [60, 60])
    found = describe("language", [*values, *(["rare"] * 29)], [*differences, *([-1.0] * 29)])
    rare = found[-1]
    assert (rare.value, rare.n, rare.observed, rare.shrunken) == ("rare", 29, None, None)
    assert found[:2] == describe("language", values, differences)


def test_one_value_or_too_many_slice_nothing_and_an_empty_one_is_no_slice() -> None:
    assert describe("language", ["de"] * 50, [0.1] * 50) == []
    assert describe("customer", [str(number) for number in range(50)], [0.1] * 50) == []
    assert [one.value for one in describe("x", [*["a"] * 40, *["b"] * 30, *[""] * 30], [0.1, 0.2] * 50)] == [
        "a",
        "b",
    ]


def test_slices_without_any_spread_are_not_checked() -> None:
    assert all(one.shrunken is None for one in describe("x", ["a"] * 40 + ["b"] * 40, [0.0] * 80))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-1, 1)), min_size=1, max_size=200))
def test_every_record_with_a_value_is_in_one_slice_and_estimates_stay_in_range(
    records: list[tuple[str, float]],
) -> None:
    values, differences = zip(*records, strict=True)
    found = describe("x", values, differences)
    assert sum(one.n for one in found) in (0, len(records))
    for one in found:
        if one.low is not None and one.high is not None and one.shrunken is not None:
            assert -100 <= one.low <= one.shrunken <= one.high <= 100


def test_thirds_by_length_are_as_large_as_they_can_be() -> None:
    assert by_length(list(range(9))) == ["short"] * 3 + ["medium"] * 3 + ["long"] * 3
    assert by_length([]) == []
