"""A run that asks whether to tune: untuned models alone answer, and nothing is trained, opened or decided."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from answer_shard.handler import lambda_handler as answer_shard
from choose_examples.handler import lambda_handler as choose_examples
from decide_promotion.handler import lambda_handler as decide_promotion
from plan_evaluation.handler import lambda_handler as plan_evaluation
from score_answers.handler import lambda_handler as score_answers
from tests.handlers.model_run import LATER, MUCH_TIME, RUN, RunUnderTest
from tests.tunesmith.reporting.sample import data_report
from tunesmith.catalogue import find_model
from tunesmith.evaluation import shards
from tunesmith.ledger import Outcome, Step
from write_report.handler import lambda_handler as write_report

BASE = "amazon.nova-micro-v1:0"
PRO = find_model("nova-pro").invocation_id


@pytest.fixture
def asking(run: RunUnderTest, monkeypatch: pytest.MonkeyPatch) -> RunUnderTest:
    """A run that asks whether to tune, with a base model that guesses and a larger one that knows."""
    monkeypatch.setattr(shards, "FIRST_RATE", 2_000)
    run.write_job(
        kind="advise",
        hyperparameters={},
        evaluation={"noise_records": 0, "compare_with": ["nova-pro"]},
        serving={"answers_per_month": 1_000},
    )
    split = {
        part: {
            "records": count,
            "tokens": 20 * count,
            "prompt_tokens": 18 * count,
            "answer_tokens": 2 * count,
        }
        for part, count in (("train", 400), ("validation", 50), ("test", 120))
    }
    run.artifacts.write_json(f"{run.prefix}/data/report.json", {**data_report(), "split": split})
    run.bedrock.answers = {BASE: lambda _: "0", PRO: lambda text: text[-1]}
    return run


def advised(run: RunUnderTest) -> dict[str, Any]:
    plan = plan_evaluation(run.event(LATER), None)
    assert plan["candidate"] is False
    choose_examples(run.event(LATER), MUCH_TIME)
    for shard in plan["shards"]:
        assert answer_shard(run.event(LATER, shard=shard), MUCH_TIME)["unfinished"] is False
    assert score_answers(run.event(LATER), None) == {"outcome": "scored"}
    return decide_promotion(run.event(LATER), None)


def test_a_larger_model_that_knows_is_advised_at_its_price(asking: RunUnderTest) -> None:
    decision = advised(asking)

    assert decision["outcome"] == "advised"
    assert decision["reason"].startswith("Do not tune: ")
    assert "nova-pro is better by" in decision["reason"]
    told = asking.read("evaluation/advice.json")
    assert (told["answer"], told["because"], told["n"]) == ("do_not", "larger_model", 120)
    assert {model for model, _ in asking.bedrock.asked} == {BASE, PRO}
    assert [entry["label"] for entry in asking.read("evaluation/plan.json")["models"]] == [
        "base",
        "few_shot",
        "nova-pro",
    ]


def test_advice_promotes_nothing_and_spends_no_decision_of_the_blind_test(asking: RunUnderTest) -> None:
    advised(asking)

    assert asking.ledger.capacity(RUN) == []
    assert asking.ledger.champion(asking.ledger.run(RUN).project) is None
    assert asking.ledger.count_decision(asking.ledger.run(RUN), LATER) == 1
    assert asking.artifacts.head(f"{asking.prefix}/evaluation/verdict.json") is None


def test_what_tuning_would_cost_is_known_and_not_paid(asking: RunUnderTest) -> None:
    advised(asking)

    scores = asking.read("evaluation/scores.json")
    assert Decimal(scores["advice"]["tuning_usd"]) > 1
    evaluated = next(step for step in asking.ledger.steps(RUN) if step.step is Step.EVALUATE)
    assert 0 < evaluated.figures["cost_usd"] < Decimal("0.1")


def test_the_report_says_whether_to_tune_and_what_to_do_next(asking: RunUnderTest) -> None:
    decision = advised(asking)
    asking.ledger.close_run(RUN, outcome=Outcome.ADVISED, reason=decision["reason"], now=LATER)
    told = write_report(asking.event(LATER), None)

    assert told["subject"] == f"Tunesmith {asking.ledger.run(RUN).project}: advised, do not tune"
    document = asking.read("report.json")
    assert document["advice"]["figures"]["room"]["value"] > 50
    assert (document["evaluation"]["gain"], document["savings"], document["changes"]) == (None, None, None)
    page = asking.artifacts.read(f"{asking.prefix}/report.html").decode()
    assert "<h1>Do not tune</h1>" in page
    assert "What the advice goes by" in page
    assert "nova-pro costs less than a tuned model" in page
    assert asking.artifacts.head(f"{asking.prefix}/model_card.json") is None
