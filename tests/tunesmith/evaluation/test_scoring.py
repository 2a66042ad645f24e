"""Files of references and predictions come in several shapes, and every gap between them is told."""

from __future__ import annotations

import json

import pytest

from tunesmith.evaluation.metrics_registry import METRICS
from tunesmith.evaluation.scoring import ScoringError, read_predictions, read_references, score

ONE_RIGHT_ANSWER = {
    "exact_match": ("Refund", "refund"),
    "token_f1": ("the refund", "refund"),
    "rouge_l": ("a refund", "a refund"),
    "bleu": ("a refund for the late parcel", "a refund for the late parcel"),
    "chrf": ("a refund", "a refund"),
    "numeric": ("It is 72.", "#### 72"),
    "multiple_choice": ("(B)", "B"),
    "label_accuracy": ("Refund", "refund"),
    "json_validity": ('{"a": 1}', ""),
    "json_fields": ('{"a": 1}', {"a": 1}),
    "sql": ("SELECT 2 - 1", {"sql": "SELECT 1", "database": ""}),
    "tatqa": (["$5", "million"], {"answer": ["5"], "answer_type": "span", "scale": "million"}),
}


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_every_metric_is_tried_here() -> None:
    assert ONE_RIGHT_ANSWER.keys() == METRICS.keys()


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_gives_everything_for_what_is_right_and_less_for_what_is_missing(metric: str) -> None:
    prediction, reference = ONE_RIGHT_ANSWER[metric]
    whole = score(metric, {"1": reference}, {"1": prediction, "9": "unasked"})
    assert list(whole.figures.values()) == pytest.approx([100.0] * len(whole.figures))
    assert (whole.records, whole.missing, whole.unknown) == (1, 0, 1)
    assert json.loads(json.dumps(whole.to_json()))["metric"] == metric
    half = score(metric, {"1": reference, "2": reference}, {"1": prediction})
    assert half.missing == 1
    assert next(iter(half.figures.values())) < 90.0


def test_labels_are_broken_down_and_counted() -> None:
    found = score("label_accuracy", {"1": "a", "2": "a", "3": "b"}, {"1": "a", "2": "b", "3": "b"})
    assert found.figures == pytest.approx({"label accuracy": 200 / 3, "macro F1": 200 / 3})
    assert found.breakdown["a"] == pytest.approx(
        {"precision": 100, "recall": 50, "F1": 200 / 3, "records": 2}
    )


def test_references_are_read_in_every_shape() -> None:
    question = {"uid": "q", "answer": ["5"], "answer_type": "span", "scale": ""}
    assert read_references(json.dumps([{"questions": [question]}]).encode()) == {"q": question}
    assert read_references(b'{"1": "a", "2": "b"}') == {"1": "a", "2": "b"}
    assert read_references(lines({"id": "1", "reference": "a"}, {"id": "2", "reference": "b"})) == {
        "1": "a",
        "2": "b",
    }
    assert read_references(lines({"id": "1", "reference": "a"})) == {"1": "a"}
    record = {
        "messages": [
            {"role": "user", "content": [{"text": "Where?"}]},
            {"role": "assistant", "content": [{"text": "Here."}]},
        ]
    }
    assert list(read_references(lines(record)).values()) == ["Here."]


def test_predictions_are_read_in_every_shape() -> None:
    assert read_predictions(b'{"1": [["a"], "million"]}') == {"1": [["a"], "million"]}
    assert read_predictions(lines({"id": "1", "text": "a", "stop_reason": "end_turn"})) == {"1": "a"}
    assert read_predictions(lines({"id": "1", "prediction": "a"}, {"id": "2", "answer": "b"})) == {
        "1": "a",
        "2": "b",
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff", "neither JSON nor JSON lines"),
        (b"[" * 100_000, "neither JSON nor JSON lines"),
        (b'{"id": "1"}\n{"id": "2", "text": "b"}', "line 1 .* lacks"),
        (b'{"id": "1", "text": "a"}\n{"id": "1", "text": "b"}', "a second time"),
        (b"[1, 2]\n[3]", "line 1 .* lacks"),
    ],
)
def test_files_that_cannot_be_read_say_why(content: bytes, told: str) -> None:
    with pytest.raises(ScoringError, match=told):
        read_predictions(content)
    with pytest.raises(ScoringError, match=told):
        read_references(content)


def test_what_does_not_go_together_is_refused_with_the_record_named() -> None:
    with pytest.raises(ScoringError, match=r"no metric 'rogue_l'.*rouge_l"):
        score("rogue_l", {"1": "a"}, {})
    with pytest.raises(ScoringError, match="no reference"):
        score("exact_match", {}, {"1": "a"})
    with pytest.raises(ScoringError, match=r"reference 'r7': .*holds a number"):
        score("numeric", {"r7": "seven"}, {"r7": "7"})
    with pytest.raises(ScoringError, match="'r7' is no annotated question"):
        score("tatqa", {"r7": "seven"}, {"r7": "7"})
    with pytest.raises(ScoringError, match="TAT-QA's, for the metric tatqa"):
        score("token_f1", {"1": {"answer": [], "answer_type": "span", "scale": ""}}, {})
