"""plan_serving to plan_release: one ARN from champion to champion, undone when it fails, nothing left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from plan_capacity.handler import lambda_handler as plan_capacity
from plan_evaluation.handler import lambda_handler as plan_evaluation
from plan_release.handler import lambda_handler as plan_release
from plan_serving.handler import lambda_handler as plan_serving
from record_champion.handler import lambda_handler as record_champion
from restore_champion.handler import lambda_handler as restore_champion
from smoke_test.handler import lambda_handler as smoke_test
from tests.handlers.model_run import DEPLOYMENT_ARN, LATER, MODEL_ARN, PROJECT, RUN, RunUnderTest, refusal
from tunesmith.errors import ChampionChangedError, SmokeTestError
from tunesmith.ledger import Capacity, CapacityKind, CapacityState, Champion
from tunesmith.serving.capacity import NEVER

OLD_RUN = "aaaaaaaaaaaaaaaa"
OLDER_RUN = "bbbbbbbbbbbbbbbb"
OLD = Champion(
    project=PROJECT,
    run=OLD_RUN,
    model_arn=f"{MODEL_ARN}-old",
    model_name=f"{PROJECT}-{OLD_RUN}-1",
    arn=f"{DEPLOYMENT_ARN}-stable",
    base_model="amazon.nova-micro-v1:0",
    path="on_demand",
    capacity_name=f"{PROJECT}-{OLD_RUN}",
    capacity_run=OLD_RUN,
    since="2026-10-01T00:00:00Z",
    previous={
        "run": OLDER_RUN,
        "model_arn": f"{MODEL_ARN}-older",
        "model_name": f"{PROJECT}-{OLDER_RUN}-1",
        "base_model": "amazon.nova-micro-v1:0",
        "arn": f"{DEPLOYMENT_ARN}-stable",
        "path": "on_demand",
        "capacity_name": f"{PROJECT}-{OLD_RUN}",
        "capacity_run": OLD_RUN,
        "since": "2026-09-01T00:00:00Z",
    },
)

RESTORED = {
    "restore": "model",
    "path": OLD.path,
    "model_arn": OLD.model_arn,
    "champion_arn": OLD.arn,
}


@pytest.fixture
def evaluated(run: RunUnderTest) -> RunUnderTest:
    """The run with a model and an open deployment of it."""
    run.plan_job()
    run.finish_job()
    run.conclude_job()
    plan_evaluation(run.event(LATER), None)
    plan_capacity(run.event(LATER, job=0), None)
    run.ledger.update_capacity(RUN, "serving", arn=DEPLOYMENT_ARN, state=CapacityState.OPEN)
    run.bedrock.answers = {DEPLOYMENT_ARN: lambda text: "yes"}
    return run


def crown(run: RunUnderTest, champion: Champion = OLD) -> None:
    """Let the project have a champion and a model to roll back to, from two earlier runs."""
    created = run.ledger.run(RUN)
    for number, name in enumerate((OLDER_RUN, OLD_RUN)):
        run.ledger.create_run(replace(created, run=name, created=f"2026-0{9 - number}-01T00:00:00Z"))
        model = Capacity(
            run=name,
            project=PROJECT,
            token="model-1",
            kind=CapacityKind.MODEL,
            name=f"{PROJECT}-{name}-1",
            purpose="champion",
            state=CapacityState.OPEN,
            since="2026-09-01T00:00:00Z",
            expires=NEVER,
            arn=f"{MODEL_ARN}-old",
        )
        run.ledger.enter_capacity(model)
        run.bedrock.models.add(model.name)
    run.ledger.enter_capacity(
        replace(
            model,
            run=OLD_RUN,
            token="serving",
            kind=CapacityKind.DEPLOYMENT,
            name=f"{PROJECT}-{OLD_RUN}",
            arn=OLD.arn,
        )
    )
    for name in (OLDER_RUN, OLD_RUN):
        run.ledger.close_run(name, outcome="promoted", reason="", now="2026-10-01T00:00:00Z")
    run.ledger.put_champion(champion, replaces=run.ledger.champion(PROJECT))


def serve(run: RunUnderTest) -> None:
    """Plan serving and record the champion, as the machine does when all goes well."""
    plan_serving(run.event(LATER, by_hand=""), None)
    record_champion(run.event(LATER, by_hand=""), None)


def capacity(run: RunUnderTest, name: str = RUN) -> dict[str, Capacity]:
    return {item.token: item for item in run.ledger.capacity(name)}


def release(run: RunUnderTest, outcome: str = "", reason: str = "") -> list[dict[str, str]]:
    items: list[dict[str, str]] = plan_release(run.event(LATER, outcome=outcome, reason=reason), None)[
        "items"
    ]
    return items


def kinds(items: list[dict[str, Any]]) -> list[str]:
    return [item["kind"] for item in items]


def test_a_projects_first_model_keeps_its_own_deployment(evaluated: RunUnderTest) -> None:
    plan = plan_serving(evaluated.event(LATER, by_hand=""), None)

    assert plan["action"] == "adopt"
    assert plan["candidate_arn"] == plan["champion_arn"] == DEPLOYMENT_ARN
    assert plan["parameter"] == f"/tunesmith/local/{PROJECT}/champion"
    assert plan["model_arn"] == MODEL_ARN


def test_a_later_model_goes_behind_the_champions_arn(evaluated: RunUnderTest) -> None:
    crown(evaluated)

    plan = plan_serving(evaluated.event(LATER, by_hand=""), None)

    assert (plan["action"], plan["candidate_arn"], plan["champion_arn"]) == ("swap", DEPLOYMENT_ARN, OLD.arn)


def test_the_smoke_test_passes_a_model_that_answers(evaluated: RunUnderTest) -> None:
    assert smoke_test(evaluated.event(LATER, arn=DEPLOYMENT_ARN), None)["passed"] is True
    assert len(evaluated.bedrock.asked) == 3


@pytest.mark.parametrize("answer", ["", " \n"])
def test_the_smoke_test_fails_a_model_that_says_nothing(evaluated: RunUnderTest, answer: str) -> None:
    evaluated.bedrock.answers[DEPLOYMENT_ARN] = lambda text: answer

    result = smoke_test(evaluated.event(LATER, arn=DEPLOYMENT_ARN), None)

    assert result["passed"] is False
    assert "empty answer" in result["reason"]


def test_the_smoke_test_says_nothing_of_a_model_that_cannot_be_called(evaluated: RunUnderTest) -> None:
    def refuses(text: str) -> str:
        raise refusal("AccessDeniedException")

    evaluated.bedrock.answers[DEPLOYMENT_ARN] = refuses

    with pytest.raises(SmokeTestError, match="AccessDeniedException"):
        smoke_test(evaluated.event(LATER, arn=DEPLOYMENT_ARN), None)


def test_the_first_champion_holds_its_model_and_deployment_for_good(evaluated: RunUnderTest) -> None:
    plan_serving(evaluated.event(LATER, by_hand=""), None)

    for _ in range(2):
        assert record_champion(evaluated.event(LATER, by_hand=""), None) == {"outcome": "recorded"}

        champion = evaluated.ledger.champion(PROJECT)
        assert champion is not None
        assert (champion.run, champion.arn, champion.previous) == (RUN, DEPLOYMENT_ARN, None)
        held = capacity(evaluated)
        assert {held["model-1"].purpose, held["serving"].purpose} == {"champion"}
        assert {held["model-1"].expires, held["serving"].expires} == {NEVER}


def test_the_next_champion_keeps_the_arn_and_one_model_to_roll_back_to(evaluated: RunUnderTest) -> None:
    crown(evaluated)

    for _ in range(2):
        serve(evaluated)

        champion = evaluated.ledger.champion(PROJECT)
        assert champion is not None
        assert (champion.run, champion.arn, champion.model_arn) == (RUN, OLD.arn, MODEL_ARN)
        assert champion.previous is not None
        assert champion.previous["run"] == OLD_RUN
        assert capacity(evaluated, OLD_RUN)["model-1"].expires == NEVER
        assert capacity(evaluated, OLD_RUN)["serving"].expires == NEVER
        assert capacity(evaluated, OLDER_RUN)["model-1"].expires == LATER


def test_a_champion_that_came_in_between_is_not_overwritten(evaluated: RunUnderTest) -> None:
    plan_serving(evaluated.event(LATER, by_hand=""), None)
    crown(evaluated)

    with pytest.raises(ChampionChangedError):
        record_champion(evaluated.event(LATER, by_hand=""), None)
    assert evaluated.ledger.champion(PROJECT) == OLD
    assert capacity(evaluated)["model-1"].purpose == "candidate"


def test_a_first_promotion_that_fails_leaves_no_champion(evaluated: RunUnderTest) -> None:
    serve(evaluated)

    for _ in range(2):
        assert restore_champion(evaluated.event(LATER), None) == {"restore": "nothing"}
        assert evaluated.ledger.champion(PROJECT) is None
    assert kinds(release(evaluated, "failed", "no")) == ["deployment"]


def test_a_swap_that_fails_brings_the_old_champion_back_whole(evaluated: RunUnderTest) -> None:
    crown(evaluated)
    serve(evaluated)

    for _ in range(2):
        result = restore_champion(evaluated.event(LATER), None)

        assert result == RESTORED
        assert evaluated.ledger.champion(PROJECT) == OLD
        assert capacity(evaluated, OLDER_RUN)["model-1"].expires == NEVER
        assert capacity(evaluated)["model-1"].purpose == "candidate"


def test_a_swap_that_never_reached_the_ledger_is_undone_too(evaluated: RunUnderTest) -> None:
    crown(evaluated)

    result = restore_champion(evaluated.event(LATER), None)

    assert result == RESTORED
    assert evaluated.ledger.champion(PROJECT) == OLD


def test_the_first_champion_gives_nothing_back(evaluated: RunUnderTest) -> None:
    serve(evaluated)

    assert release(evaluated, "promoted", "better") == []


def test_after_a_swap_the_candidates_deployment_and_the_oldest_model_go(evaluated: RunUnderTest) -> None:
    crown(evaluated)
    serve(evaluated)

    items = release(evaluated, "promoted", "better")

    assert [(item["run"], item["kind"]) for item in items] == [(RUN, "deployment"), (OLDER_RUN, "model")]


def test_a_rejected_model_goes_with_its_deployment(evaluated: RunUnderTest) -> None:
    assert kinds(release(evaluated, "rejected", "worse")) == ["deployment", "model"]


@pytest.mark.parametrize("outcome", ["inconclusive", "failed"])
def test_a_model_that_may_be_wanted_stays_until_it_expires(evaluated: RunUnderTest, outcome: str) -> None:
    assert kinds(release(evaluated, outcome, "unclear")) == ["deployment"]

    overdue = plan_release({"run": RUN, "now": "2026-12-01T00:00:00Z", "outcome": "", "reason": ""}, None)

    assert kinds(overdue["items"]) == ["deployment", "model"]
    assert evaluated.ledger.run(RUN).outcome == outcome


def test_a_job_that_runs_goes_before_the_model_that_it_would_make(run: RunUnderTest) -> None:
    run.plan_job()

    items = release(run)

    assert kinds(items) == ["job", "model"]
    closed = run.ledger.run(RUN)
    assert (closed.outcome, closed.closed) == ("failed", LATER)
    assert closed.reason.startswith("the execution was stopped")


def test_a_model_whose_conclusion_failed_is_found_in_bedrock_and_kept(run: RunUnderTest) -> None:
    run.plan_job()
    run.finish_job()

    assert kinds(release(run, "failed", "conclude_job raised")) == ["job"]


def test_the_first_outcome_stands(evaluated: RunUnderTest) -> None:
    release(evaluated, "rejected", "worse")
    release(evaluated)

    closed = evaluated.ledger.run(RUN)
    assert (closed.outcome, closed.reason) == ("rejected", "worse")


def test_the_name_of_an_execution_will_do(evaluated: RunUnderTest) -> None:
    plan = plan_release({"run": f"{RUN}-2-train", "now": LATER, "outcome": "", "reason": ""}, None)

    assert plan["run"] == RUN


def test_what_is_given_back_already_is_not_listed_again(evaluated: RunUnderTest) -> None:
    for item in release(evaluated, "rejected", "worse"):
        evaluated.ledger.release_capacity(item["run"], item["token"], LATER)

    assert release(evaluated) == []
