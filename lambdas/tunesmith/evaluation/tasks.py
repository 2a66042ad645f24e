"""Which metric fits a blind test? Told by its answers, where the job file names none.

Labels and numbers are right or wrong, spans share words, JSON has fields. Free text has no such measure:
it is reported, and nothing is promoted by it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from tunesmith.dataset.labels import LABEL_CHARACTERS, RECORDS_PER_LABEL, is_label_task
from tunesmith.evaluation.answers import Question, text_of
from tunesmith.evaluation.metrics import normalized
from tunesmith.evaluation.metrics_answers import is_number, marks_number
from tunesmith.evaluation.metrics_json import is_structure
from tunesmith.evaluation.metrics_registry import metric_title

SPAN_SHARE: Final = 0.9
"""From this share on of answers that stand in their own question, the task is to find them there."""
FREE_TEXT: Final = (
    "the answers are free text, of which shared words say little: let a judge compare them "
    "(evaluation.metric: judge), or name another metric in evaluation.metric, if one fits"
)
"""Why free text proves nothing, as a verdict goes on."""

TaskKind = Literal["labels", "numbers", "worked", "json", "spans", "text", "none", "named"]
_METRICS: Final[dict[TaskKind, str]] = {
    "labels": "exact_match",
    "numbers": "exact_match",
    "worked": "numeric",
    "json": "json_fields",
    "spans": "token_f1",
    "text": "token_f1",
    "none": "exact_match",
}
_BECAUSE: Final[dict[TaskKind, str]] = {
    "labels": "the answers are labels, each of which stands in five records or more on average",
    "numbers": "the answers are numbers",
    "worked": "the answers work towards a number, which they mark",
    "json": "the answers are JSON",
    "spans": "the answers stand in what is asked",
    "text": "the answers are free text",
    "none": "there is no blind test yet",
    "named": "the job file names it",
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a run is measured by; `kind` is what its answers are, or `named` where the job file decides."""

    kind: TaskKind
    metric: str

    @property
    def unproven(self) -> str:
        """Why nothing is promoted by this metric; empty where something may be."""
        return FREE_TEXT if self.kind == "text" else ""

    def sentence(self) -> str:
        """Say the metric and why it was taken."""
        return f"Answers are measured by {metric_title(self.metric)}: {_BECAUSE[self.kind]}."

    def to_json(self) -> dict[str, Any]:
        """Spell the task as a part of the data's report."""
        return {**asdict(self), "told": self.sentence()}


def named(metric: str) -> Task:
    """Give the task of a job file that names its metric."""
    return Task(kind="named", metric=metric)


def task_of(questions: Iterable[Question], *, labels: bool = False) -> Task:
    """Tell the task by a blind test's records; `labels` says that the whole dataset's answers are labels.

    A metric that some reference does not fit is not chosen.
    """
    kinds: set[TaskKind] = set()
    short: Counter[str] = Counter()
    total = spans = 0
    for question in questions:
        total += 1
        kinds.add(_kind_of(question))
        spans += _is_span(question)
        if len(question.reference) <= LABEL_CHARACTERS:
            short[question.reference] += 1
    kind: TaskKind = "text"
    if not total:
        kind = "none"
    elif labels or (short.total() == total and _are_labels(short)):
        kind = "labels"
    elif len(kinds) == 1 and kinds <= {"numbers", "worked", "json"}:
        [kind] = kinds
    elif spans >= SPAN_SHARE * total:
        kind = "spans"
    return Task(kind=kind, metric=_METRICS[kind])


def _are_labels(answers: Counter[str]) -> bool:
    """Tell whether short answers repeat as labels do; one that is always given is a label too."""
    if len(answers) == 1:
        return answers.total() >= RECORDS_PER_LABEL
    return is_label_task(list(answers), list(answers.values()))


def _kind_of(question: Question) -> TaskKind:
    reference = question.reference
    if is_number(reference):
        return "numbers"
    if is_structure(reference):
        return "json"
    return "worked" if marks_number(reference) else "text"


def _is_span(question: Question) -> bool:
    """Tell whether an answer stands in its question, word for word."""
    turns = (question.system, *(turn["content"] for turn in question.messages))
    asked = normalized("\n".join(map(text_of, turns)))
    answer = re.escape(normalized(question.reference))
    return bool(answer) and re.search(rf"(?<!\w){answer}(?!\w)", asked) is not None
