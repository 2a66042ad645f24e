"""The advisor in tasks whose truth is known, since each is really tuned by the local learner.

Three worlds of each family are played here, all twenty by `make soak` and by `python -m bench.advisor`.
"""

from __future__ import annotations

import pytest

from bench.advisor import FAMILIES, SEEDS, tally

MOST_WRONG = 0.1


def test_the_advisor_is_right_or_says_that_it_cannot_say() -> None:
    seeds = range(3)
    told = {family: tally(family, seeds) for family in FAMILIES}
    played = len(FAMILIES) * len(seeds)
    assert sum(answers.total() for answers in told.values()) == played
    assert sum(answers["wrong"] for answers in told.values()) <= MOST_WRONG * played
    assert sum(answers["right"] for answers in told.values()) > played / 2


@pytest.mark.soak
@pytest.mark.parametrize("family", FAMILIES)
def test_the_advisor_is_hardly_ever_wrong_in_any_family(family: str) -> None:
    assert tally(family)["wrong"] <= MOST_WRONG * len(SEEDS)
