"""Metrics: strict about words, lenient about how they are typed."""

from __future__ import annotations

import pytest

from tunesmith.evaluation.metrics import exact_match, token_f1


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("Billing", "billing"),
        ("  refund  request\n", "refund request"),
        ("ﬁle", "file"),
        ("Straße", "STRASSE"),
        ("", " "),
    ],
)
def test_case_spacing_and_unicode_spelling_do_not_count(answer: str, reference: str) -> None:
    assert exact_match(answer, reference) == 1


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("billing.", "billing"),
        ("the refund", "refund"),
        ("72", "72.0"),
        ("refund request", "request refund"),
        ("", "a"),
    ],
)
def test_everything_else_counts(answer: str, reference: str) -> None:
    assert exact_match(answer, reference) == 0


@pytest.mark.parametrize(
    ("answer", "reference", "f1"),
    [
        ("the quick fox", "A quick fox.", 1.0),
        ("quick fox", "quick brown fox", 0.8),
        ("fox fox fox", "fox", 0.5),
        ("dog", "fox", 0.0),
        ("", "fox", 0.0),
        ("the", "a", 1.0),
    ],
)
def test_token_f1_is_the_overlap_of_words(answer: str, reference: str, f1: float) -> None:
    assert token_f1(answer, reference) == pytest.approx(f1)
    assert token_f1(reference, answer) == pytest.approx(f1)
