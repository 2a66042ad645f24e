"""Examples: the likest training records stand before the question, and their number is chosen elsewhere."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tunesmith.evaluation.answers import Question
from tunesmith.evaluation.few_shot import best_number
from tunesmith.evaluation.retrieval import MOST_CHARACTERS, Examples


def said(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text}]}


def record(text: str, answer: str = "yes") -> Question:
    return Question(id=text[:20], system=[], messages=[said(text)], reference=answer)


def texts(question: Question) -> list[str]:
    return [turn["content"][0]["text"] for turn in question.messages]


RECORDS = [
    record("my card was stolen yesterday", "lost card"),
    record("the exchange rate looks wrong", "rate"),
    record("how do I top up by card", "top up"),
    record("why is the exchange rate so bad today", "rate"),
]


def test_the_likest_record_stands_last_before_the_question() -> None:
    asked = Examples(RECORDS).shown(record("is the exchange rate wrong"), 2)

    assert texts(asked) == [
        "why is the exchange rate so bad today",
        "rate",
        "the exchange rate looks wrong",
        "rate",
        "is the exchange rate wrong",
    ]
    assert [turn["role"] for turn in asked.messages] == ["user", "assistant"] * 2 + ["user"]


def test_a_question_like_no_record_is_shown_the_first_ones() -> None:
    question = record("zzz")

    assert texts(Examples(RECORDS).shown(question, 1)) == [*texts(RECORDS[0]), "lost card", "zzz"]
    assert Examples([]).shown(question, 4) == question


def test_turns_of_a_question_of_its_own_stay_behind_the_examples() -> None:
    question = Question(
        id="q",
        system=[{"text": "Be brief."}],
        messages=[said("hello"), {"role": "assistant", "content": [{"text": "hi"}]}, said("stolen card")],
        reference="lost card",
    )

    asked = Examples(RECORDS).shown(question, 1)

    assert texts(asked) == ["my card was stolen yesterday", "lost card", "hello", "hi", "stolen card"]
    assert (asked.system, asked.id) == (question.system, "q")


def test_examples_that_no_prompt_could_hold_are_left_out() -> None:
    long = record("exchange " * MOST_CHARACTERS)

    assert texts(Examples([long, *RECORDS]).shown(record("exchange rate"), 1))[1] == "rate"


@given(
    st.lists(st.text(alphabet="abc ", min_size=1, max_size=12), min_size=1, max_size=30), st.integers(1, 8)
)
def test_never_more_examples_than_asked_for_and_the_same_each_time(found: list[str], number: int) -> None:
    examples = Examples([record(text) for text in found])
    question = record("a b c")
    asked = examples.shown(question, number)

    assert len(asked.messages) <= 2 * number + 1
    assert len(asked.messages) % 2 == 1
    assert asked == Examples([record(text) for text in found]).shown(question, number)


def test_the_best_number_is_the_one_with_the_best_mean_and_a_tie_goes_to_fewer() -> None:
    assert best_number({2: [1, 0], 4: [1, 1], 8: [1, 1]}) == 4
