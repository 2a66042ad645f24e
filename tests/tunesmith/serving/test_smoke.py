"""The smoke test: it must answer, not be right."""

from __future__ import annotations

import pytest

from tunesmith.errors import SmokeTestError
from tunesmith.evaluation.answers import Answer
from tunesmith.serving.smoke import judge

GOOD = Answer(id="1", text="yes", stop_reason="end_turn")


@pytest.mark.parametrize("reason", ["end_turn", "max_tokens", "stop_sequence"])
def test_answers_that_end_as_answers_do_pass(reason: str) -> None:
    assert judge([GOOD, Answer(id="2", text="no", stop_reason=reason)])[0] is True


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(id="2", text="", stop_reason="end_turn"), "empty answer to record 2 of 2"),
        (Answer(id="2", text="no", stop_reason="content_filtered"), "content_filtered"),
    ],
)
def test_one_bad_answer_fails_the_model(answer: Answer, said: str) -> None:
    passed, reason = judge([GOOD, answer])

    assert passed is False
    assert said in reason


def test_a_call_that_failed_says_nothing_of_the_model() -> None:
    with pytest.raises(SmokeTestError, match="record 2 of 2: ThrottlingException"):
        judge([GOOD, Answer(id="2", error="ThrottlingException: slow down")])


def test_without_a_record_nothing_is_proven() -> None:
    assert judge([])[0] is False
