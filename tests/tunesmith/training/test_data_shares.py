"""A share of the training records: as many as asked for, from everywhere, and part of every larger one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.training.data_shares import records_of, share_of

LINES = [f'{{"prompt": "{number}", "completion": "{"ab"[number % 2]}"}}'.encode() for number in range(1_000)]


@given(st.integers(0, 300), st.floats(0.01, 1))
def test_a_share_has_as_many_lines_as_were_counted_in_their_order(records: int, share: float) -> None:
    picked = list(share_of(lambda: LINES[:records], share))

    assert len(picked) == records_of(records, share)
    assert [line for line in LINES[:records] if line in set(picked)] == picked


def test_a_larger_share_holds_the_smaller_one() -> None:
    quarter, half = (set(share_of(lambda: LINES, share)) for share in (0.25, 0.5))

    assert quarter < half < set(LINES)


def test_no_order_of_the_file_comes_through() -> None:
    half = list(share_of(lambda: LINES, 0.5))

    assert sum(b'"a"' in line for line in half) == pytest.approx(250, abs=50)
    assert len(set(half) & set(LINES[:500])) == pytest.approx(250, abs=50)


def test_records_that_are_repeated_are_drawn_one_by_one() -> None:
    assert len(list(share_of(lambda: [b"same"] * 100, 0.25))) == 25


@pytest.mark.parametrize(("records", "share", "expected"), [(100, 0.07, 7), (101, 0.25, 26), (3, 1.0, 3)])
def test_a_share_is_rounded_up(records: int, share: float, expected: int) -> None:
    assert records_of(records, share) == expected
