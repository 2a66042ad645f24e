"""How did each model do on the same records? Figures per record, and their summary per model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from statistics import fmean, median
from typing import Any, Final, NamedTuple

from tunesmith.dataset.labels import is_label_task
from tunesmith.evaluation.answers import BASE, CANDIDATE, FEW_SHOT, TUNED, Answer, Question
from tunesmith.evaluation.labels import label_named
from tunesmith.evaluation.metrics_answers import is_number, numeric_answer
from tunesmith.evaluation.metrics_registry import JUDGE, METRICS, is_right_or_wrong
from tunesmith.evaluation.noise import measure
from tunesmith.evaluation.precision import mean_interval, wilson_interval

SHOWN_BESIDE: Final = ("exact_match", "token_f1")
"""Metrics that are told of every run, whichever it decides by."""
LENIENT: Final = "lenient"
"""Per record, the score of what an untuned model said once its label or number is found in the words."""
DECIDING: Final = (*TUNED, BASE, FEW_SHOT)
"""The models on whose answers the verdict hangs; what others do not answer costs no record."""
MOST_UNANSWERED: Final = 0.05
"""A model that informs only and leaves more than this share unanswered is not compared."""
_OF_LABELS: Final = ("exact_match", "label_accuracy")
_Reading = Callable[[str, str], float]
"""Scores an answer against its reference, the words around what counts left out."""
MODELS_OWN: Final = ("ModelErrorException", "ValidationException")
"""Errors by which a model itself fails on a record; all others are the infrastructure's."""


Ratings = Mapping[str, Sequence[Mapping[str, float]]]
"""Scores that somebody was asked for: a model's label to those of its first, second and third answers, by
record."""


class TokenPrice(NamedTuple):
    """USD for 1,000 tokens of a model's input and output."""

    input: Decimal
    output: Decimal


def score(
    metric: str,
    questions: Sequence[Question],
    answers: Mapping[str, Sequence[Answer]],
    models: Mapping[str, str],
    prices: Mapping[str, TokenPrice],
    *,
    again: Mapping[str, Sequence[Sequence[Answer]]] | None = None,
    twice: Collection[str] = (),
    averaged: Collection[str] = (),
    ratings: Ratings | None = None,
) -> dict[str, Any]:
    """Score every model (label to id) on the records that all of them answered.

    A record that one model lost to infrastructure leaves for all, and is counted in `lost`; what a model
    refuses or breaks on by itself is an empty, hence wrong, answer of that model. Where the references are
    labels or numbers, an untuned model that wraps one in words is also read leniently. A model that informs
    only and hardly answers stands in `silent` with its first error: it takes no record from the others.

    `again` are further answers, second ones first. Those to the records in `twice` show how often a model's
    score flips; a model in `averaged` is scored by the mean over all of its answers to a record.
    `ratings` take the place of a metric that is asked for; a record without one is lost.
    """
    lenient = _reading(metric, [question.reference for question in questions])
    given = {
        label: [answered(each) for each in (answers[label], *(again or {}).get(label, ()))]
        for label in models
    }
    first = {label: rounds[0] for label, rounds in given.items()}
    silent = [label for label in models if label not in DECIDING and _is_silent(first[label], questions)]
    compared = [label for label in models if label not in silent]
    told = {label: first[label] if ratings is None else ratings[label][0] for label in compared}
    kept = [
        question
        for question in questions
        if all(question.id in first[label] and question.id in told[label] for label in compared)
    ]
    errors = Counter(a.error for label in compared for a in answers[label] if a.error)
    sheets = {
        label: _Sheet(
            metric,
            kept,
            given[label],
            None if label in TUNED else lenient,
            is_averaged=label in averaged,
            ratings=None if ratings is None else ratings[label],
        )
        for label in compared
    }
    return {
        "metric": metric,
        "n": len(kept),
        "asked": len(questions),
        "lost": len(questions) - len(kept),
        "errors": dict(errors.most_common(5)),
        "silent": {label: _first_error(answers[label]) for label in silent},
        "records": [question.id for question in kept],
        "noise": {label: sheet.noise(twice) for label, sheet in sheets.items()} if twice else {},
        "models": {
            label: {"id": models[label], **sheet.figures(prices[label])} for label, sheet in sheets.items()
        },
    }


def paired_scores(scores: Mapping[str, Any], comparator: str) -> tuple[list[float], list[float]]:
    """Give the candidate's and a comparator's scores, record by record.

    An untuned model is given the benefit of the doubt: what it wraps in words counts as said. A judge
    compares each model with the candidate, which therefore has another score beside each.
    """
    metric, theirs = scores["metric"], scores["models"][comparator]
    if metric == JUDGE:
        return [1 - other for other in theirs[metric]], list(theirs[metric])
    return scores["models"][CANDIDATE][metric], theirs.get(LENIENT, theirs[metric])


def answered(answers: Sequence[Answer]) -> dict[str, Answer]:
    """Give the answers by record, without those that infrastructure lost; what a model broke on is empty."""
    return {answer.id: _own(answer) for answer in answers if not _is_lost(answer)}


def untuned_scores(metric: str, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Score an untuned model's answers against their references, read leniently where that is possible."""
    lenient = _reading(metric, [reference for _, reference in pairs])
    return _scores(lenient or METRICS[metric].score, pairs)


def task_labels(references: Sequence[str]) -> tuple[str, ...]:
    """List a task's labels, none where its references are no labels."""
    return tuple(sorted(set(references))) if is_label_task(references) else ()


def _is_silent(answered: Mapping[str, Answer], questions: Sequence[Question]) -> bool:
    return len(questions) - len(answered) > MOST_UNANSWERED * len(questions)


def _first_error(answers: Sequence[Answer]) -> str:
    return next((answer.error for answer in answers if answer.error), "it was not asked")


def _is_lost(answer: Answer) -> bool:
    return bool(answer.error) and not answer.error.startswith(MODELS_OWN)


def _own(answer: Answer) -> Answer:
    return replace(answer, error="", text="") if answer.error else answer


class _Sheet:
    """One model's answers to the records that are compared, first ones and any further ones."""

    def __init__(
        self,
        metric: str,
        questions: Sequence[Question],
        rounds: Sequence[Mapping[str, Answer]],
        lenient: _Reading | None,
        *,
        is_averaged: bool,
        ratings: Sequence[Mapping[str, float]] | None,
    ) -> None:
        self._metric, self._questions, self._rounds = metric, questions, rounds
        self._lenient, self._is_averaged, self._ratings = lenient, is_averaged, ratings

    def figures(self, price: TokenPrice) -> dict[str, Any]:
        """Give the figures per record, their summary, and what all answers cost."""
        first = [self._rounds[0][question.id] for question in self._questions]
        figures: dict[str, list[Any]] = {
            **{name: self._scores(name) for name in dict.fromkeys((self._metric, *SHOWN_BESIDE))},
            "input_tokens": [answer.input_tokens for answer in first],
            "output_tokens": [answer.output_tokens for answer in first],
            "latency_ms": [answer.latency_ms for answer in first],
        }
        if self._lenient is not None and self._questions:
            figures[LENIENT] = self._scores(LENIENT)
        # Every call is paid for, also one whose record leaves because another model lost it.
        paid = [answer for answers in self._rounds for answer in answers.values()]
        return {
            **figures,
            "summary": _summary(self._metric, figures, price) if first else {},
            "cost_usd": {
                "reads": price.input * sum(answer.input_tokens for answer in paid) / 1000,
                "answers": price.output * sum(answer.output_tokens for answer in paid) / 1000,
            },
        }

    def noise(self, twice: Collection[str]) -> dict[str, Any]:
        """Hold first against second answers by the score that the verdict goes by."""
        name = LENIENT if self._lenient is not None else self._metric
        first, second = (
            self._by_record(name, number) if number < len(self._rounds) else {} for number in (0, 1)
        )
        counted = len(self._rounds) if self._is_averaged else 1
        return measure(first, second, twice, answers=counted).to_json()

    def _scores(self, name: str) -> list[float]:
        if not self._is_averaged:
            return list(self._by_record(name, 0).values())
        found = [self._by_record(name, number) for number in range(len(self._rounds))]
        return [
            round(fmean(scores[question.id] for scores in found if question.id in scores), 6)
            for question in self._questions
        ]

    def _by_record(self, name: str, number: int) -> dict[str, float]:
        answers = self._rounds[number]
        if self._ratings is not None and name == self._metric:
            rated = self._ratings[number] if number < len(self._ratings) else {}
            return {question.id: rated[question.id] for question in self._questions if question.id in rated}
        asked = [question for question in self._questions if question.id in answers]
        pairs = [(answers[question.id].text, question.reference) for question in asked]
        read = self._lenient if name == LENIENT and self._lenient is not None else METRICS[name].score
        found = _scores(read, pairs)
        return {question.id: score for question, score in zip(asked, found, strict=True)}


def _reading(metric: str, references: Sequence[str]) -> _Reading | None:
    """Say how an untuned model's words are read leniently; None where the metric or the task has no need."""
    if metric not in _OF_LABELS:
        return None
    exact = METRICS[metric].score
    if labels := task_labels(references):
        return lambda text, reference: exact(label_named(text, labels) or text, reference)
    if references and all(map(is_number, references)):
        return lambda text, reference: max(exact(text, reference), numeric_answer(text, reference))
    return None


def _scores(read: _Reading, pairs: Sequence[tuple[str, str]]) -> list[float]:
    return [round(read(text, reference), 6) for text, reference in pairs]


def _summary(metric: str, figures: Mapping[str, Sequence[Any]], price: TokenPrice) -> dict[str, Any]:
    latencies = sorted(figures["latency_ms"])
    paid = (price.input * sum(figures["input_tokens"]) + price.output * sum(figures["output_tokens"])) / 1000
    return {
        **{
            name: fmean(figures[name])
            for name in dict.fromkeys((metric, *SHOWN_BESIDE, LENIENT))
            if name in figures
        },
        "interval": wilson_interval(round(sum(figures[metric])), len(latencies))
        if is_right_or_wrong(metric) and set(figures[metric]) <= {0, 1}
        else mean_interval(figures[metric]),
        "input_tokens_mean": fmean(figures["input_tokens"]),
        "output_tokens_mean": fmean(figures["output_tokens"]),
        "latency_ms_median": median(latencies),
        "latency_ms_p95": latencies[min(len(latencies) - 1, int(0.95 * len(latencies)))],
        "cost_usd_per_1000": 1000 * paid / len(latencies),
    }
