"""Is a grader let through that tells right from wrong, and every other one refused with the reason?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.tunesmith.dataset.converse import lines, pair
from tunesmith.training.grader_trial import TRIAL_RECORDS, trial_objection, trial_records, trial_samples
from tunesmith.training.graders import grade

Answered = list[dict[str, Any]]


def records(count: int = 20, labels: int = 12, grader: str = "exact_match") -> list[dict[str, Any]]:
    content = lines(*(pair(f"question {n}", f"label {n % labels}") for n in range(count)))
    return trial_records(content.splitlines(), grader)


def answered(samples: Answered, reward: Callable[[dict[str, Any]], Any]) -> Answered:
    return [{"id": one["id"], "aggregate_reward_score": reward(one)} for one in samples]


def test_records_with_different_answers_are_tried_rightly_and_wrongly() -> None:
    chosen = records()
    assert [one["right"] for one in chosen] == [f"label {n}" for n in range(TRIAL_RECORDS)]
    samples = trial_samples(chosen)
    assert len({one["id"] for one in samples}) == len(samples) == 4 * TRIAL_RECORDS
    assert samples[0] == {
        "id": "0-right",
        "messages": [
            {"role": "user", "content": "question 0"},
            {"role": "assistant", "content": "label 0"},
        ],
        "metadata": {"reference_answer": "label 0", "grader": "exact_match"},
    }
    assert [one["messages"][-1]["content"] for one in samples[1:4]] == ["", "I do not know.", "label 1"]


def test_our_own_grader_passes_its_trial() -> None:
    samples = trial_samples(records())
    assert trial_objection(samples, grade(samples)) == ""


def test_one_answer_for_all_records_is_still_told_from_none() -> None:
    samples = trial_samples(records(labels=1))
    assert len(samples) == 3
    assert trial_objection(samples, grade(samples)) == ""


def test_a_noisy_grader_passes_if_right_answers_earn_more_on_average() -> None:
    samples = trial_samples(records())
    noisy = answered(
        samples, lambda one: 0.5 + 0.1 * one["id"].endswith("right") - 0.2 * one["id"].startswith("1")
    )
    assert trial_objection(samples, noisy) == ""


@pytest.mark.parametrize(
    ("reward", "words"),
    [
        (lambda _: 0.0, "8 right answers were given 0 on average, and 24 wrong ones 0"),
        (lambda _: 1.0, "does not tell right answers from wrong ones"),
        (lambda one: -1.0 * one["id"].endswith("right"), "does not tell right answers from wrong ones"),
        (lambda _: "1", "for the answer 'label 0' is '1', not a finite number"),
        (lambda _: True, "is True, not a finite number"),
        (lambda _: None, "is None, not a finite number"),
        (lambda _: float("nan"), "is nan, not a finite number"),
    ],
)
def test_rewards_that_teach_nothing_are_refused(reward: Callable[[Any], Any], words: str) -> None:
    samples = trial_samples(records())
    assert words in trial_objection(samples, answered(samples, reward))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "it answered None, not a list"),
        ({"statusCode": 200, "body": "[]"}, "not a list with an object for each sample"),
        ([1.0], "not a list with an object for each sample"),
        ([], "left out 32 of 32 samples, that with the id '0-right' first"),
        ([{"id": "0-right", "aggregate_reward_score": 1.0}], "left out 31 of 32"),
    ],
)
def test_an_answer_of_another_shape_is_refused(answer: Any, words: str) -> None:
    assert words in trial_objection(trial_samples(records()), answer)
