"""How did each model do on the same records? Figures per record, and their summary per model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from statistics import fmean, median
from typing import Any, Final, NamedTuple

from tunesmith.evaluation.answers import Answer, Question
from tunesmith.evaluation.metrics import exact_match, token_f1
from tunesmith.evaluation.precision import mean_interval, wilson_interval

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
    refuses or breaks on by itself is an empty, hence wrong, answer of that model.
    """
    answered = {label: {a.id: _own(a) for a in given if not _is_lost(a)} for label, given in answers.items()}
    kept = [question for question in questions if all(question.id in found for found in answered.values())]
    errors = Counter(a.error for given in answers.values() for a in given if a.error)
    return {
        "metric": metric,
        "n": len(kept),
        "asked": len(questions),
        "lost": len(questions) - len(kept),
        "errors": dict(errors.most_common(5)),
        "records": [question.id for question in kept],
        "models": {
            label: {"id": model, **_figures(kept, answered[label], prices[label])}
            for label, model in models.items()
        },
    }


def _is_lost(answer: Answer) -> bool:
    return bool(answer.error) and not answer.error.startswith(MODELS_OWN)


def _own(answer: Answer) -> Answer:
    return replace(answer, error="", text="") if answer.error else answer


def _figures(
    questions: Sequence[Question], answers: Mapping[str, Answer], price: TokenPrice
) -> dict[str, Any]:
    given = [answers[question.id] for question in questions]
    pairs = [(answer.text, question.reference) for answer, question in zip(given, questions, strict=True)]
    figures: dict[str, list[Any]] = {
        "exact_match": [exact_match(text, reference) for text, reference in pairs],
        "token_f1": [round(token_f1(text, reference), 6) for text, reference in pairs],
        "input_tokens": [answer.input_tokens for answer in given],
        "output_tokens": [answer.output_tokens for answer in given],
        "latency_ms": [answer.latency_ms for answer in given],
    }
    # Every call is paid for, also one whose record leaves because another model lost it.
    paid = {
        "reads": price.input * sum(answer.input_tokens for answer in answers.values()) / 1000,
        "answers": price.output * sum(answer.output_tokens for answer in answers.values()) / 1000,
    }
    return {**figures, "summary": _summary(figures, price) if given else {}, "cost_usd": paid}


def _summary(figures: Mapping[str, Sequence[Any]], price: TokenPrice) -> dict[str, Any]:
    latencies = sorted(figures["latency_ms"])
    paid = (price.input * sum(figures["input_tokens"]) + price.output * sum(figures["output_tokens"])) / 1000
    return {
        "exact_match": fmean(figures["exact_match"]),
        "exact_match_interval": wilson_interval(sum(figures["exact_match"]), len(latencies)),
        "token_f1": fmean(figures["token_f1"]),
        "token_f1_interval": mean_interval(figures["token_f1"]),
        "input_tokens_mean": fmean(figures["input_tokens"]),
        "output_tokens_mean": fmean(figures["output_tokens"]),
        "latency_ms_median": median(latencies),
        "latency_ms_p95": latencies[min(len(latencies) - 1, int(0.95 * len(latencies)))],
        "cost_usd_per_1000": 1000 * paid / len(latencies),
    }
