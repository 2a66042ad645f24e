"""Likeness: what training records answer to a question without any model."""

from __future__ import annotations

from tunesmith.evaluation.answers import Question
from tunesmith.evaluation.likeness import likeness
from tunesmith.evaluation.retrieval import Examples


def asked(text: str, answer: str = "") -> Question:
    turn = {"role": "user", "content": [{"text": text}]}
    return Question(id=text, system=[], messages=[turn], reference=answer)


RECORDS = [
    asked("my parcel is late", "delivery"),
    asked("the parcel never came", "delivery"),
    asked("parcel parcel parcel", "spam"),
    asked("give my money back", "refund"),
]


def test_the_likest_records_answer_with_as_many_votes_as_they_are_like() -> None:
    found = Examples(RECORDS)
    assert found.answered(asked("where is my late parcel")) == "delivery"
    assert found.answered(asked("money please")) == "refund"


def test_where_nothing_is_alike_nothing_is_answered() -> None:
    assert Examples(RECORDS).answered(asked("zebra")) == ""
    assert Examples([]).answered(asked("parcel")) == ""


def test_records_are_scored_with_all_of_training_with_a_quarter_and_by_a_guess() -> None:
    blind = [asked("a late parcel", "delivery"), asked("money back", "refund")]
    found = likeness("exact_match", blind, RECORDS)
    assert found == {"neighbours": [1, 1], "fewer_neighbours": [1, 0], "guess": [1, 0]}


def test_without_training_records_nothing_is_right() -> None:
    assert likeness("exact_match", [asked("a", "b")], [])["neighbours"] == [0]


def test_a_metric_that_is_asked_of_a_function_is_not_asked_about_likeness() -> None:
    function = "arn:aws:lambda:us-east-1:123456789012:function:mine:1"
    assert not any(likeness(function, [asked("a", "b")], RECORDS).values())
