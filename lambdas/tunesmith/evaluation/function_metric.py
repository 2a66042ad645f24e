"""How is a user's own function asked to score answers, and what may it answer?

It is sent a list of objects with `id`, `system`, `messages` (Converse's), `reference` and `answer`, and
answers a list of objects with the same `id` and a `score` from 0 to 1. It is never told whose answer it is.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

from tunesmith.errors import MetricFunctionError
from tunesmith.evaluation.answers import Answer, Question

MOST_AT_ONCE: Final = 50
"""Answers in one request."""
MOST_BYTES: Final = 4_000_000
"""Of one request; Lambda takes 6 MB."""
TRIAL_RECORDS: Final = 8
WRONG_ANSWERS: Final = ("", "I do not know.")
_SHOWN: Final = 200


@dataclass(frozen=True, kw_only=True)
class Item:
    """One answer to score."""

    question: Question
    text: str

    @property
    def mark(self) -> str:
        """Sixteen hex digits of question and answer, so that a score holds for no other."""
        told = f"{self.question.id}\0{self.text}"
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def sample(self) -> dict[str, Any]:
        """Spell it as the function is sent it."""
        return {
            "id": self.mark,
            "system": self.question.system,
            "messages": self.question.messages,
            "reference": self.question.reference,
            "answer": self.text,
        }


def scores_folder(arn: str) -> str:
    """Name the folder of a function's scores, below a run's."""
    return f"evaluation/scored/{hashlib.sha256(arn.encode()).hexdigest()[:16]}"


def items_of(questions: Iterable[Question], answers: Mapping[str, Answer]) -> list[Item]:
    """List what was answered, in the questions' order."""
    return [
        Item(question=question, text=answers[question.id].text)
        for question in questions
        if question.id in answers
    ]


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Cut items into requests of bounded number and size; one that is too large for any goes alone."""
    batch: list[Item] = []
    size = 0
    for item in {item.mark: item for item in items}.values():
        bytes_of = len(json.dumps(item.sample()))
        if batch and (len(batch) == MOST_AT_ONCE or size + bytes_of > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += bytes_of
    if batch:
        yield batch


def read_scores(asked: Sequence[str], answer: Any) -> dict[str, float]:
    """Read a score for each id that was asked; MetricFunctionError says what is wrong with the answer."""
    if not isinstance(answer, list) or not all(isinstance(one, Mapping) for one in answer):
        raise MetricFunctionError(f"it answered {_shown(answer)}, not a list with an object for each record")
    scores = {str(one.get("id")): one.get("score") for one in answer}
    missing = [name for name in asked if name not in scores]
    if missing:
        raise MetricFunctionError(
            f"it left out {len(missing)} of {len(asked)} records, that with the id {missing[0]!r} first"
        )
    for name in asked:
        score = scores[name]
        if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
            raise MetricFunctionError(f"its score of the record {name!r} is {_shown(score)}, not a number")
        if not 0 <= score <= 1:
            raise MetricFunctionError(f"its score of the record {name!r} is {score}; allowed is 0 to 1")
    return {name: float(scores[name]) for name in asked}


def trial_records(questions: Iterable[Question]) -> list[dict[str, Any]]:
    """Take the first records with different references, as many as a trial needs, as plain values."""
    chosen: dict[str, Question] = {}
    for question in questions:
        if question.reference.strip():
            chosen.setdefault(question.reference, question)
        if len(chosen) == TRIAL_RECORDS:
            break
    return [vars(question) for question in chosen.values()]


def trial_items(records: Iterable[Mapping[str, Any]]) -> tuple[list[Item], list[Item]]:
    """Answer a trial's records rightly, and wrongly."""
    questions = [Question(**record) for record in records]
    right = [Item(question=question, text=question.reference) for question in questions]
    wrong = [Item(question=question, text=text) for question in questions for text in WRONG_ANSWERS]
    return right, wrong


def trial_objection(right: Sequence[Item], wrong: Sequence[Item], answer: Any) -> str:
    """Say why a function that answered a trial so cannot decide; empty where it can."""
    try:
        scores = read_scores([item.mark for item in (*right, *wrong)], answer)
    except MetricFunctionError as error:
        return str(error)
    found, others = (fmean(scores[item.mark] for item in items) for items in (right, wrong))
    if found > others:
        return ""
    return (
        f"it does not tell right answers from wrong ones: {len(right)} answers that are the reference were"
        f" given {found:.3g} on average, and {len(wrong)} wrong ones {others:.3g}"
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
