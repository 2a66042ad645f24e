"""A person is asked where a run may cost more than it may unasked, or could not prove what it hopes."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.tunesmith.cost.test_estimates import SPLIT
from tunesmith.catalogue import find_model
from tunesmith.cost import Estimate, estimate_job, load_prices
from tunesmith.cost.approval import Question, message, proof_of, question_of
from tunesmith.job import Job, parse_job


def job_of(text: str = "") -> Job:
    epochs = "hyperparameters: {epochCount: 2}\n"
    body = f"project: p\nbase_model: nova-micro\ndata: t.jsonl\n{epochs}{text}"
    return parse_job(body.encode(), source="job.yaml").measured_by("exact_match")


def estimate_of(job: Job) -> Estimate:
    return estimate_job(job, find_model("nova-micro"), SPLIT, load_prices())


def asked(text: str, approved_usd: str | None = None) -> Question | None:
    job = job_of(text)
    approved = None if approved_usd is None else Decimal(approved_usd)
    proof = proof_of(job, SPLIT["test"]["records"])
    return question_of(job, estimate_of(job).high_usd, proof, approved_usd=approved)


def test_nobody_is_asked_unless_the_job_file_says_so() -> None:
    assert asked("") is None


@pytest.mark.parametrize(("above", "is_asked"), [("4.28", True), ("4.30", False), ("0", True)])
def test_the_high_bound_decides_whether_somebody_is_asked(above: str, is_asked: bool) -> None:
    question = asked(f"budget: {{ask_above: {above}, answer_within_hours: 3}}")

    assert (question is not None) == is_asked
    if question is not None:
        assert question.hours == 3
        assert "the run may cost up to $4.29" in question.text


def test_the_first_month_of_a_champion_that_is_served_by_the_hour_counts() -> None:
    job = job_of("budget: {ask_above: 40}")
    proof = proof_of(job, 500)

    question = question_of(job, Decimal(30), proof, approved_usd=None, afterwards_usd=Decimal("17280"))

    assert question is not None
    assert "up to $30.00 and its champion $17,280.00 in the first month" in question.text
    assert question_of(job, Decimal(30), proof, approved_usd=None) is None


def test_a_yes_holds_up_to_its_amount() -> None:
    assert asked("budget: {ask_above: 1}", approved_usd="4.2894") is None
    assert asked("budget: {ask_above: 1}", approved_usd="3.40") is not None


def test_a_gain_that_the_blind_test_could_not_prove_is_asked_about() -> None:
    assert asked("evaluation: {expected_gain: 40}") is None
    question = asked("evaluation: {expected_gain: 5}")
    assert question is not None
    assert question.text.startswith("a blind test of 200 records proves a gain of ")
    assert "evaluation.expected_gain is 5: about " in question.text


def test_a_test_that_proves_nothing_says_so() -> None:
    proof = proof_of(job_of("evaluation: {expected_gain: 5}"), 99)
    assert (proof.smallest_gain, proof.is_enough) == (None, False)
    assert proof.sentence().startswith("a blind test of 99 records proves no gain at all")
    assert proof_of(job_of(), 99).is_enough


def test_a_question_survives_its_file() -> None:
    question = asked("budget: {ask_above: 1}")
    assert question is not None
    assert Question(**json.loads(json.dumps(question.to_json(), default=str))) == question


def test_the_message_says_how_to_answer() -> None:
    subject, body = message(
        "p", "0123456789abcdef", "it may cost much", "2026-11-29T00:00:00Z", "prod", "s3://b/plan.html"
    )
    assert "0123456789abcdef" in subject
    assert "tunesmith approve 0123456789abcdef --env prod" in body
    assert "tunesmith deny 0123456789abcdef --env prod" in body
    assert "2026-11-29T00:00:00Z" in body
    assert body.endswith("The plan: s3://b/plan.html\n")
