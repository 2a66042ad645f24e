"""Which metrics are there, by which name is each asked for, and what does it give?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tunesmith.evaluation.metrics import exact_match, token_f1
from tunesmith.evaluation.metrics_answers import label_report, multiple_choice, numeric_answer
from tunesmith.evaluation.metrics_json import json_fields, json_validity
from tunesmith.evaluation.metrics_sql import sql_execution
from tunesmith.evaluation.metrics_tatqa import tatqa_f1
from tunesmith.evaluation.metrics_text import bleu, chrf, corpus_bleu, corpus_chrf, rouge_l

Overall = Callable[[Sequence[str], Sequence[str]], float]
"""Scores all answers against their references at once, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric: how it is called in sentences, and how it scores one answer, 0 to 1."""

    title: str
    score: Callable[[str, str], float]
    """Takes answer and reference, in this order; raises ValueError where the reference does not fit."""
    right_or_wrong: bool = False
    """Whether it gives 0 and 1 alone, which decides the statistics that fit."""
    overall: Mapping[str, Overall] | None = None
    """Figures over all answers, by title, where the mean of the scores is not what is quoted."""
    in_runs: bool = True
    """Whether a job file may name it: its package and its references' shape fit a run."""


def _label_accuracy(answers: Sequence[str], references: Sequence[str]) -> float:
    return label_report(answers, references).accuracy


def _macro_f1(answers: Sequence[str], references: Sequence[str]) -> float:
    return label_report(answers, references).macro_f1


METRICS: Final[Mapping[str, Metric]] = {
    "exact_match": Metric(title="exact match", score=exact_match, right_or_wrong=True),
    "token_f1": Metric(title="token F1", score=token_f1),
    "rouge_l": Metric(title="ROUGE-L", score=rouge_l),
    "bleu": Metric(title="BLEU", score=bleu, overall={"BLEU": corpus_bleu}, in_runs=False),
    "chrf": Metric(title="chrF", score=chrf, overall={"chrF": corpus_chrf}, in_runs=False),
    "numeric": Metric(title="numeric answer", score=numeric_answer, right_or_wrong=True),
    "multiple_choice": Metric(title="multiple choice", score=multiple_choice, right_or_wrong=True),
    "label_accuracy": Metric(
        title="label accuracy",
        score=exact_match,
        right_or_wrong=True,
        overall={"label accuracy": _label_accuracy, "macro F1": _macro_f1},
    ),
    "json_validity": Metric(title="JSON validity", score=json_validity, right_or_wrong=True),
    "json_fields": Metric(title="JSON field accuracy", score=json_fields),
    "sql": Metric(title="SQL by execution", score=sql_execution, right_or_wrong=True),
    "tatqa": Metric(title="TAT-QA F1", score=tatqa_f1, in_runs=False),
}
"""Metrics by the name that is asked for; all run on this machine, without a model."""

RUN_METRICS: Final = tuple(name for name, metric in METRICS.items() if metric.in_runs)
"""The metrics that a job file may name anywhere."""
JUDGE: Final = "judge"
"""The metric that asks a model which of two answers is better; a blind test's alone."""
_STAND_IN: Final = "token_f1"


def is_asked(name: str) -> bool:
    """Tell whether a metric's figures come from somebody who is asked, and not from a function here."""
    return name == JUDGE or is_function(name)


def is_function(name: str) -> bool:
    """Tell whether a metric is a Lambda function of the user's own, named by its ARN."""
    return name.startswith("arn:")


def metric_title(name: str) -> str:
    """Name a metric in a sentence."""
    if name == JUDGE:
        return "the judge's preference"
    return f"the score of {name.split(':')[6]}" if is_function(name) else METRICS[name].title


def is_right_or_wrong(name: str) -> bool:
    """Tell whether a metric gives 0 and 1 alone; a user's function may, which its scores show."""
    return is_function(name) or (name != JUDGE and METRICS[name].right_or_wrong)


def measured_here(name: str) -> str:
    """Name the metric that takes a metric's place where nobody is asked, as on validation records."""
    return _STAND_IN if is_asked(name) else name


def misfit(
    name: str,
    references: Iterable[str],
    *,
    key: str = "evaluation.metric",
    of: str = "the blind test",
) -> str:
    """Say which reference a metric cannot be measured against, and why; empty where it fits them all."""
    score = METRICS[measured_here(name)].score
    for number, reference in enumerate(references, start=1):
        try:
            score("", reference)
        except ValueError as error:
            return f"{key} is {name}, but answer {number} of {of} does not fit it: {error}"
    return ""
