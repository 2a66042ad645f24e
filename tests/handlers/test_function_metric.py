"""A user's own metric from its trial to the verdict: tried, asked for each answer once, told when it errs."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from answer_shard.handler import lambda_handler as answer_shard
from check_preflight.handler import lambda_handler as check_preflight
from decide_promotion.handler import lambda_handler as decide_promotion
from prepare_dataset.handler import lambda_handler as prepare_dataset
from rate_shard.handler import lambda_handler as rate_shard
from rate_shard.user_function import RESERVE_SECONDS
from score_answers.handler import lambda_handler as score_answers
from tests.handlers.data_run import JOB as UPLOADED
from tests.handlers.data_run import STEP, DataRun, records
from tests.handlers.model_run import DEPLOYMENT_ARN, LATER, MUCH_TIME, RunUnderTest, TimeLeft
from tests.handlers.test_data_handlers import Account, account, listed
from tests.handlers.test_evaluation_handlers import BASE, Wavering, last_digit, open_deployment, trained
from tests.handlers.test_judging import other_digit
from tunesmith.aws import clients
from tunesmith.errors import MetricFunctionError
from tunesmith.job import parse_job
from tunesmith.preflight import DEPLOYMENTS_QUOTA

__all__ = ["account", "trained"]
ARN = "arn:aws:lambda:us-east-1:123456789012:function:my-metric"
JOB = f'{UPLOADED}\nevaluation: {{metric: "{ARN}"}}\n'
Answers = Callable[[list[dict[str, Any]]], Any]


def half_right(samples: list[dict[str, Any]]) -> Any:
    """Gives 1 for the reference and a half for any other digit."""
    return [
        {"id": one["id"], "score": 1.0 if one["answer"] == one["reference"] else 0.5 * bool(one["answer"])}
        for one in samples
    ]


@dataclass
class Functions:
    """Lambda at the edge: one function of the user's."""

    answers: Answers = half_right
    failed: str = ""
    asked: list[list[dict[str, Any]]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        """Score as Lambda would."""
        assert FunctionName == ARN
        samples = json.loads(Payload)
        self.asked.append(samples)
        if self.failed:
            return {"Payload": io.BytesIO(self.failed.encode()), "FunctionError": "Unhandled"}
        return {"Payload": io.BytesIO(json.dumps(self.answers(samples)).encode())}


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Functions:
    made = Functions()
    monkeypatch.setattr(clients, "functions", cache(lambda: made))
    return made


@pytest.fixture
def to_score(trained: RunUnderTest, functions: Functions) -> RunUnderTest:
    """The run with 240 blind records, on half of which its candidate is better."""
    trained.hold(range(240))
    trained.write_job(evaluation={"metric": ARN, "few_shot": False, "noise_records": 0})
    trained.bedrock.answers = {DEPLOYMENT_ARN: last_digit, BASE: other_digit}
    return trained


def rate(run: RunUnderTest, context: TimeLeft = MUCH_TIME) -> dict[str, Any]:
    (shard,) = open_deployment(run)
    answer_shard(run.event(LATER, shard=shard), MUCH_TIME)
    rated: dict[str, Any] = rate_shard(run.event(LATER, shard=shard), context)
    return rated


def test_every_answer_is_scored_once_and_decides(to_score: RunUnderTest, functions: Functions) -> None:
    # On 120 records both models gave one and the same answer.
    assert rate(to_score) == {"shard": "0000", "asked": 360, "failed": 0, "unfinished": False}
    assert [len(samples) for samples in functions.asked] == [50] * 7 + [10]
    assert set(functions.asked[0][0]) == {"id", "system", "messages", "reference", "answer"}
    assert rate(to_score)["asked"] == 0

    score_answers(to_score.event(LATER), None)
    decision = decide_promotion(to_score.event(LATER), None)
    scores = to_score.read("evaluation/scores.json")
    assert scores["models"]["candidate"]["summary"][ARN] == 1.0
    assert scores["models"]["base"]["summary"][ARN] == 0.75
    assert decision["outcome"] == "better"
    assert "in the score of my-metric is +25.0 points" in decision["reason"]
    assert to_score.read("evaluation/verdict.json")["method"].startswith("studentized bootstrap")


def test_scores_of_nought_and_one_are_counted_as_right_or_wrong(
    to_score: RunUnderTest, functions: Functions
) -> None:
    functions.answers = lambda samples: [
        {"id": one["id"], "score": int(one["answer"] == one["reference"])} for one in samples
    ]
    rate(to_score)
    score_answers(to_score.event(LATER), None)
    decide_promotion(to_score.event(LATER), None)
    assert to_score.read("evaluation/verdict.json")["method"].startswith("Tango's score interval")


def test_answers_that_waver_are_scored_by_the_function_too(to_score: RunUnderTest) -> None:
    to_score.write_job(evaluation={"metric": ARN, "few_shot": False, "noise_records": 240})
    to_score.bedrock.answers[DEPLOYMENT_ARN] = Wavering()
    rate(to_score)
    assert score_answers(to_score.event(LATER), None) == {"outcome": "ask_again"}
    rate(to_score)
    assert score_answers(to_score.event(LATER), None) == {"outcome": "scored"}
    means = set(to_score.read("evaluation/scores.json")["models"]["candidate"][ARN])
    assert means == {1.0, 0.833333}


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (lambda samples: half_right(samples)[1:], "it left out 1 of 50 records"),
        (lambda samples: [{**one, "score": 1.2} for one in half_right(samples)], "is 1.2; allowed is 0 to 1"),
        (lambda samples: [{**one, "score": None} for one in half_right(samples)], "is None, not a number"),
        (lambda samples: [{**one, "score": True} for one in half_right(samples)], "is True, not a number"),
        (lambda samples: {"scores": []}, "not a list with an object for each record"),
    ],
)
def test_an_answer_that_is_no_score_of_each_record_ends_the_step_in_words(
    to_score: RunUnderTest, functions: Functions, answers: Answers, words: str
) -> None:
    functions.answers = answers
    with pytest.raises(MetricFunctionError, match=words):
        rate(to_score)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            '{"errorMessage": "2026-11-28T10:00:00Z Task timed out after 3.00 seconds"}',
            "raise the function's",
        ),
        ('{"errorMessage": "boom"}', "it failed:.*boom"),
    ],
)
def test_a_function_that_fails_is_quoted_and_what_it_scored_before_is_kept(
    to_score: RunUnderTest, functions: Functions, body: str, words: str
) -> None:
    calls = 0

    def breaks_at_the_third(samples: list[dict[str, Any]]) -> Any:
        nonlocal calls
        calls += 1
        functions.failed = body if calls == 2 else ""
        return half_right(samples)

    functions.answers = breaks_at_the_third
    with pytest.raises(MetricFunctionError, match=words):
        rate(to_score)
    functions.failed, functions.answers = "", half_right
    assert rate(to_score)["asked"] == 260


def test_a_shard_that_runs_out_of_time_goes_on_where_it_stopped(to_score: RunUnderTest) -> None:
    first = rate(to_score, TimeLeft(900, 900, RESERVE_SECONDS - 1))
    assert first == {"shard": "0000", "asked": 100, "failed": 0, "unfinished": True}
    assert rate(to_score)["asked"] == 260


# --- before anything is paid


def asked_in(record: dict[str, Any]) -> str:
    text: str = record["messages"][0]["content"][0]["text"]
    return text


def test_the_function_is_tried_on_training_records_before_anything_is_paid(
    data_run: DataRun, functions: Functions, account: Account
) -> None:
    data_run.admitted(JOB, train=records(600))
    assert prepare_dataset(STEP, None)["outcome"] == "valid"
    for _ in range(2):
        account.answers([listed("amazon.nova-micro-v1:0:128k")], quotas={DEPLOYMENTS_QUOTA: 10.0})
    blind = {asked_in(line) for line in data_run.lines(f"blind/{STEP['run']}/test.jsonl")}
    assert check_preflight(STEP, None)["reason"] == ""
    (samples,) = functions.asked
    assert len(samples) % 3 == 0
    assert not blind & {asked_in(one) for one in samples}

    functions.answers = lambda samples: [{"id": one["id"], "score": 0.5} for one in samples]
    refused = check_preflight(STEP, None)
    assert refused["outcome"] == "refused"
    assert "does not tell right answers from wrong ones" in refused["reason"]


def test_a_metric_is_named_by_the_functions_arn() -> None:
    job = parse_job(JOB.encode(), source="job.yaml")
    assert job.metric == ARN
    assert parse_job(json.dumps(job.to_json()).encode(), source="job.json") == job
