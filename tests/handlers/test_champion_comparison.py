"""The champion as a required comparator: asked, priced, decisive, and the one that is replaced."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from decide_promotion.handler import lambda_handler as decide_promotion
from tests.handlers.model_run import DEPLOYMENT_ARN, LATER, MODEL_ARN, PROJECT, RUN, RunUnderTest
from tests.handlers.test_evaluation_handlers import BASE, a_guess, evaluate, last_digit, trained
from tunesmith.errors import ChampionChangedError
from tunesmith.ledger import Champion, Step

__all__ = ["trained"]

OLD_RUN = "aaaaaaaaaaaaaaaa"
STABLE_ARN = f"{DEPLOYMENT_ARN}-stable"
CHAMPION = Champion(
    project=PROJECT,
    run=OLD_RUN,
    model_arn=f"{MODEL_ARN}-old",
    model_name=f"{PROJECT}-{OLD_RUN}-1",
    arn=STABLE_ARN,
    base_model="amazon.nova-lite-v1:0",
    path="on_demand",
    capacity_name=f"{PROJECT}-{OLD_RUN}",
    capacity_run=OLD_RUN,
    since="2026-10-01T00:00:00Z",
)


def knows_half(text: str) -> str:
    return text[-1] if int(text[-1]) < 5 else "?"


def test_the_champion_answers_too_and_its_tokens_have_the_price_of_its_own_base_model(
    trained: RunUnderTest,
) -> None:
    trained.ledger.put_champion(CHAMPION, replaces=None)
    trained.bedrock.answers[STABLE_ARN] = knows_half

    decision = evaluate(trained)

    assert decision["outcome"] == "better"
    assert decision["reason"].startswith("The gain over the champion in exact match is +50.0 points")
    models = trained.read("evaluation/scores.json")["models"]
    assert {label: model["summary"]["exact_match"] for label, model in models.items()} == {
        "candidate": 1.0,
        "base": 0.1,
        "champion": 0.5,
    }
    # 120 records of 20 tokens at Nova Lite's $0.00006 for 1,000 tokens.
    assert Decimal(models["champion"]["cost_usd"]["reads"]) == Decimal("0.000144")
    step = next(step for step in trained.ledger.steps(RUN) if step.step is Step.DECIDE)
    assert step.figures["gain"] == Decimal(50)


def test_a_champion_that_is_paid_by_the_hour_costs_no_tokens(trained: RunUnderTest) -> None:
    trained.ledger.put_champion(replace(CHAMPION, path="provisioned"), replaces=None)
    trained.bedrock.answers[STABLE_ARN] = knows_half
    evaluate(trained)

    paid = trained.read("evaluation/scores.json")["models"]["champion"]["cost_usd"]
    assert {part: Decimal(usd) for part, usd in paid.items()} == {"reads": 0, "answers": 0}


def test_a_candidate_as_good_as_the_champion_is_not_promoted(trained: RunUnderTest) -> None:
    trained.ledger.put_champion(CHAMPION, replaces=None)
    trained.bedrock.answers[STABLE_ARN] = last_digit

    decision = evaluate(trained)

    assert decision["outcome"] == "inconclusive"
    assert "over the champion" in decision["reason"]
    verdict = trained.read("evaluation/verdict.json")
    assert [(one["comparator"], one["outcome"]) for one in verdict["comparisons"]] == [
        ("base", "better"),
        ("champion", "inconclusive"),
    ]
    assert (verdict["comparator"], verdict["gain"]["minimum"]) == ("champion", 1.0)


def test_a_run_whose_own_model_is_champion_is_not_compared_with_itself(trained: RunUnderTest) -> None:
    trained.ledger.put_champion(replace(CHAMPION, run=RUN), replaces=None)

    assert evaluate(trained)["outcome"] == "better"
    assert set(trained.read("evaluation/scores.json")["models"]) == {"candidate", "base"}


def test_a_champion_that_was_not_compared_with_is_not_replaced(trained: RunUnderTest) -> None:
    evaluate(trained)
    trained.ledger.put_champion(CHAMPION, replaces=None)

    with pytest.raises(ChampionChangedError, match=f"tunesmith resume {RUN}"):
        decide_promotion(trained.event(LATER), None)


def test_a_second_evaluation_asks_the_champion_of_its_own_day_behind_the_same_arn(
    trained: RunUnderTest,
) -> None:
    trained.ledger.put_champion(CHAMPION, replaces=None)
    trained.bedrock.answers[STABLE_ARN] = knows_half
    evaluate(trained)
    trained.ledger.put_champion(replace(CHAMPION, run="b" * 16), replaces=CHAMPION)
    trained.bedrock.answers[STABLE_ARN] = last_digit
    trained.bedrock.asked.clear()

    assert evaluate(trained)["outcome"] == "inconclusive"
    assert {model for model, _ in trained.bedrock.asked} == {STABLE_ARN}
    assert trained.read("evaluation/scores.json")["models"]["champion"]["summary"]["exact_match"] == 1.0


def test_a_person_overrules_the_verdict_which_stays_told(trained: RunUnderTest) -> None:
    trained.bedrock.answers = {DEPLOYMENT_ARN: a_guess, BASE: last_digit}
    trained.ledger.update_run(RUN, by_hand="promoted by hand by ana")

    decision = evaluate(trained)

    assert decision["outcome"] == "better"
    assert decision["reason"].startswith(
        "promoted by hand by ana; the verdict by itself was rejected: The gain over base"
    )
    assert trained.read("evaluation/verdict.json")["outcome"] == "rejected"
    step = next(step for step in trained.ledger.steps(RUN) if step.step is Step.DECIDE)
    assert step.summary == decision["reason"]
    trained.ledger.put_champion(CHAMPION, replaces=None)
    assert decide_promotion(trained.event(LATER), None)["outcome"] == "better", "whoever serves meanwhile"
