"""Refusals, answers that cannot be read, and training text in answers are found, and nothing else is."""

from __future__ import annotations

import pytest

from tunesmith.evaluation.answers import Answer, Question
from tunesmith.evaluation.watch import LONG_RUN, TrainingText, is_readable, is_refusal, watched_scores

WORDS = [f"word{number}" for number in range(60)]


def question(name: str, asked: str = "why?", reference: str = "because") -> Question:
    return Question(
        id=name, system=[], messages=[{"role": "user", "content": [{"text": asked}]}], reference=reference
    )


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry",
        "I cannot assist with this request.",
        "Unfortunately, I can't answer that.",
        "As an AI language model I have no opinion.",
    ],
)
def test_a_refusal_is_known_by_its_first_words(text: str) -> None:
    assert is_refusal(Answer(id="a", text=text))


@pytest.mark.parametrize(
    "text", ["refund", "I can see the invoice.", "The customer says: I'm sorry.", "", "cannot_login"]
)
def test_an_answer_that_only_sounds_like_one_is_no_refusal(text: str) -> None:
    assert not is_refusal(Answer(id="a", text=text))


def test_an_answer_that_was_withheld_is_a_refusal() -> None:
    assert is_refusal(Answer(id="a", text="refund", stop_reason="guardrail_intervened"))


@pytest.mark.parametrize(
    ("metric", "text", "readable"),
    [
        ("json_validity", '{"a": 1}', True),
        ("json_validity", "a: 1", False),
        ("numeric", "It is 42.", True),
        ("numeric", "It is many.", False),
        ("multiple_choice", "B) the second", True),
        ("multiple_choice", "either", False),
        ("exact_match", "REFUND", True),
        ("exact_match", 'The label is "refund".', True),
        ("exact_match", "something else", False),
        ("token_f1", "anything at all", True),
        ("token_f1", "  ", False),
    ],
)
def test_an_answer_is_readable_where_the_metric_finds_what_it_compares(
    metric: str, text: str, *, readable: bool
) -> None:
    labels = ("refund", "delivery") if metric == "exact_match" else ()
    assert is_readable(metric, text, labels) == readable


def test_a_long_run_of_a_training_answer_is_found_and_a_shorter_one_is_not() -> None:
    training = TrainingText([question("t", reference=" ".join(WORDS))])
    long, short = (" ".join(["so:", *WORDS[10 : 10 + count], "end"]) for count in (LONG_RUN, LONG_RUN - 1))
    questions = [question("long"), question("short"), question("unanswered")]
    answers = {"long": Answer(id="long", text=long), "short": Answer(id="short", text=short)}
    assert training.repeated(questions, answers) == {"long"}


def test_what_stands_in_the_question_or_in_its_own_reference_is_not_memorised() -> None:
    text = " ".join(WORDS)
    training = TrainingText([question("t", reference=text)])
    questions = [question("asked", asked=text), question("own", reference=text), question("neither")]
    answers = {one.id: Answer(id=one.id, text=text) for one in questions}
    assert training.repeated(questions, answers) == {"neither"}


def test_each_record_is_scored_by_each_of_what_is_watched() -> None:
    questions = [question(name) for name in "abc"]
    answers = {
        "a": Answer(id="a", text="refund"),
        "b": Answer(id="b", text="I'm sorry, I can't help."),
        "c": Answer(id="c", text="refund"),
    }
    found = watched_scores("exact_match", questions, answers, ("refund", "delivery"), ["c"])
    assert found == {"refusals": [1, 0, 1], "format": [1, 0, 1], "memorised": [1, 1, 0]}
