"""What becomes of a run by either way to serve, when something breaks, is stopped, lost or taken back?"""

from __future__ import annotations

import pytest

from tests.cloud import MODEL_UNITS, CloudUnderTest, triage_data
from tests.scenarios.plays import (
    ACTING_STATES,
    HOURLY,
    NOTHING,
    SMALL,
    TINY,
    Played,
    beatable_data,
    better_data,
    check_nothing_billable_but_the_champion,
    finish,
    hourly_job,
    job,
    play,
    scenario,
    stop_in_state,
)
from tunesmith import names
from tunesmith.ledger import CapacityKind, CapacityState, Champion
from tunesmith.serving.capacity import NEVER, SERVING_TOKEN


def champion_of(cloud: CloudUnderTest, project: str) -> Champion:
    """The project's champion, whose stable name points to it and whose model stands behind its ARN."""
    champion = cloud.ledger.champion(project)
    assert champion is not None
    assert cloud.champion_parameter(project) == champion.arn
    assert cloud.model_behind(champion.arn) == champion.model_arn
    check_nothing_billable_but_the_champion(cloud, project)
    return champion


def check_no_champion(cloud: CloudUnderTest, project: str) -> None:
    assert cloud.ledger.champion(project) is None
    assert cloud.champion_parameter(project) is None
    check_nothing_billable_but_the_champion(cloud, project)


# --- served by the hour


def hourly(cloud: CloudUnderTest) -> list[Played]:
    first = play(cloud, hourly_job("hourly"), beatable_data(HOURLY))
    return [first, play(cloud, hourly_job("hourly"), better_data())]


@pytest.mark.soak
@scenario(hourly)
def test_throughput_is_swapped_in_place_and_the_candidates_own_is_closed(
    cloud: CloudUnderTest, played: list[Played]
) -> None:
    first, second = played
    assert [one.run.outcome for one in played] == ["promoted", "promoted"], second.run.reason
    champion = champion_of(cloud, "hourly")
    assert (champion.path, champion.run, champion.capacity_run) == (
        "provisioned",
        second.run.run,
        first.run.run,
    )
    (held,) = (item for item in cloud.ledger.capacity(first.run.run) if item.token == SERVING_TOKEN)
    assert (held.kind, held.purpose, held.expires) == (CapacityKind.THROUGHPUT, "champion", NEVER)
    assert held.usd_per_hour > 0
    (closed,) = (item for item in cloud.ledger.capacity(second.run.run) if item.token == SERVING_TOKEN)
    assert closed.state is CapacityState.RELEASED
    assert set(cloud.billable("hourly")["models"]) == {
        names.custom_model_name("hourly", one.run.run) for one in played
    }


def no_units(cloud: CloudUnderTest) -> Played:
    quota = {"error": "ServiceQuotaExceededException", "message": "no model units reserved"}
    cloud.fault("no-units", bedrock={"CreateProvisionedModelThroughput": quota})
    return play(cloud, hourly_job("no-units"), triage_data(records=HOURLY))


@scenario(no_units)
def test_throughput_that_bedrock_refuses_fails_the_run_and_keeps_the_model_for_a_while(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("FAILED", "failed")
    assert "no model units reserved" in played.run.reason
    assert cloud.billable("no-units") == {
        **NOTHING,
        "models": [names.custom_model_name("no-units", played.run.run)],
    }
    check_no_champion(cloud, "no-units")


def above_the_quota(cloud: CloudUnderTest) -> Played:
    serving = {"path": "provisioned", "model_units": MODEL_UNITS + 1}
    return play(cloud, hourly_job("above-the-quota", serving=serving), triage_data(records=HOURLY))


@scenario(above_the_quota)
def test_throughput_above_the_accounts_quota_is_refused_before_training(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "refused")
    assert "Service Quotas" in played.run.reason
    assert cloud.jobs("above-the-quota") == []
    assert cloud.billable("above-the-quota") == NOTHING


# --- faults of Bedrock


def hung(cloud: CloudUnderTest) -> Played:
    cloud.fault("hung", job={"hang": True})
    return play(cloud, job("hung", training={"deadline_hours": 1}), triage_data(records=TINY))


@scenario(hung)
def test_a_job_that_hangs_is_stopped_at_its_deadline(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("FAILED", "failed")
    assert "deadline_hours" in played.run.reason
    described = cloud.client("bedrock").get_model_customization_job(jobIdentifier=cloud.jobs("hung")[0])
    assert described["status"] == "Stopped"
    assert cloud.billable("hung") == NOTHING
    check_no_champion(cloud, "hung")


def throttled(cloud: CloudUnderTest) -> Played:
    cloud.fault(
        "throttled",
        bedrock={
            "CreateModelCustomizationJob": {"error": "ThrottlingException", "times": 2},
            "GetModelCustomizationJob": {"error": "InternalServerException", "times": 1},
            "CreateCustomModelDeployment": {"error": "ServiceUnavailableException", "times": 1},
            "Converse": {"error": "ThrottlingException", "times": 3},
        },
    )
    return play(cloud, job("throttled"), triage_data(records=SMALL))


@scenario(throttled)
def test_calls_that_are_throttled_and_then_fine_end_in_one_job_and_one_champion(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "promoted")
    assert len(cloud.jobs("throttled")) == 1
    assert cloud.report(played.run.run)["evaluation"]["n"] >= 100
    champion_of(cloud, "throttled")


def slow(cloud: CloudUnderTest) -> Played:
    cloud.fault("slow", deployment={"seconds": 3 * 3600})
    return play(cloud, job("slow"), triage_data(records=SMALL))


@scenario(slow)
def test_capacity_that_takes_hours_to_come_is_waited_for(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "promoted")
    champion_of(cloud, "slow")


def garbled(cloud: CloudUnderTest) -> Played:
    cloud.fault("garbled", job={"metrics": "corrupt"})
    return play(cloud, job("garbled"), triage_data(records=SMALL))


@scenario(garbled)
def test_metrics_that_cannot_be_read_leave_no_curve_and_no_doubt_about_the_verdict(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "promoted")
    (trained,) = cloud.report(played.run.run)["training"]["jobs"]
    assert trained["curves"] == {"training": [], "validation": []}
    assert any("no training metrics" in note for note in trained["notes"])
    champion_of(cloud, "garbled")


# --- serving refused


def mute(cloud: CloudUnderTest) -> Played:
    cloud.fault("mute", states={"serve/Smoke test": {"hold": True}})
    run = cloud.submit(job("mute"), triage_data(records=SMALL))
    cloud.wait_for_state(run, "serve", "Smoke test")
    cloud.fault("mute", bedrock={"Converse": {"error": "AccessDeniedException", "message": "not you"}})
    return finish(cloud, run)


@scenario(mute)
def test_a_candidate_that_stops_answering_is_not_served(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("FAILED", "failed")
    assert "not you" in played.run.reason
    assert cloud.billable("mute")["deployments"] == []
    check_no_champion(cloud, "mute")


def unswappable(cloud: CloudUnderTest) -> list[Played]:
    first = play(cloud, job("unswappable"), beatable_data())
    cloud.fault("unswappable", swap={"ends": "Failed", "message": "no capacity"})
    return [first, play(cloud, job("unswappable"), better_data())]


@scenario(unswappable)
def test_a_champion_serves_on_when_its_successor_cannot_be_put_behind_its_arn(
    cloud: CloudUnderTest, played: list[Played]
) -> None:
    first, second = played
    assert (first.status, second.status, second.run.outcome) == ("SUCCEEDED", "FAILED", "failed")
    assert "SwapFailed" in second.run.reason
    champion = champion_of(cloud, "unswappable")
    assert (champion.run, champion.capacity_run) == (first.run.run, first.run.run)


# --- stopped by hand

IN_EVERY_RUN = [
    ("pipeline", "Prepare dataset", "before"),
    ("pipeline", "Estimate cost", "behind"),
    ("job", "Create job", "behind"),
    ("job", "Conclude job", "before"),
    ("open", "Create deployment", "behind"),
    ("evaluate", "Answer shard", "before"),
    ("serve", "Smoke test", "before"),
    ("serve", "Record champion", "behind"),
    ("serve", "Point at champion", "behind"),
]
EVERY_STOP = [
    (*state, when)
    for state in ACTING_STATES
    for when in ("before", "behind")
    if (*state, when) != ("pipeline", "Release", "behind")
    # A look for what does not exist yet fails, which is no answer that a held state shows.
    if not (when == "behind" and state[1].startswith("Look for"))
]
STOPS = [*IN_EVERY_RUN, *(stop for stop in EVERY_STOP if stop not in IN_EVERY_RUN)]


def stopped_in(cloud: CloudUnderTest, machine: str, state: str, when: str) -> Played:
    project = f"stop-{STOPS.index((machine, state, when))}"
    records = SMALL if "serve" in (machine, state.lower()) else TINY  # only who is better is served
    return stop_in_state(cloud, job(project), triage_data(records=records), machine, state, when)


@pytest.mark.parametrize(
    ("machine", "state", "when"),
    [pytest.param(*stop, marks=() if stop in IN_EVERY_RUN else pytest.mark.soak) for stop in STOPS],
)
@scenario(stopped_in)
def test_a_run_that_is_stopped_by_hand_is_released_closed_and_reported(
    cloud: CloudUnderTest, played: Played, machine: str, state: str, when: str
) -> None:
    assert (played.status, played.run.outcome, played.run.announced) == ("ABORTED", "failed", "failed")
    report = cloud.report(played.run.run)
    assert (report["outcome"], report["champion"]) == ("failed", None)
    left = cloud.billable(played.project)
    assert (left["jobs"], left["deployments"]) == ([], [])
    check_no_champion(cloud, played.project)


STOPS_OF_RELEASE = [("Plan release", "before"), ("Delete deployment", "behind"), ("Write report", "behind")]


def stopped_in_release(cloud: CloudUnderTest, state: str, when: str) -> Played:
    project = f"stop-{state.lower().replace(' ', '-')}-{when}"
    return stop_in_state(cloud, job(project), triage_data(records=TINY), "release", state, when)


@pytest.mark.parametrize(("state", "when"), STOPS_OF_RELEASE)
@scenario(stopped_in_release)
def test_a_release_that_is_stopped_by_hand_is_made_up_for(
    cloud: CloudUnderTest, played: Played, state: str, when: str
) -> None:
    assert played.status == "ABORTED"
    assert played.run.outcome == ("failed" if state == "Plan release" else "inconclusive")
    assert cloud.report(played.run.run)["outcome"] == played.run.outcome
    left = cloud.billable(played.project)
    assert (left["jobs"], left["deployments"]) == ([], [])
    check_no_champion(cloud, played.project)


def stopped_in_swap(cloud: CloudUnderTest) -> list[Played]:
    first = play(cloud, job("stop-swap"), beatable_data())
    data = better_data()
    return [first, stop_in_state(cloud, job("stop-swap"), data, "swap", "Update deployment", "behind")]


@scenario(stopped_in_swap)
def test_a_swap_that_is_stopped_by_hand_is_taken_back(cloud: CloudUnderTest, played: list[Played]) -> None:
    first, second = played
    assert (second.status, second.run.outcome) == ("ABORTED", "failed")
    assert champion_of(cloud, "stop-swap").run == first.run.run


# --- the reaper


def reaped(cloud: CloudUnderTest) -> tuple[Played, Played, str]:
    """One play for all, since the reaper looks after every project at once."""
    lost, overdue = play_lost_release(cloud), play(cloud, job("overdue"), triage_data(records=TINY))
    run, bedrock = overdue.run.run, cloud.client("bedrock")
    cloud.fault("overdue", states={"reap/Find overdue": {"error": "Crash"}})
    cloud.start("reap", "reap-broken", {"run": run})
    broken: str = cloud.wait_for_end("reap", "reap-broken")["status"]
    model = next(item for item in cloud.ledger.capacity(run) if item.kind is CapacityKind.MODEL)
    bedrock.create_custom_model_deployment(
        modelDeploymentName=names.capacity_name("overdue", run), modelArn=model.arn
    )
    cloud.ledger.update_capacity(run, model.token, expires=model.since)
    cloud.start("reap", "reap-overdue", {})
    cloud.wait_for_end("reap", "reap-overdue")
    return lost, overdue, broken


def play_lost_release(cloud: CloudUnderTest) -> Played:
    """Break a run's release and the one that follows it, look at what they leave, and reap."""
    broken = {"error": "RuntimeError", "message": "plan_release broke", "times": 2}
    cloud.fault("lost", functions={"plan_release": broken})
    run = cloud.submit(job("lost"), triage_data(records=TINY))
    execution = cloud.wait_for_run(run)
    # No look at the ledger in between: another scenario's reaper may come first and do the same.
    cloud.wait_for_releases(run, 2)
    cloud.start("reap", "reap-lost", {})
    cloud.wait_for_end("reap", "reap-lost")
    return Played("lost", cloud.ledger.run(run), execution["status"])


@scenario(reaped)
def test_the_reaper_takes_what_was_lost_what_is_overdue_and_what_nobody_knows(
    cloud: CloudUnderTest, played: tuple[Played, Played, str]
) -> None:
    lost, overdue, broken = played
    assert (lost.status, lost.run.outcome, lost.run.announced) == ("FAILED", "failed", "failed")
    assert cloud.billable("lost")["deployments"] == []
    check_no_champion(cloud, "lost")
    assert broken == "FAILED", "a reaper that cannot look must not end well"
    assert overdue.run.outcome == "inconclusive"
    assert cloud.billable("overdue") == NOTHING
    assert {item.state for item in cloud.ledger.capacity(overdue.run.run)} == {CapacityState.RELEASED}


# --- rollback


def rolled_back(cloud: CloudUnderTest) -> tuple[list[Played], list[Champion], list[str]]:
    runs = [play(cloud, job("rolled-back"), data) for data in (beatable_data(), better_data())]
    champions, statuses = [champion_of(cloud, "rolled-back")], []
    for run in (played.run.run for played in runs):
        name = f"{run}-rollback-1"
        cloud.start("serve", name, {"run": run, "by_hand": "rollback"})
        statuses.append(cloud.wait_for_end("serve", name)["status"])
        champions.append(champion_of(cloud, "rolled-back"))
        # The second rollback, which would bring the second champion back, gets no answer from it.
        cloud.fault("rolled-back", bedrock={"Converse": {"error": "AccessDeniedException"}})
    return runs, champions, statuses


@scenario(rolled_back)
def test_a_rollback_serves_the_champion_before_and_one_that_fails_changes_nothing(
    cloud: CloudUnderTest, played: tuple[list[Played], list[Champion], list[str]]
) -> None:
    (first, second), champions, statuses = played
    assert statuses == ["SUCCEEDED", "FAILED"]
    assert [champion.run for champion in champions] == [second.run.run, first.run.run, first.run.run]
    assert len({champion.arn for champion in champions}) == 1, "callers keep their ARN"
    assert champions[-1].previous is not None
    assert champions[-1].previous["run"] == second.run.run
