"""The stand-in's judge: it reads a judge's prompt as the product writes it, and may lean to a place."""

from __future__ import annotations

import pytest

from local.bedrock.judge import judge
from tunesmith.evaluation.answers import Question
from tunesmith.evaluation.judging import Judging, Pair

RIGHT, WRONG = "The parcel arrives on Monday.", "Nobody can tell."


def asked(mine: str, other: str, order: int = 1) -> str:
    question = Question(
        id="0",
        system=[],
        messages=[{"role": "user", "content": [{"text": "When?"}]}],
        reference="The parcel will arrive on Monday.",
    )
    pair = Pair(question=question, mine=mine, other=other)
    text: str = Judging(model="m").asked(pair, order).messages[0]["content"][0]["text"]
    return text


@pytest.mark.parametrize(
    ("mine", "other", "order", "word"),
    [
        (RIGHT, WRONG, 1, "A"),
        (RIGHT, WRONG, 2, "B"),
        (WRONG, RIGHT, 1, "B"),
        (RIGHT, RIGHT.lower(), 1, "TIE"),
        ("", "", 1, "TIE"),
    ],
)
def test_the_answer_that_shares_more_with_the_reference_is_better(
    mine: str, other: str, order: int, word: str
) -> None:
    assert judge(asked(mine, other, order), bias=0) == word


def test_a_leaning_judge_prefers_what_stands_first() -> None:
    assert judge(asked(WRONG, RIGHT), bias=2) == judge(asked(WRONG, RIGHT, 2), bias=2) == "A"


def test_what_is_no_judges_prompt_is_left_to_the_model() -> None:
    assert judge("Which label fits? <answer-A 1>\nx\n</answer-A 1>", bias=0) is None
