"""A judge from the plan to the verdict: asked in both orders, paid, checked by people, and only then heeded.

Labels here are made up by rule; no person gave any.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from answer_shard.handler import lambda_handler as answer_shard
from decide_promotion.handler import lambda_handler as decide_promotion
from rate_shard.handler import lambda_handler as rate_shard
from rate_shard.judge import RESERVE_SECONDS
from score_answers.handler import lambda_handler as score_answers
from tests.handlers.model_run import (
    DEPLOYMENT_ARN,
    LATER,
    MUCH_TIME,
    PROJECT,
    RUN,
    RunUnderTest,
    TimeLeft,
    refusal,
)
from tests.handlers.test_evaluation_handlers import BASE, last_digit, open_deployment, trained
from tunesmith.catalogue.judges import find_judge
from tunesmith.evaluation import shards
from tunesmith.evaluation.judging import Judging
from tunesmith.ledger import JudgeLabels

__all__ = ["trained"]
JUDGE = find_judge("llama-3.3-70b")
EVALUATION = {"metric": "judge", "judge": {"model": "llama-3.3-70b"}, "few_shot": False}


def parts(text: str) -> dict[str, str]:
    found = re.findall(r"<([\w-]+) \w{8}>\n(.*?)\n</\1", text, re.DOTALL)
    return dict(found)


def fair(text: str) -> str:
    """Prefers the answer that is the reference."""
    shown = parts(text)
    right = [name for name in "AB" if shown[f"answer-{name}"] == shown["reference"]]
    return right[0] if len(right) == 1 else "TIE"


def other_digit(text: str) -> str:
    """Right on even numbers, wrong on odd ones."""
    number = int(text.rsplit(maxsplit=1)[-1])
    return str(number % 10 if number % 2 == 0 else (number + 1) % 10)


@pytest.fixture
def to_judge(trained: RunUnderTest) -> RunUnderTest:
    """The run with 240 blind records, on half of which its candidate is better, and a fair judge."""
    trained.hold(range(240))
    trained.write_job(evaluation=EVALUATION)
    trained.bedrock.answers = {DEPLOYMENT_ARN: last_digit, BASE: other_digit, JUDGE.invocation_id: fair}
    return trained


def rate(run: RunUnderTest, context: TimeLeft = MUCH_TIME) -> list[dict[str, Any]]:
    names = open_deployment(run)
    for shard in names:
        answer_shard(run.event(LATER, shard=shard), MUCH_TIME)
    return [rate_shard(run.event(LATER, shard=shard), context) for shard in names]


def decide(run: RunUnderTest) -> dict[str, str]:
    score_answers(run.event(LATER), None)
    decision: dict[str, str] = decide_promotion(run.event(LATER), None)
    return decision


def label(run: RunUnderTest, kappa: str, count: int = 120) -> None:
    """Keep labels as the command does, made up: so many, with this agreement."""
    run.ledger.put_judge_labels(
        JudgeLabels(
            project=PROJECT,
            fingerprint=Judging(model=JUDGE.id).fingerprint,
            run="f" * 16,
            labels={str(number): "tie" for number in range(count)},
            kappa=Decimal(kappa),
            low=Decimal("0.5"),
            high=Decimal("0.9"),
            by="made up",
            read=LATER,
        )
    )


def test_each_pair_that_differs_is_judged_in_both_orders_once(to_judge: RunUnderTest) -> None:
    assert rate(to_judge) == [{"shard": "0000", "asked": 240, "failed": 0, "unfinished": False}]
    judged = [text for model, text in to_judge.bedrock.asked if model == JUDGE.invocation_id]
    assert len(judged) == len(set(judged)) == 240

    assert rate(to_judge) == [{"shard": "0000", "asked": 0, "failed": 0, "unfinished": False}]


def test_a_judge_that_nobody_checked_reports_only_and_says_what_to_do(to_judge: RunUnderTest) -> None:
    rate(to_judge)
    decision = decide(to_judge)

    assert decision["outcome"] == "inconclusive"
    assert f"`tunesmith label {RUN}` makes the sheet" in decision["reason"]
    assert "prefers the candidate on 120 records and base on 0, and 120 are ties" in decision["reason"]
    assert "a win rate of 75.0%" in decision["reason"]
    verdict = to_judge.read("evaluation/verdict.json")
    assert verdict["gain"]["value"] == 50
    assert verdict["gain"]["low"] > verdict["gain"]["minimum"]
    assert verdict["preferred"]["wins"] == 120
    assert verdict["reports_only"]


@pytest.mark.parametrize(
    ("kappa", "count", "outcome"),
    [("0.6", 100, "better"), ("0.59", 100, "inconclusive"), ("0.9", 99, "inconclusive")],
)
def test_a_judge_may_promote_after_enough_labels_that_agree(
    to_judge: RunUnderTest, kappa: str, count: int, outcome: str
) -> None:
    rate(to_judge)
    label(to_judge, kappa, count)
    assert decide(to_judge)["outcome"] == outcome


def test_labels_of_other_criteria_are_none(to_judge: RunUnderTest) -> None:
    label(to_judge, "0.9")
    judge = {"model": "llama-3.3-70b", "criteria": "The kinder answer is better."}
    to_judge.write_job(evaluation={**EVALUATION, "judge": judge})
    rate(to_judge)
    assert decide(to_judge)["outcome"] == "inconclusive"


def test_a_judge_that_leans_to_a_place_gives_ties_and_is_told_of(to_judge: RunUnderTest) -> None:
    to_judge.bedrock.answers[JUDGE.invocation_id] = lambda _: "A"
    label(to_judge, "0.9")
    rate(to_judge)
    assert decide(to_judge)["outcome"] == "rejected"

    tally = to_judge.read("evaluation/scores.json")["judge"]["tallies"]["base"]
    assert (tally["turned"], tally["first"], tally["second"]) == (120, 240, 0)
    assert set(to_judge.read("evaluation/scores.json")["models"]["base"]["judge"]) == {0.5}


def test_words_that_cannot_be_read_are_ties_and_counted(to_judge: RunUnderTest) -> None:
    to_judge.bedrock.answers[JUDGE.invocation_id] = lambda _: "Both are fine."
    rate(to_judge)
    decide(to_judge)
    tally = to_judge.read("evaluation/scores.json")["judge"]["tallies"]["base"]
    assert (tally["unparsable"], tally["turned"]) == (240, 0)


def test_pairs_whose_calls_fail_are_lost_and_might_turn_the_verdict(to_judge: RunUnderTest) -> None:
    def breaks(text: str) -> str:
        if "number 7\n" in text or "number 11\n" in text:
            raise refusal("AccessDeniedException")
        return fair(text)

    to_judge.bedrock.answers[JUDGE.invocation_id] = breaks
    label(to_judge, "0.9")
    assert rate(to_judge)[0]["failed"] == 4
    decide(to_judge)
    scores = to_judge.read("evaluation/scores.json")
    assert (scores["asked"], scores["lost"], scores["n"]) == (240, 2, 238)
    assert scores["errors"] == {"AccessDeniedException: no": 4}

    to_judge.bedrock.answers[JUDGE.invocation_id] = fair
    to_judge.bedrock.asked.clear()
    assert rate(to_judge)[0]["asked"] == 4, "a repeat asks for what failed"


def test_a_shard_that_runs_out_of_time_goes_on_where_it_stopped(
    to_judge: RunUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_deployment(to_judge)
    answer_shard(to_judge.event(LATER, shard="0000"), MUCH_TIME)
    monkeypatch.setattr(shards, "FIRST_RATE", 40)
    open_deployment(to_judge)
    to_judge.bedrock.asked.clear()
    first = rate_shard(to_judge.event(LATER, shard="0000"), TimeLeft(RESERVE_SECONDS + 0.3))
    rest = rate_shard(to_judge.event(LATER, shard="0000"), MUCH_TIME)

    assert first["unfinished"]
    assert not rest["unfinished"]
    assert first["asked"] + rest["asked"] == len(to_judge.bedrock.asked) == 240


def test_the_judge_is_paid_for_and_stands_in_the_cost(to_judge: RunUnderTest) -> None:
    rate(to_judge)
    decide(to_judge)
    judge = to_judge.read("evaluation/scores.json")["judge"]
    # 240 calls of 20 tokens read and 3 written, both at $0.00072 for 1,000.
    assert Decimal(judge["cost_usd"]["reads"]) == Decimal("0.003456")
    assert Decimal(judge["cost_usd"]["answers"]) == Decimal("0.0005184")


def test_the_pairs_to_label_are_drawn_from_what_was_judged(to_judge: RunUnderTest) -> None:
    rate(to_judge)
    decide(to_judge)
    kept = to_judge.read("evaluation/label_pairs.json")
    assert kept["fingerprint"] == Judging(model=JUDGE.id).fingerprint
    assert len(kept["pairs"]) == 150
    assert {pair["judge"] for pair in kept["pairs"]} == {1.0, 0.5}
    assert all(pair["candidate"] and pair["other"] and pair["request"] for pair in kept["pairs"])


def test_a_closed_run_asks_no_judge(to_judge: RunUnderTest) -> None:
    open_deployment(to_judge)
    to_judge.ledger.update_run(RUN, closed=LATER)
    with pytest.raises(Exception, match="was closed"):
        rate_shard(to_judge.event(LATER, shard="0000"), MUCH_TIME)
