"""How did each model do on the same records? Figures per record, and their summary per model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from statistics import fmean, median
from typing import Any, Final, NamedTuple

from tunesmith.dataset.labels import is_label_task
from tunesmith.evaluation.answers import BASE, FEW_SHOT, TUNED, Answer, Question
from tunesmith.evaluation.labels import label_named
from tunesmith.evaluation.metrics_registry import METRICS
from tunesmith.evaluation.precision import mean_interval, wilson_interval

SHOWN_BESIDE: Final = ("exact_match", "token_f1")
"""Metrics that are told of every run, whichever it decides by."""
LENIENT: Final = "lenient"
"""Per record, the score of what an untuned model said once its label is found in the words around it."""
DECIDING: Final = (*TUNED, BASE, FEW_SHOT)
"""The models on whose answers the verdict hangs; what others do not answer costs no record."""
MOST_UNANSWERED: Final = 0.05
"""A model that informs only and leaves more than this share unanswered is not compared."""
_OF_LABELS: Final = ("exact_match", "label_accuracy")
MODELS_OWN: Final = ("ModelErrorException", "ValidationException")
"""Errors by which a model itself fails on a record; all others are the infrastructure's."""


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
) -> dict[str, Any]:
    """Score every model (label to id) on the records that all of them answered.

    A record that one model lost to infrastructure leaves for all, and is counted in `lost`; what a model
    refuses or breaks on by itself is an empty, hence wrong, answer of that model. Where the references are
    labels, an untuned model that wraps one in words is also read leniently. A model that informs only and
    hardly answers stands in `silent` with its first error, so that it takes no record from the others.
    """
    labels = _labels([question.reference for question in questions])
    answered = {
        label: {answer.id: _own(answer) for answer in answers[label] if not _is_lost(answer)}
        for label in models
    }
    silent = [label for label in models if label not in DECIDING and _is_silent(answered[label], questions)]
    compared = [label for label in models if label not in silent]
    kept = [question for question in questions if all(question.id in answered[label] for label in compared)]
    errors = Counter(a.error for label in compared for a in answers[label] if a.error)
    return {
        "metric": metric,
        "n": len(kept),
        "asked": len(questions),
        "lost": len(questions) - len(kept),
        "errors": dict(errors.most_common(5)),
        "silent": {label: _first_error(answers[label]) for label in silent},
        "records": [question.id for question in kept],
        "models": {
            label: {
                "id": models[label],
                **_figures(metric, kept, answered[label], prices[label], () if label in TUNED else labels),
            }
            for label in compared
        },
    }


def untuned_scores(metric: str, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Score an untuned model's answers against their references, read leniently where those are labels."""
    labels = _labels([reference for _, reference in pairs])
    return _lenient_scores(metric, pairs, labels) or _scores(metric, pairs)


def _labels(references: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(references))) if is_label_task(references) else ()


def _is_silent(answered: Mapping[str, Answer], questions: Sequence[Question]) -> bool:
    return len(questions) - len(answered) > MOST_UNANSWERED * len(questions)


def _first_error(answers: Sequence[Answer]) -> str:
    return next((answer.error for answer in answers if answer.error), "it was not asked")


def _is_lost(answer: Answer) -> bool:
    return bool(answer.error) and not answer.error.startswith(MODELS_OWN)


def _own(answer: Answer) -> Answer:
    return replace(answer, error="", text="") if answer.error else answer


def _figures(
    metric: str,
    questions: Sequence[Question],
    answers: Mapping[str, Answer],
    price: TokenPrice,
    labels: Sequence[str],
) -> dict[str, Any]:
    given = [answers[question.id] for question in questions]
    pairs = [(answer.text, question.reference) for answer, question in zip(given, questions, strict=True)]
    figures: dict[str, list[Any]] = {
        **{name: _scores(name, pairs) for name in dict.fromkeys((metric, *SHOWN_BESIDE))},
        "input_tokens": [answer.input_tokens for answer in given],
        "output_tokens": [answer.output_tokens for answer in given],
        "latency_ms": [answer.latency_ms for answer in given],
    }
    lenient = _lenient_scores(metric, pairs, labels)
    if lenient:
        figures[LENIENT] = lenient
    # Every call is paid for, also one whose record leaves because another model lost it.
    paid = {
        "reads": price.input * sum(answer.input_tokens for answer in answers.values()) / 1000,
        "answers": price.output * sum(answer.output_tokens for answer in answers.values()) / 1000,
    }
    return {**figures, "summary": _summary(metric, figures, price) if given else {}, "cost_usd": paid}


def _lenient_scores(metric: str, pairs: Sequence[tuple[str, str]], labels: Sequence[str]) -> list[float]:
    if not labels or metric not in _OF_LABELS:
        return []
    return _scores(metric, [(label_named(text, labels) or text, reference) for text, reference in pairs])


def _scores(metric: str, pairs: Sequence[tuple[str, str]]) -> list[float]:
    score = METRICS[metric].score
    return [round(score(text, reference), 6) for text, reference in pairs]


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
        if METRICS[metric].right_or_wrong
        else mean_interval(figures[metric]),
        "input_tokens_mean": fmean(figures["input_tokens"]),
        "output_tokens_mean": fmean(figures["output_tokens"]),
        "latency_ms_median": median(latencies),
        "latency_ms_p95": latencies[min(len(latencies) - 1, int(0.95 * len(latencies)))],
        "cost_usd_per_1000": 1000 * paid / len(latencies),
    }
