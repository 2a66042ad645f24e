"""Answers that changed: the largest gains and losses, the same ones each time, and no text without end."""

from __future__ import annotations

import json
from typing import Any

from tunesmith.evaluation.answers import Answer, Question
from tunesmith.evaluation.changes import MOST_CHARACTERS, MOST_SHOWN, most_changed


def played(candidate: list[float], base: list[float]) -> dict[str, Any]:
    records = [f"{number:016x}" for number in range(len(candidate))]
    questions = [
        Question(
            id=record,
            system=[],
            messages=[{"role": "user", "content": [{"text": f"question {record}"}]}],
            reference=f"right {record}",
        )
        for record in records
    ]
    answers = {
        label: [Answer(id=record, text=f"{label} {record}") for record in records]
        for label in ("candidate", "base")
    }
    scores = {
        "metric": "token_f1",
        "records": records,
        "models": {"candidate": {"token_f1": candidate}, "base": {"token_f1": base}},
    }
    return most_changed(scores, questions, answers)


def test_the_largest_change_comes_first_on_both_sides_and_what_stayed_is_on_none() -> None:
    found = played([0.9, 0.5, 0.2, 0.7, 0.1], [0.1, 0.5, 0.3, 0.6, 0.9])

    assert [one["id"][-1] for one in found["improved"]["shown"]] == ["0", "3"]
    assert [one["id"][-1] for one in found["damaged"]["shown"]] == ["4", "2"]
    first = found["improved"]["shown"][0]
    assert (first["asked"], first["reference"]) == (f"question {first['id']}", f"right {first['id']}")
    assert (first["candidate"], first["base"]) == (f"candidate {first['id']}", f"base {first['id']}")


def test_many_that_changed_alike_are_counted_and_few_of_them_shown() -> None:
    found = played([1.0] * 50, [0.0] * 50)

    assert found["improved"]["records"] == 50
    assert len(found["improved"]["shown"]) == MOST_SHOWN
    assert found["damaged"] == {"records": 0, "shown": []}


def test_an_answer_of_a_hundred_kilobytes_is_cut() -> None:
    question = Question(
        id="a", system=[], messages=[{"role": "user", "content": [{"text": "q"}]}], reference="r"
    )
    answers = {"candidate": [Answer(id="a", text="r")], "base": [Answer(id="a", text="x" * 100_000)]}
    models = {"candidate": {"exact_match": [1.0]}, "base": {"exact_match": [0.0]}}
    scores = {"metric": "exact_match", "records": ["a"], "models": models}

    shown = most_changed(scores, [question], answers)["improved"]["shown"][0]["base"]

    assert shown.startswith("x" * MOST_CHARACTERS)
    assert shown.endswith("(99,400 more characters)")
    assert len(json.dumps(shown)) < 2 * MOST_CHARACTERS
