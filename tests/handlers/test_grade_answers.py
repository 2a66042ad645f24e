"""Does the grader's function answer as Bedrock wants it?"""

from __future__ import annotations

import pytest

from grade_answers.handler import lambda_handler


def test_every_sample_gets_its_reward_and_a_fault_is_raised() -> None:
    metadata = {"grader": "numeric", "reference_answer": 4, "level": "easy"}
    samples = [
        {"id": str(number), "messages": [{"role": "assistant", "content": text}], "metadata": metadata}
        for number, text in enumerate(("4.0", "five"))
    ]
    rewards = lambda_handler(samples, None)
    assert [(one["id"], one["aggregate_reward_score"]) for one in rewards] == [("0", 1.0), ("1", 0.0)]
    assert lambda_handler([], None) == []
    with pytest.raises(ValueError, match="grader is None"):
        lambda_handler([{"id": "0", "messages": []}], None)
