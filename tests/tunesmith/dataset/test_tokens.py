"""Token estimates come from characters, say their error, and can be calibrated."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.catalogue import load_catalogue
from tunesmith.dataset.tokens import (
    CLASSES,
    FEWEST_PAIRS,
    HEAVIEST,
    MOST_OFF,
    calibrated,
    character_counts,
    estimator_for,
    histogram,
    percentile,
    token_summary,
)

# Counted with the public tokenizers themselves (cl100k_base of tiktoken 0.14, Claude 2's of anthropic 0.38).
COUNTED = [
    ("Where is my parcel? It should have arrived last Tuesday, and nobody answers the phone.", 18, 18),
    ("def area(radius):\n    return 3.14159 * radius ** 2\n", 17, 16),
    ("Die Lieferung kommt voraussichtlich am nächsten Donnerstag an.", 17, 18),
]


def test_characters_are_counted_by_class() -> None:
    counted = dict(zip(CLASSES, character_counts("Ab 12, é語😀\n"), strict=True))
    assert counted == {
        "spaces": 3,
        "letters": 2,
        "digits": 2,
        "punctuation": 1,
        "two-byte": 1,
        "three-byte": 2,
    }
    assert character_counts("a    b")[0] == 2


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_every_character_is_in_one_class_but_for_pairs_of_spaces(text: str) -> None:
    assert sum(character_counts(text)) == len(text) - text.count("  ")


@pytest.mark.parametrize(("text", "cl100k", "claude"), COUNTED)
def test_estimates_are_near_the_tokenizers_that_they_were_fitted_to(
    text: str, cl100k: int, claude: int
) -> None:
    assert estimator_for("nova-1").estimate(text) == pytest.approx(cl100k, rel=0.35)
    assert estimator_for("claude-3").estimate(text) == pytest.approx(claude, rel=0.35)


def test_every_family_of_the_catalogue_has_an_estimator_that_says_its_error() -> None:
    for model in load_catalogue():
        estimator = estimator_for(model.family)
        assert estimator.estimate("A sentence of seven or eight tokens.") in range(7, 12)
        assert "%" in estimator.error


@given(st.text(min_size=1))
def test_no_text_has_more_tokens_than_twice_its_characters_and_one(text: str) -> None:
    for family in ("claude-3", "llama-3.3", "nova-1"):
        assert estimator_for(family).estimate(text) <= HEAVIEST * (len(text) + 1)


@given(st.text(), st.text())
def test_more_text_never_has_fewer_tokens(one: str, other: str) -> None:
    estimator = estimator_for("llama-3.3")
    assert estimator.estimate("") == 0
    # A pair of spaces counts as one, so that joining may save that much.
    assert estimator.estimate(one + "x" + other) >= estimator.estimate(one)


def test_calibration_meets_what_was_counted_and_says_so() -> None:
    estimator = estimator_for("nova-1")
    texts = [f"Ticket {number}: the parcel has not arrived yet." * (number % 5 + 1) for number in range(40)]
    pairs = [(text, round(1.3 * estimator.estimate(text))) for text in texts]
    pairs[7] = (pairs[7][0], 10_000)  # one odd count moves nothing
    found = calibrated(estimator, pairs)
    assert found.scale == pytest.approx(1.3, rel=0.03)
    assert "CountTokens of 40 records" in found.error
    assert found.estimate(texts[0]) == pytest.approx(1.3 * estimator.estimate(texts[0]), abs=2)
    assert calibrated(found, pairs).scale == pytest.approx(found.scale)


def test_an_odd_sample_widens_a_cost_s_bounds_by_so_much_and_no_more() -> None:
    estimator = estimator_for("nova-1")
    texts = ["word " * number for number in range(1, 41)]
    pairs = [
        (text, estimator.estimate(text) * (1 if number % 2 else 50)) for number, text in enumerate(texts)
    ]
    assert calibrated(estimator, pairs).off == MOST_OFF
    assert calibrated(estimator, [*pairs, ("text", -3), ("text", 0)]) == calibrated(estimator, pairs)


def test_too_few_counts_calibrate_nothing() -> None:
    with pytest.raises(ValueError, match="too few"):
        calibrated(estimator_for("nova-1"), [("text", 2)] * (FEWEST_PAIRS - 1) + [("", 0)])


def test_a_summary_totals_an_epoch_and_all_of_them() -> None:
    found = token_summary([10, 20, 30, 40], epochs=3)
    assert (found["records"], found["per_epoch"], found["all_epochs"]) == (4, 100, 300)
    assert (found["median"], found["p95"], found["max"]) == (20, 40, 40)
    assert token_summary([])["histogram"] == []
    assert token_summary([])["per_epoch"] == 0


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_a_histogram_counts_every_figure_once(figures: list[int]) -> None:
    bins = histogram(sorted(figures))
    assert sum(count for _, _, count in bins) == len(figures)
    assert all(before[1] == after[0] for before, after in pairwise(bins))
    assert bins[0][0] <= min(figures)
    assert bins[-1][1] > max(figures)
    for start, end, count in bins:
        assert count == sum(start <= figure < end for figure in figures)


def test_one_long_record_does_not_flatten_the_picture() -> None:
    bins = histogram(sorted([*range(1, 200), 100_000]))
    assert len(bins) > 10
    assert bins[-1][1] == 100_001


def test_percentiles_are_by_nearest_rank() -> None:
    assert percentile([], 0.5) == 0
    assert [percentile([1, 2, 3, 4], share) for share in (0.0, 0.25, 0.5, 0.51, 1.0)] == [1, 1, 2, 3, 4]
