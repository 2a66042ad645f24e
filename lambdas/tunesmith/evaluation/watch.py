"""What may go wrong in any answer? It is refused, cannot be read by the metric, or repeats training text.

Counted for every model of every run. It blocks nothing by itself; a guardrail may name each as its metric.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tunesmith.evaluation.answers import Answer, Question, text_of
from tunesmith.evaluation.labels import label_named
from tunesmith.evaluation.metrics import normalized
from tunesmith.evaluation.metrics_answers import chosen_letter, final_number
from tunesmith.evaluation.metrics_json import json_validity
from tunesmith.evaluation.metrics_registry import METRICS, metric_title

REFUSALS: Final = "refusals"
FORMAT: Final = "format"
MEMORISED: Final = "memorised"
WATCHED: Final[Mapping[str, str]] = {
    REFUSALS: "answers that are no refusal",
    FORMAT: "answers that the metric can read",
    MEMORISED: "answers that repeat no training text",
}
"""What is watched, with what a record scores 1 for."""
LONG_RUN: Final = 25
"""Words in a row that an answer does not share with a training answer by chance."""

_REFUSED_BY: Final = ("guardrail_intervened", "content_filtered")
"""Converse's stop reasons for an answer that was withheld."""
_REFUSAL: Final = re.compile(
    r"\s*(?:(?:i(?:'|\u2019)?m|i am) (?:really |very |so )?sorry\b|sorry, (?:but )?i\b|as an ai\b"
    r"|(?:unfortunately,? )?i(?: can(?:'|\u2019)?t| cannot| can not| am unable to|(?:'|\u2019)m unable to"
    r"| won(?:'|\u2019)t) (?:help|assist|answer|provide|comply|do that|fulfill?|discuss|respond|share))",
    re.IGNORECASE,
)


def title_of(metric: str) -> str:
    """Name a metric of the registry, or one of what is watched."""
    return WATCHED.get(metric) or metric_title(metric)


def is_refusal(answer: Answer) -> bool:
    """Tell whether a model declined to answer: by its stop reason, or by how the text begins."""
    return answer.stop_reason in _REFUSED_BY or bool(_REFUSAL.match(answer.text))


def is_readable(metric: str, text: str, labels: Sequence[str] = ()) -> bool:
    """Tell whether a metric finds in an answer what it compares; a wrong answer may be readable.

    `labels` are those of the task, empty where it has none. A label may stand in words around it.
    """
    if not text.strip():
        return False
    if metric in ("json_validity", "json_fields"):
        return bool(json_validity(text)) or METRICS["json_fields"].score(text, "{}") > 0
    if metric == "numeric":
        return final_number(text) is not None
    if metric == "multiple_choice":
        return bool(chosen_letter(text))
    if labels and metric in ("exact_match", "label_accuracy"):
        return normalized(text) in {normalized(label) for label in labels} or bool(label_named(text, labels))
    return True


def watched_scores(
    metric: str,
    questions: Sequence[Question],
    answers: Mapping[str, Answer],
    labels: Sequence[str],
    repeated: Iterable[str],
) -> dict[str, list[int]]:
    """Score each record 1 where nothing is wrong with its answer, by what is watched.

    By the task's `metric` an answer can be read or not. `repeated` are the records whose answers repeat
    training text.
    """
    given = [answers[question.id] for question in questions]
    found = set(repeated)
    return {
        REFUSALS: [int(not is_refusal(answer)) for answer in given],
        FORMAT: [int(is_readable(metric, answer.text, labels)) for answer in given],
        MEMORISED: [int(question.id not in found) for question in questions],
    }


class TrainingText:
    """The answers that were trained on, among whose words an answer's are looked for.

    Groups stand in one part of a split each, so no training record is of the group of a blind record.
    """

    def __init__(self, records: Iterable[Question]) -> None:
        # A text that is read for itself has no answer: then it is what may be remembered.
        texts = (record.reference or _asked(record) for record in records)
        self._texts = [words for text in texts if len(words := text.split()) >= LONG_RUN]

    def repeated(self, questions: Sequence[Question], answers: Mapping[str, Answer]) -> set[str]:
        """Find the records whose answers hold a long run of a training answer, word for word.

        What stands in the question or in its own reference is no memory of another record's answer.
        """
        runs: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        for question in questions:
            answer = answers.get(question.id)
            own = _runs(question.reference.split()) | _runs(_asked(question).split())
            for run in _runs(answer.text.split() if answer else []) - own:
                runs[run].add(question.id)
        if not runs:
            return set()
        return set().union(*(runs[run] for words in self._texts for run in _runs(words) if run in runs))


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + LONG_RUN]) for at in range(len(words) - LONG_RUN + 1)}


def _asked(question: Question) -> str:
    turns: list[Any] = [turn["content"] for turn in question.messages]
    return " ".join(text_of(blocks) for blocks in (question.system, *turns))
