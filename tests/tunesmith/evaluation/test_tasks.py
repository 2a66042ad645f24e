"""The default metric: what a blind test's answers show, and what is not promoted by it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tunesmith.evaluation.answers import Question
from tunesmith.evaluation.metrics_registry import misfit
from tunesmith.evaluation.tasks import named, task_of

SUBJECTS = ("the parcel", "our phone", "nobody", "a week", "that answer")


def asked(*pairs: tuple[str, str]) -> list[Question]:
    return [
        Question(
            id=str(number),
            system=[{"text": "Answer."}],
            messages=[{"role": "user", "content": [{"text": question}]}],
            reference=answer,
        )
        for number, (question, answer) in enumerate(pairs)
    ]


def free(count: int) -> list[tuple[str, str]]:
    return [
        (f"question {n}", f"{SUBJECTS[n % 5]} came {n} days after {SUBJECTS[-n % 4]}") for n in range(count)
    ]


LABELS = [(f"question {n}", ("refund", "Delivery status", "other")[n % 3]) for n in range(30)]
NUMBERS = [(f"what is {n}?", f"${n * 1_000:,}.50") for n in range(30)]
WORKED = [(f"what is {n}?", f"Take {n} and keep it.\n#### {n}") for n in range(30)]
RECORDS = [(f"read {n}", f'{{"total": {n}, "items": [{n}]}}') for n in range(30)]
SPANS = [(f"On day {n} the parcel {n}-A left Riga.", f"the Parcel {n}-a") for n in range(30)]


@pytest.mark.parametrize(
    ("pairs", "kind", "metric"),
    [
        (LABELS, "labels", "exact_match"),
        (NUMBERS, "numbers", "exact_match"),
        (WORKED, "worked", "numeric"),
        (RECORDS, "json", "json_fields"),
        (SPANS, "spans", "token_f1"),
        (free(30), "text", "token_f1"),
        ([(f"question {n}", "spam") for n in range(5)], "labels", "exact_match"),
        ([("question", "spam")], "text", "token_f1"),
        ([], "none", "exact_match"),
    ],
    ids=["labels", "numbers", "worked", "json", "spans", "text", "one label", "one record", "none"],
)
def test_the_answers_show_the_task_and_the_task_has_its_metric(
    pairs: Sequence[tuple[str, str]], kind: str, metric: str
) -> None:
    task = task_of(asked(*pairs))
    assert (task.kind, task.metric) == (kind, metric)
    assert bool(task.unproven) == (kind == "text")
    assert misfit(task.metric, (answer for _, answer in pairs)) == ""


def test_one_answer_that_does_not_fit_rules_a_metric_out() -> None:
    for pairs in (NUMBERS, WORKED, RECORDS):
        assert task_of(asked(*pairs, ("and this?", "nobody knows"))).kind == "text"


def test_a_few_answers_that_stand_nowhere_leave_the_others_spans() -> None:
    for strangers, kind in ((3, "spans"), (4, "text")):
        assert task_of(asked(*SPANS[: 30 - strangers], *free(strangers))).kind == kind


def test_part_of_a_word_is_no_span() -> None:
    assert task_of(asked(*((f"articles {n}", "art") for n in range(3)), ("parties", "part"))).kind == "text"


def test_labels_of_the_whole_dataset_are_labels_in_a_test_that_holds_few_of_each() -> None:
    few = asked(*((f"question {n}", f"label {n}") for n in range(40)))
    assert task_of(few).kind == "text"
    assert task_of(few, labels=True).metric == "exact_match"


def test_the_metric_and_the_reason_are_said_in_one_sentence() -> None:
    assert task_of(asked(*RECORDS)).sentence() == (
        "Answers are measured by JSON field accuracy: the answers are JSON."
    )
    assert named("rouge_l").sentence() == "Answers are measured by ROUGE-L: the job file names it."


def test_who_names_a_metric_is_not_held_up_by_free_text() -> None:
    assert named("token_f1").unproven == ""
