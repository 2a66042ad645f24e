"""What do training records answer by themselves? The likest ones, to each blind record, without a model.

It is a floor for what can be learned from them: a tuned model knows its base model's language besides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from tunesmith.evaluation.answers import Question
from tunesmith.evaluation.metrics_registry import METRICS, is_asked
from tunesmith.evaluation.retrieval import Examples

FEWER: Final = 4
"""One in so many records is looked at beside all of them."""


def likeness(metric: str, asked: Sequence[Question], training: Sequence[Question]) -> dict[str, list[float]]:
    """Score, record by record, what all training records answer, what a quarter does, and a fixed guess.

    The guess is the answer that training has most often. Nothing is scored by a metric that is asked of
    somebody else: each call of a user's function would be his to pay.
    """
    if is_asked(metric):
        return {"neighbours": [], "fewer_neighbours": [], "guess": []}
    score = METRICS[metric].score
    counted = Counter(record.reference for record in training)
    guess = counted.most_common(1)[0][0] if counted else ""

    def answers(records: Sequence[Question]) -> list[float]:
        found = Examples(records)
        return [round(score(found.answered(question), question.reference), 6) for question in asked]

    # Training records lie in the order of their lots, so that the first ones are a sample.
    return {
        "neighbours": answers(training),
        "fewer_neighbours": answers(training[: -(-len(training) // FEWER)]),
        "guess": [round(score(guess, question.reference), 6) for question in asked],
    }
