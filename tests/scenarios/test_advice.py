"""Does a run that asks whether to tune answer, and agree with the run that tunes?"""

from __future__ import annotations

from tests.cloud import CloudUnderTest, triage_data
from tests.scenarios.plays import NOTHING, SMALL, Played, job, play, scenario


def asked(cloud: CloudUnderTest) -> Played:
    given = job(
        "advised",
        kind="advise",
        evaluation={"max_tokens": 16, "noise_records": 0, "compare_with": ["nova-pro"]},
        notify={"outcomes": ["advised"]},
    )
    return play(cloud, given, triage_data(records=SMALL))


@scenario(asked)
def test_a_run_that_asks_whether_to_tune_says_so_and_trains_nothing(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "advised"), played.cause
    report = cloud.report(played.run.run)
    # First light tunes on such tickets, and is promoted.
    assert report["advice"]["answer"] == "tune", played.run.reason
    assert played.run.reason.startswith("Tune: ")
    assert [model["label"] for model in report["evaluation"]["models"]] == ["base", "few_shot", "nova-pro"]
    assert 0 < report["cost"]["actual"] <= report["cost"]["high"]
    assert {item["what"].split(",")[0] for item in report["cost"]["items"]} == {"evaluation"}
    assert report["training"]["jobs"] == report["capacity"] == []
    assert cloud.billable("advised") == NOTHING
    assert cloud.jobs("advised") == []
    took = [step["name"] for step in report["steps"]]
    assert "train" not in took
    assert "serve" not in took
