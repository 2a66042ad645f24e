"""Do ten days of waiting fit into every execution? Events of a tick, read from real histories, times ticks.

Step Functions lets an execution have 25,000 events. What loops in a machine, its file tells; how often it may
go round in ten days, its wait schedule or its own limit does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from plan_capacity.handler import MOST_CHECKS, WAIT_SECONDS
from tests.cloud import CloudUnderTest, triage_data
from tests.scenarios.plays import (
    TINY,
    Played,
    beatable_data,
    better_data,
    job,
    play,
    scenario,
    stop_in_state,
)
from tests.state_machines.machines import NAMES, edges, load, reachable, scopes
from tunesmith.evaluation.shards import TURNS_TOGETHER
from tunesmith.job_sections import Sweep
from tunesmith.training.policies import MOST_STAGES
from tunesmith.training.stopping import next_wait_seconds
from tunesmith.training.sweeps import AT_ONCE, sweep_rounds

TEN_DAYS: Final = 240 * 3600.0
MOST_EVENTS: Final = 20_000
"""Of the 25,000 events that Step Functions lets an execution have."""
TURN_SECONDS: Final = 600.0
"""What a function that answers records takes at least where it stops for want of time: 900 less 300."""
STOP_CHECKS: Final = 241
"""Looks at a job that is being stopped, in job and release; a test holds the files to it."""
RELOOKS: Final = 60
"""How often a job that goes on is asked to stop."""


def waits() -> int:
    """Ticks of the watcher's own schedule in ten days."""
    ticks, elapsed = 0, 0.0
    while elapsed < TEN_DAYS:
        elapsed += next_wait_seconds(elapsed, TEN_DAYS)
        ticks += 1
    return ticks


def rounds() -> int:
    """Rounds of training at most: each pair of a sweep's jobs, or each job of a chain, and an answer."""
    longest = sweep_rounds(Sweep(settings=8, data_shares=(0.1, 0.2, 0.5, 1)), 8)
    pairs = sum(-(-jobs // AT_ONCE) + 1 for _, jobs in longest)
    return max(pairs, 2 * MOST_STAGES)


TICKS: Final[dict[tuple[str, str], Callable[[], float]]] = {
    ("job", "Describe job"): lambda: waits() + STOP_CHECKS + RELOOKS,
    ("open", "Describe deployment"): lambda: MOST_CHECKS + 1,
    ("open", "Describe throughput"): lambda: MOST_CHECKS + 1,
    ("swap", "Describe deployment"): lambda: MOST_CHECKS + 1,
    ("swap", "Describe throughput"): lambda: MOST_CHECKS + 1,
    ("train", "Plan round"): rounds,
    ("judge", "Answer validation"): lambda: TEN_DAYS / TURN_SECONDS,
    # All shards of the test together, and all of it once more where answers waver.
    ("evaluate", "Answer shard"): lambda: 2 * TURNS_TOGETHER,
    # Where somebody rates the answers, both together take no more turns than answering does alone.
    ("evaluate", "Rate shard"): lambda: TURNS_TOGETHER,
    # As many jobs of a run as may be at work at once.
    ("release", "Describe job"): lambda: AT_ONCE * STOP_CHECKS,
}
"""Where a machine goes round, and how often at most in ten days."""
ONCE: Final = {("pipeline", "Prepare on cluster"), ("pipeline", "Prepare dataset from the cluster")}
"""What the files would let go round: data that comes from the cluster is never handed to it again."""
ALIKE: Final = {"swap": "open"}
"""Machines that go round the same states as another one."""
EVENTS_OF_A_RETRY: Final = 3
"""Scheduled, started, failed."""
BEYOND: Final = {"open": "Describe throughput", "swap": "Describe throughput", "evaluate": "Rate shard"}
"""Loops whose twin is read: the same states around another call."""


def test_every_loop_of_every_machine_is_counted() -> None:
    looping = {
        (name, state)
        for name in NAMES
        for scope in scopes(load(name))
        for state in scope.states
        if scope.states[state]["Type"] == "Task"
        and any(state in reachable(scope, target) for target in edges(scope.states[state]))
    } - ONCE
    counted = {
        # What goes round together with a state that is counted, or with the Map that it stands in.
        (machine, other)
        for machine, state in TICKS
        for scope in scopes(load(machine))
        for counted in {state, *(inner.holder for inner in scopes(load(machine)) if state in inner.states)}
        if counted in scope.states
        for other in reachable(scope, counted)
        if counted in reachable(scope, other)
    }
    assert looping <= counted
    assert {machine for machine, _ in looping} == {machine for machine, _ in TICKS}
    quiet = {"pipeline", "serve", "reap", "cluster"}
    assert quiet == set(NAMES) - {machine for machine, _ in TICKS}


def test_the_limits_that_are_counted_with_stand_in_the_machines() -> None:
    conditions = {
        name: json.dumps(
            [state.get("Choices", []) for scope in scopes(load(name)) for state in scope.states.values()]
        )
        for name in ("job", "release", "swap", "open", "evaluate")
    }
    assert f"$stopping > {STOP_CHECKS - 1} " in conditions["job"]
    assert f"$stops >= {RELOOKS} " in conditions["job"]
    assert f"$checks > {STOP_CHECKS - 1} " in conditions["release"]
    assert f"$checks > {MOST_CHECKS} " in conditions["swap"]
    assert "$checks > $plan.most_checks" in conditions["open"]
    assert "$turns >= $plan.most_turns" in conditions["evaluate"]
    assert MOST_CHECKS * WAIT_SECONDS < TEN_DAYS


def counted(cloud: CloudUnderTest) -> tuple[Played, Played]:
    """Play a run that waits in every loop of its machines, but for the one that gives back a job at work."""
    given = job("counted", stopping={"policy": "pair"}, hyperparameters={"epochCount": 2})
    assert play(cloud, given, beatable_data()).run.outcome == "promoted"
    unfinished = {"returns": {"unfinished": True, "capacity": {"name": "", "token": ""}}, "times": 3}
    cloud.fault(
        "counted",
        job={"seconds": 4 * 3600},
        deployment={"seconds": 225 * WAIT_SECONDS},
        functions={"answer_validation": unfinished, "answer_shard": unfinished},
    )
    second = play(cloud, given, better_data())
    # Long enough to be seen more than once by a busy machine, and within the looks that are taken.
    slow = {"seconds": 48 * 3600, "stopping_seconds": 2 * 3600}
    stopped = stop_in_state(
        cloud, job("counted-stop"), triage_data(records=TINY), "job", "Create job", "behind", job=slow
    )
    return second, stopped


@scenario(counted)
def test_ten_days_of_waiting_fit_into_every_history(
    cloud: CloudUnderTest, played: tuple[Played, Played]
) -> None:
    second, stopped = played
    assert (second.status, second.run.outcome) == ("SUCCEEDED", "promoted"), second.cause
    assert stopped.status == "ABORTED"
    run = second.run.run
    names = {
        "job": [f"{run}-1-train-1", f"{run}-1-train-2"],
        "open": [f"{run}-1-evaluate-open"],
        "swap": [f"{run}-1-serve-swap"],
        "train": [f"{run}-1-train"],
        "judge": [f"{run}-1-train-judge-1", f"{run}-1-train-judge-2"],
        "evaluate": [f"{run}-1-evaluate"],
        "release": releases_of(cloud, stopped.run.run),
    }
    told: dict[str, int] = {}
    for (machine, state), ticks in TICKS.items():
        if BEYOND.get(machine) != state:
            found = events_per_tick(cloud, machine, names[machine], state)
            # On a busy machine a swap may be over at its first look; opening goes round the same states.
            told[machine] = found or told.get(ALIKE.get(machine, ""), 0)
            assert told[machine], f"{machine} was in {state!r} once at most"
            assert ticks() * told[machine] + retried(machine) < MOST_EVENTS, (machine, told)
    # The pipeline, its Parallel included, and what waits in no loop.
    for machine, name in (("pipeline", f"{run}-1"), ("serve", f"{run}-1-serve")):
        assert len(history(cloud, machine, name)) < 200


def retried(machine: str) -> int:
    """Count the events of all retries that a machine's states may take where an account has no room."""
    return sum(
        EVENTS_OF_A_RETRY * retrier["MaxAttempts"]
        for scope in scopes(load(machine))
        for state in scope.states.values()
        for retrier in state.get("Retry", [])
        if "Bedrock.ServiceQuotaExceededException" in retrier["ErrorEquals"]
    )


def releases_of(cloud: CloudUnderTest, run: str) -> list[str]:
    """Name the executions that released a run; a rule starts them under names of its own."""
    found = []
    for execution in cloud.executions("release"):
        described = cloud.client("stepfunctions").describe_execution(executionArn=execution["executionArn"])
        if json.loads(described["input"])["run"].startswith(run):
            found.append(execution["name"])
    return found


def events_per_tick(cloud: CloudUnderTest, machine: str, names: list[str], state: str) -> int:
    """The most events between two entries into a state, as the histories of executions show them."""
    most = 0
    for name in names:
        entered = [
            number
            for number, event in enumerate(history(cloud, machine, name))
            if event.get("stateEnteredEventDetails", {}).get("name") == state
        ]
        most = max(most, *(after - before for before, after in pairwise(entered)), 0)
    return most


def history(cloud: CloudUnderTest, machine: str, name: str) -> list[dict[str, Any]]:
    """All events of an execution."""
    pages = (
        cloud.client("stepfunctions")
        .get_paginator("get_execution_history")
        .paginate(executionArn=cloud.execution_arn(machine, name))
    )
    return [event for page in pages for event in page["events"]]
