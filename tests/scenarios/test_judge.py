"""Does a judge decide on the whole stack, once people agree with it, and a user's own function as well?

Labels here are made up by rule; no person gave any.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.cloud import CloudUnderTest, triage_data
from tests.scenarios.plays import (
    SMALL,
    Played,
    check_nothing_billable_but_the_champion,
    deploy_function,
    job,
    play,
    resume,
    scenario,
)
from tunesmith.catalogue.judges import find_judge
from tunesmith.evaluation.judging import Judging
from tunesmith.ledger import JudgeLabels

JUDGE = "llama-3.3-70b"
RECORDS = 1_050
"""Records of which more than two hundred become the blind test, which a judge needs."""


def judged(cloud: CloudUnderTest) -> tuple[Played, Played, dict[str, Any]]:
    evaluation = {"metric": "judge", "judge": {"model": JUDGE}, "few_shot": False, "max_tokens": 32}
    before = play(cloud, job("judged", evaluation=evaluation), triage_data(records=RECORDS))
    report = cloud.report(before.run.run)
    cloud.ledger.put_judge_labels(
        JudgeLabels(
            project="judged",
            fingerprint=Judging(model=find_judge(JUDGE).id).fingerprint,
            run=before.run.run,
            labels={str(number): "tie" for number in range(100)},
            kappa=Decimal("0.7"),
            low=Decimal("0.6"),
            high=Decimal("0.8"),
            by="made up",
            read="2026-11-28T12:00:00Z",
        )
    )
    return before, resume(cloud, before.run.run), report


@scenario(judged)
def test_a_judge_reports_only_until_people_agree_and_then_the_same_answers_decide(
    cloud: CloudUnderTest, played: tuple[Played, Played, dict[str, Any]]
) -> None:
    before, after, report = played
    run = before.run.run
    assert (before.status, before.run.outcome) == ("SUCCEEDED", "inconclusive"), before.cause
    assert f"`tunesmith label {run}` makes the sheet" in before.run.reason
    evaluation = report["evaluation"]
    assert evaluation["gain"]["low"] > evaluation["gain"]["minimum"], "the judge found it better"
    tally = evaluation["judge"]["tallies"]["base"]
    assert 0 < tally["asked"] < tally["pairs"] == evaluation["n"]
    paid = {item["what"]: item["actual_usd"] for item in report["cost"]["items"]}
    assert paid["evaluation, judge Meta Llama 3.3 70B Instruct reads"] > 0

    assert (after.status, after.run.outcome) == ("SUCCEEDED", "promoted"), after.run.reason
    now = cloud.report(run)
    judge_costs = [item for item in now["cost"]["items"] if ", judge " in item["what"]]
    assert all(item["actual_usd"] == paid[item["what"]] for item in judge_costs), "nobody was asked again"
    champion = cloud.ledger.champion("judged")
    assert champion is not None
    assert champion.run == run
    check_nothing_billable_but_the_champion(cloud, "judged")


LETTERS = """
def lambda_handler(event, _context):
    return [{"id": one["id"], "score": float(one["answer"][:1] == one["reference"][:1])} for one in event]
"""
"""A metric of a user's: the first letters are the same."""


def scored_by_a_function(cloud: CloudUnderTest) -> Played:
    metric = deploy_function(cloud, "letters", LETTERS)
    evaluation = {"metric": metric, "few_shot": False, "noise_records": 0, "max_tokens": 16}
    return play(cloud, job("scored", evaluation=evaluation), triage_data(records=SMALL))


@scenario(scored_by_a_function)
def test_a_users_own_function_scores_every_answer_and_decides(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "promoted"), played.cause
    evaluation = cloud.report(played.run.run)["evaluation"]
    assert evaluation["metric"].endswith(":function:letters")
    models = {model["label"]: model for model in evaluation["models"]}
    assert models["candidate"]["value"] >= models["candidate"]["exact_match"]
    assert models["candidate"]["value"] > models["base"]["value"]
