"""write_report: one document, one page, and news only once."""

from __future__ import annotations

from answer_shard.handler import lambda_handler as answer_shard
from decide_promotion.handler import lambda_handler as decide_promotion
from plan_capacity.handler import lambda_handler as plan_capacity
from plan_evaluation.handler import lambda_handler as plan_evaluation
from plan_release.handler import lambda_handler as plan_release
from plan_serving.handler import lambda_handler as plan_serving
from record_champion.handler import lambda_handler as record_champion
from score_answers.handler import lambda_handler as score_answers
from tests.handlers.model_run import DEPLOYMENT_ARN, LATER, MUCH_TIME, PROJECT, RUN, RunUnderTest
from write_report.handler import lambda_handler as write_report


def promote(run: RunUnderTest) -> None:
    """Take the run through everything to its promotion and release."""
    run.plan_job()
    run.finish_job()
    run.conclude_job()
    run.bedrock.answers = {DEPLOYMENT_ARN: lambda text: text[-1], "amazon.nova-micro-v1:0": lambda text: "0"}
    shards = plan_evaluation(run.event(LATER), None)["shards"]
    plan_capacity(run.event(LATER, job=0), None)
    run.ledger.update_capacity(RUN, "serving", arn=DEPLOYMENT_ARN, state="open")
    for shard in shards:
        answer_shard(run.event(LATER, shard=shard), MUCH_TIME)
    score_answers(run.event(LATER), None)
    decision = decide_promotion(run.event(LATER), None)
    plan_serving(run.event(LATER, by_hand=""), None)
    record_champion(run.event(LATER, by_hand=""), None)
    plan_release(run.event(LATER, outcome="promoted", reason=decision["reason"]), None)


def test_a_promoted_run_is_reported_whole(run: RunUnderTest) -> None:
    promote(run)

    news = write_report(run.event(LATER), None)

    assert (news["announce"], news["outcome"]) == (True, "promoted")
    assert news["subject"] == f"Tunesmith {PROJECT}: promoted, gain +90.0 points"
    assert f"s3://artifacts/runs/{RUN}/report.html" in news["message"]
    document = run.read("report.json")
    assert document["evaluation"]["gain"]["value"] == 90.0
    assert [step["name"] for step in document["steps"]][-1] == "report"
    assert document["champion"]["arn"] == DEPLOYMENT_ARN
    assert document["clock"]["seconds"] == 3 * 3600
    assert 0.12 < document["cost"]["actual"] < 0.13
    assert all(item["actual_usd"] is not None for item in document["cost"]["items"])
    assert float(run.ledger.run(RUN).actual_usd or 0) == document["cost"]["actual"]
    page = run.artifacts.read(f"{run.prefix}/report.html").decode()
    assert DEPLOYMENT_ARN in page
    assert document["changes"]["improved"]["records"] == 108
    assert "Answers that changed" in page
    assert "What it saves" in page
    equal, *planted = document["evaluation"]["replays"]
    assert (equal["gain"], equal["times"]) == (0.0, 200)
    assert equal["promoted"] <= 10 < planted[-1]["promoted"]


def test_a_repeated_report_is_the_same_and_no_news(run: RunUnderTest) -> None:
    promote(run)
    write_report(run.event(LATER), None)
    first = run.read("report.json")
    run.ledger.update_run(RUN, announced="promoted")

    assert write_report(run.event(LATER), None)["announce"] is False
    assert run.read("report.json") == first


def test_a_run_that_ended_before_anything_was_done_is_reported_too(run: RunUnderTest) -> None:
    for key in run.artifacts.keys(run.prefix):
        run.artifacts._client.delete_object(Bucket="artifacts", Key=key)
    plan_release(run.event(LATER, outcome="invalid", reason="line 3 has no answer"), None)

    news = write_report(run.event(LATER), None)

    assert "line 3 has no answer" in news["message"]
    document = run.read("report.json")
    assert (document["evaluation"], document["champion"], document["cost"]["estimated"]) == (None, None, None)
    assert document["cost"]["actual"] == 0


def test_an_unfinished_job_leaves_the_cost_open(run: RunUnderTest) -> None:
    run.plan_job()
    plan_release(run.event(LATER, outcome="failed", reason="JobFailed"), None)

    news = write_report(run.event(LATER), None)

    assert "at least" in news["message"]
    assert run.read("report.json")["cost"]["actual_is_complete"] is False
