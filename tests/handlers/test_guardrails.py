"""From a job file's guardrails to the verdict: what is asked, what it costs, and what it decides."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

import pytest

from answer_shard.handler import lambda_handler as answer_shard
from decide_promotion.handler import lambda_handler as decide_promotion
from prepare_dataset.handler import lambda_handler as prepare_dataset
from score_answers.handler import lambda_handler as score_answers
from tests.handlers import data_run as uploads
from tests.handlers.data_run import DataRun, records
from tests.handlers.model_run import DEPLOYMENT_ARN, LATER, MUCH_TIME, RUN, RunUnderTest, record
from tests.handlers.test_evaluation_handlers import BASE, a_guess, last_digit, open_deployment, trained
from tests.tunesmith.dataset.converse import lines, pair
from tests.tunesmith.dataset.prepared import said
from tunesmith.aws.objects import guardrail_key, metadata_key
from tunesmith.errors import SealBrokenError
from tunesmith.evaluation.answers import record_id

__all__ = ["trained"]
GENERAL = range(3000, 3300)
FILE = {"name": "general", "metric": "exact_match", "margin": 5.0, "file": "general.jsonl"}


def guard(run: RunUnderTest, *guardrails: dict[str, Any], numbers: range = GENERAL) -> None:
    """Declare guardrails, and leave the records of one called general as prepare_dataset does."""
    evaluation = {"few_shot": False, "noise_records": 0, "guardrails": list(guardrails)}
    run.write_job(evaluation=evaluation)
    content = b"".join(record(number) + b"\n" for number in numbers)
    run.artifacts.write(guardrail_key(RUN, "general"), content)
    figures = {"name": "general", "records": len(numbers), "sha256": hashlib.sha256(content).hexdigest()}
    report = run.artifacts.read_json(f"{run.prefix}/data/report.json")
    run.artifacts.write_json(f"{run.prefix}/data/report.json", {**report, "guardrails": [figures]})


def evaluate(run: RunUnderTest) -> tuple[dict[str, Any], dict[str, str]]:
    for shard in open_deployment(run):
        answer_shard(run.event(LATER, shard=shard), MUCH_TIME)
    score_answers(run.event(LATER), None)
    return run.read("evaluation/scores.json"), decide_promotion(run.event(LATER), None)


def forgets(text: str) -> str:
    """Right on the task's numbers, lost on the general ones."""
    return "?" if int(text.rsplit(maxsplit=1)[-1]) in GENERAL else last_digit(text)


def test_a_candidate_that_wins_and_forgets_is_rejected_and_told_why(trained: RunUnderTest) -> None:
    guard(trained, FILE)
    trained.bedrock.answers = {DEPLOYMENT_ARN: forgets, BASE: a_guess}
    scores, decision = evaluate(trained)

    assert decision["outcome"] == "rejected"
    assert "Guardrail general (exact match on general.jsonl) failed" in decision["reason"]
    verdict = trained.read("evaluation/verdict.json")
    assert verdict["gain"]["low"] > verdict["gain"]["minimum"]
    (finding,) = verdict["guardrails"]
    assert (finding["value"], finding["n"], finding["outcome"]) == (-10.0, 300, "failed")
    # Both models answered 120 blind and 300 general records, each once.
    assert len(trained.bedrock.asked) == len(set(trained.bedrock.asked)) == 2 * 420
    assert Decimal(scores["guardrails"][0]["cost_usd"]["base"]["reads"]) == Decimal("0.00021")
    assert scores["n"] == 120


def test_a_candidate_that_wins_and_forgets_nothing_is_better(trained: RunUnderTest) -> None:
    guard(trained, FILE)
    _, decision = evaluate(trained)
    assert decision["outcome"] == "better"
    assert "Guardrail general (exact match on general.jsonl) held" in decision["reason"]


def test_a_set_that_is_too_small_is_not_asked_and_not_checked(trained: RunUnderTest) -> None:
    guard(trained, FILE, numbers=range(3000, 3299))
    trained.bedrock.answers = {DEPLOYMENT_ARN: forgets, BASE: a_guess}
    _, decision = evaluate(trained)

    assert decision["outcome"] == "better"
    assert "was not checked" in decision["reason"]
    assert len(trained.bedrock.asked) == 2 * 120


def test_a_set_that_was_changed_since_it_was_checked_is_not_used(trained: RunUnderTest) -> None:
    guard(trained, FILE)
    trained.artifacts.write(guardrail_key(RUN, "general"), record(1))
    with pytest.raises(SealBrokenError, match="guardrail general"):
        open_deployment(trained)


def test_a_slice_and_what_is_watched_may_be_guardrails_too(trained: RunUnderTest) -> None:
    trained.hold(range(700))
    german = {"name": "german", "metric": "exact_match", "margin": 5.0}
    german["slice"] = {"field": "meta.language", "value": "de"}
    polite = {"name": "polite", "metric": "refusals", "margin": 2.0}
    trained.write_job(
        data={"train": "train.jsonl", "group_key": "meta.customer"},
        evaluation={"few_shot": False, "noise_records": 0, "guardrails": [german, polite]},
    )
    fields = {record_id(record(n)): {"meta.language": "de" if n % 2 else "en"} for n in range(700)}
    trained.artifacts.write_json(metadata_key(RUN), fields)

    def refuses_german(text: str) -> str:
        is_german = int(text.rsplit(maxsplit=1)[-1]) % 2
        return "I'm sorry, I can't help." if is_german and text.endswith(("1", "3")) else last_digit(text)

    trained.bedrock.answers = {DEPLOYMENT_ARN: refuses_german, BASE: last_digit}
    scores, decision = evaluate(trained)

    assert scores["watched"]["models"] == {
        "candidate": {"refusals": 140, "format": 140, "memorised": 0},
        "base": {"refusals": 0, "format": 0, "memorised": 0},
    }
    found = {one["name"]: one for one in trained.read("evaluation/verdict.json")["guardrails"]}
    assert (found["german"]["n"], found["german"]["value"]) == (350, -40.0)
    assert (found["polite"]["n"], found["polite"]["value"]) == (700, -20.0)
    assert decision["outcome"] == "rejected"
    languages = {one["value"]: one for one in scores["slices"] if one["by"] == "meta.language"}
    assert languages["de"]["observed"] == -40
    assert languages["en"]["n"] == 350


def test_what_is_watched_blocks_nothing_by_itself(trained: RunUnderTest) -> None:
    trained.bedrock.answers[DEPLOYMENT_ARN] = lambda text: (
        "I'm sorry, I can't." if text.endswith("7") else last_digit(text)
    )
    scores, decision = evaluate(trained)
    assert scores["watched"]["models"]["candidate"]["refusals"] == 12
    assert decision["outcome"] == "better"


# --- before training

GUARDED_JOB = """
project: triage
base_model: nova-micro
data: {train: train.jsonl, group_key: meta.customer}
evaluation:
  guardrails:
    - {name: general, metric: METRIC, margin: 5, file: general.jsonl}
"""


def tickets(count: int) -> bytes:
    values = []
    for number in range(count):
        value = json.loads(lines(pair(said(number), f"label_{number % 5}")))
        value["meta"] = {"customer": f"c{number}", "language": "de" if number % 2 else "en"}
        values.append(value)
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def test_a_guardrails_file_is_kept_beside_the_blind_test_without_what_is_trained_on(
    data_run: DataRun,
) -> None:
    general = records(40, start=9000)
    trained_on = records(600)
    data_run.admitted(
        GUARDED_JOB.replace("METRIC", "exact_match"),
        **{"train": tickets(600), "guardrail-general": general + trained_on},
    )
    assert prepare_dataset(uploads.STEP, None)["outcome"] == "valid"

    kept = data_run.artifacts.read(guardrail_key(RUN, "general"))
    train = {json.dumps(line["messages"]) for line in data_run.lines(f"runs/{RUN}/data/train.jsonl")}
    asked = [json.dumps(line["messages"]) for line in data_run.lines(guardrail_key(RUN, "general"))]
    assert len(asked) == 640 - len(train)
    assert not train & set(asked)
    (figures,) = data_run.artifacts.read_json(f"runs/{RUN}/data/report.json")["guardrails"]
    assert (figures["name"], figures["records"]) == ("general", len(asked))
    assert figures["sha256"] == hashlib.sha256(kept).hexdigest()
    blind = data_run.artifacts.read(f"blind/{RUN}/test.jsonl").splitlines()
    fields = data_run.artifacts.read_json(metadata_key(RUN))
    assert set(fields) == {record_id(line) for line in blind}
    assert {value for found in fields.values() for value in found.values()} == {"de", "en"}


@pytest.mark.parametrize(
    ("metric", "general", "reason"),
    [
        ("numeric", records(40, start=9000), "its metric is numeric, but answer 1 of general.jsonl"),
        ("exact_match", b"{}\n" * 40, "general.jsonl holds no record that can be used"),
        ("exact_match", records(40, start=9000) + b"{}\n" * 40, "has 40 rejected records of 80"),
    ],
)
def test_a_guardrails_file_that_cannot_be_used_ends_the_run_before_anything_is_paid(
    data_run: DataRun, metric: str, general: bytes, reason: str
) -> None:
    data_run.admitted(
        GUARDED_JOB.replace("METRIC", metric), **{"train": tickets(600), "guardrail-general": general}
    )
    found = prepare_dataset(uploads.STEP, None)
    assert found["outcome"] == "invalid"
    assert reason in found["reason"]
    assert data_run.artifacts.head(guardrail_key(RUN, "general")) is None
