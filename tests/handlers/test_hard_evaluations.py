"""Evaluations that are hard to judge: few answers, empty or huge ones, refusals, tiny or worn-out tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.handlers.model_run import DEPLOYMENT_ARN, LATER, RUN, RunUnderTest, refusal
from tests.handlers.test_evaluation_handlers import BASE, evaluate, last_digit, trained

__all__ = ["trained"]
HUGE = "0123456789abcdef" * 6_400


@pytest.mark.parametrize("answer", ["", HUGE, "I'm sorry, I can't help with that."])
def test_nothing_a_hundred_kilobytes_and_refusals_are_wrong_answers(
    trained: RunUnderTest, answer: str
) -> None:
    says: Callable[[str], str] = lambda _: answer  # noqa: E731
    trained.bedrock.answers = {DEPLOYMENT_ARN: says, BASE: last_digit}
    assert evaluate(trained)["outcome"] == "rejected"
    scores = trained.read("evaluation/scores.json")
    assert (scores["n"], scores["lost"]) == (120, 0)
    assert set(scores["models"]["candidate"]["exact_match"]) == {0}


def test_a_test_of_which_too_little_was_answered_is_decided_by_nobody(trained: RunUnderTest) -> None:
    def loses_most(text: str) -> str:
        if int(text.rsplit(maxsplit=1)[-1]) >= 30:
            raise refusal("AccessDeniedException")
        return "0"

    trained.bedrock.answers[BASE] = loses_most
    assert evaluate(trained)["outcome"] == "inconclusive"
    scores = trained.read("evaluation/scores.json")
    assert (scores["n"], scores["lost"]) == (30, 90)
    assert {len(model["exact_match"]) for model in scores["models"].values()} == {30}


def test_a_test_of_twelve_records_decides_nothing(trained: RunUnderTest) -> None:
    trained.hold(range(12))
    decision = evaluate(trained)
    assert decision["outcome"] == "inconclusive"
    assert "Fewer than 100 records decide nothing" in decision["reason"]


def test_a_test_that_decides_for_the_sixth_time_asks_for_fresh_records(trained: RunUnderTest) -> None:
    sealed = trained.ledger.run(RUN)
    for number in range(5):
        trained.ledger.count_decision(replace(sealed, run=f"{number:016x}"), LATER)
    decision = evaluate(trained)
    assert "decision 6 on the same blind test" in decision["reason"]
    assert "bring fresh records" in decision["reason"]
