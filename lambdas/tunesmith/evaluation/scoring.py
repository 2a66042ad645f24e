"""How good are the predictions in a file against the references in another? Figures in per cent."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any, Final

from tunesmith.evaluation.answers import read_questions
from tunesmith.evaluation.metrics_answers import label_report
from tunesmith.evaluation.metrics_registry import METRICS
from tunesmith.evaluation.metrics_tatqa import NOTHING_RIGHT, TatqaScore, tatqa
from tunesmith.suggestions import did_you_mean

TATQA: Final = "tatqa"
_TEXT_KEYS: Final = ("reference", "prediction", "answer", "text")

Values = Mapping[str, Any]
"""What stands in a file, by id."""


class ScoringError(ValueError):
    """When files or metric do not go together; the message says what is wrong with which."""


@dataclass(frozen=True, kw_only=True)
class ScoreReport:
    """How predictions did: figures by title, in per cent, over every reference."""

    metric: str
    figures: dict[str, float]
    records: int
    missing: int
    """References without a prediction; each counts as a wrong answer."""
    unknown: int
    """Predictions without a reference; they count nothing."""
    breakdown: dict[str, dict[str, float]] = field(default_factory=dict)
    """The same per answer type (TAT-QA) or label: figures in per cent, and `records`."""

    def to_json(self) -> dict[str, Any]:
        """Spell the report as `tunesmith score --json` does."""
        return asdict(self)


def score(metric: str, references: Values, predictions: Values) -> ScoreReport:
    """Score predictions against references by id, with a metric that METRICS names.

    A value that is no text is taken as JSON. For `tatqa` a reference is an annotated question, a prediction
    `[answer, scale]`. Raises ScoringError where the metric is not known, there is no reference, or one does
    not fit the metric.
    """
    if metric not in METRICS:
        meant = did_you_mean(metric, tuple(METRICS))
        raise ScoringError(f"there is no metric {metric!r}{meant}; there are {', '.join(METRICS)}")
    if not references:
        raise ScoringError("there is no reference to score against")
    counted: dict[str, Any] = {
        "metric": metric,
        "records": len(references),
        "missing": sum(key not in predictions for key in references),
        "unknown": sum(key not in references for key in predictions),
    }
    if metric == TATQA:
        return ScoreReport(**counted, **_tatqa_figures(references, predictions))
    expected = [_text(value) for value in references.values()]
    answered = [_text(predictions.get(key, "")) for key in references]
    figures = _figures(metric, references, answered, expected)
    breakdown = _by_label(answered, expected) if metric == "label_accuracy" else {}
    return ScoreReport(**counted, figures=figures, breakdown=breakdown)


def read_references(content: bytes) -> dict[str, Any]:
    """Read references by id from TAT-QA's published shape, a JSON object, or JSON lines.

    A line is a record of the blind test (Converse), or an object with `id` and `reference`. Raises
    ScoringError where the content is none of these.
    """
    value = _document(content)
    if isinstance(value, list) and all(isinstance(each, dict) and "questions" in each for each in value):
        questions = [question for context in value for question in context["questions"]]
        try:
            return {question["uid"]: question for question in questions}
        except (KeyError, TypeError) as error:
            raise ScoringError("the references look like TAT-QA's, but a question has no uid") from error
    if isinstance(value, dict) and "messages" not in value:
        return _one_line(value)
    try:
        lines = [json.loads(line) for line in content.split(b"\n") if line.strip()]
        if lines and all(isinstance(line, dict) and "messages" in line for line in lines):
            return {question.id: question.reference for question in read_questions(content)}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ScoringError(f"the references are neither JSON nor JSON lines: {error}") from error
    return _by_id(lines, "references")


def read_predictions(content: bytes) -> dict[str, Any]:
    """Read predictions by id from a JSON object, TAT-QA's `{uid: [answer, scale]}` included, or JSON lines.

    A line has `id` and `prediction`, `answer` or `text`. Raises ScoringError where the content is neither.
    """
    value = _document(content)
    if isinstance(value, dict):
        return _one_line(value)
    try:
        lines = [json.loads(line) for line in content.split(b"\n") if line.strip()]
    except (ValueError, RecursionError) as error:
        raise ScoringError(f"the predictions are neither JSON nor JSON lines: {error}") from error
    return _by_id(lines, "predictions")


def _document(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _one_line(value: dict[str, Any]) -> dict[str, Any]:
    """Tell a file of one line from an object of values by id."""
    text = next((key for key in _TEXT_KEYS if key in value), None)
    return {value["id"]: value[text]} if text and isinstance(value.get("id"), str) else value


def _by_id(lines: list[Any], what: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for number, line in enumerate(lines, start=1):
        key = next((key for key in _TEXT_KEYS if isinstance(line, dict) and key in line), None)
        if key is None or not isinstance(line.get("id"), str):
            raise ScoringError(f"line {number} of the {what} lacks an id, or one of {', '.join(_TEXT_KEYS)}")
        if line["id"] in values:
            raise ScoringError(f"line {number} of the {what} has the id {line['id']!r} a second time")
        values[line["id"]] = line[key]
    return values


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _figures(
    name: str, references: Values, answered: Sequence[str], expected: Sequence[str]
) -> dict[str, float]:
    if any(isinstance(value, dict) and "answer_type" in value for value in references.values()):
        raise ScoringError(f"these references are TAT-QA's, for the metric {TATQA}, not for {name}")
    metric = METRICS[name]
    if metric.overall is not None:
        return {title: 100 * overall(answered, expected) for title, overall in metric.overall.items()}
    scores = []
    for key, mine, theirs in zip(references, answered, expected, strict=True):
        try:
            scores.append(metric.score(mine, theirs))
        except ValueError as error:
            raise ScoringError(f"reference {key!r}: {error}") from error
    return {metric.title: 100 * fmean(scores)}


def _tatqa_figures(references: Values, predictions: Values) -> dict[str, Any]:
    scores: dict[str, list[TatqaScore]] = defaultdict(list)
    for key, question in references.items():
        answer, scale = _answer_and_scale(predictions.get(key))
        try:
            scores[question["answer_type"]].append(tatqa(question, answer, scale))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ScoringError(f"reference {key!r} is no annotated question of TAT-QA: {error!r}") from error
    return {
        "figures": _tatqa_means([each for group in scores.values() for each in group]),
        "breakdown": {
            kind: {**_tatqa_means(group), "records": len(group)} for kind, group in sorted(scores.items())
        },
    }


def _answer_and_scale(prediction: Any) -> tuple[Any, Any]:
    """Take a prediction apart; what is no pair is a bare answer."""
    if isinstance(prediction, list) and len(prediction) == 2 and isinstance(prediction[1], str | None):
        return prediction[0], prediction[1]
    return prediction, ""


def _tatqa_means(scores: list[TatqaScore]) -> dict[str, float]:
    columns = zip(*(scores or [NOTHING_RIGHT]), strict=True)
    return {
        title: 100 * fmean(column)
        for title, column in zip(("exact match", "F1", "scale"), columns, strict=True)
    }


def _by_label(answers: list[str], references: list[str]) -> dict[str, dict[str, float]]:
    return {
        label: {
            "precision": 100 * figures.precision,
            "recall": 100 * figures.recall,
            "F1": 100 * figures.f1,
            "records": figures.records,
        }
        for label, figures in label_report(answers, references).classes.items()
    }
