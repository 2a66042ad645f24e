"""The advisor in tasks whose truth is known, since each is really tuned by the local learner.

Three worlds of each family are played here, all twenty by `make soak` and by `python -m bench.advisor`.
"""

from __future__ import annotations

import pytest

from bench.advisor import FAMILIES, SEEDS, tally

MOST_WRONG = 0.1
OPEN = ("labels contradict",)
"""Families in which it may be left open as a rule: the signs that a run sees are few there."""


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "seeds", [range(3), pytest.param(SEEDS, marks=pytest.mark.soak)], ids=["few seeds", "all seeds"]
)
def test_the_advisor_is_right_or_says_that_it_cannot_say(family: str, seeds: range) -> None:
    told = tally(family, seeds)
    assert told.total() == len(seeds)
    assert told["wrong"] <= MOST_WRONG * len(seeds)
    if family not in OPEN:
        assert told["right"] > len(seeds) / 2
