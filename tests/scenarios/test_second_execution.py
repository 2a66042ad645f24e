"""Does a second execution adopt what a broken one left, whichever state broke, before its call or behind it?

Undisturbed, a run ends with one job, one model and one piece of capacity; so must a disturbed one, and its
training must have been asked for once. Every state is tried by `make soak`, a sample of them by `make test`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from tests.cloud import CloudUnderTest, triage_data
from tests.scenarios.plays import (
    ACTING_STATES,
    HOURLY,
    SMALL,
    Played,
    beatable_data,
    better_data,
    check_nothing_billable_but_the_champion,
    hourly_job,
    job,
    play,
    resume,
    scenario,
)


@dataclass(frozen=True)
class Crash:
    """A state that breaks, in a project of its own."""

    path: str
    """`first`: the project's first champion, on demand; `next`: the one after it; `hourly`: by the hour."""
    machine: str
    state: str
    when: str

    @property
    def project(self) -> str:
        number = CRASHES.index(self)
        return f"crash-{number}"

    def __str__(self) -> str:
        return f"{self.path}-{self.machine}-{self.state}-{self.when}".lower().replace(" ", "-")


STATES = [
    *(("first", machine, name) for machine, name in ACTING_STATES),
    *(("first", "release", name) for name in ("Plan release", "Write report")),
    *(("next", "serve", name) for name in ("Swap capacity", "Smoke test champion", "Record champion")),
    *(("next", "serve", name) for name in ("Point at champion",)),
    *(
        ("next", "swap", name)
        for name in ("Look at the deployment", "Update deployment", "Describe deployment")
    ),
    *(("next", "release", name) for name in ("Delete deployment", "Mark released")),
    *(
        ("hourly", "open", name)
        for name in ("Look for the throughput", "Create throughput", "Describe throughput")
    ),
    *(
        ("hourly", "swap", name)
        for name in ("Look at the throughput", "Update throughput", "Describe throughput")
    ),
    *(("hourly", "release", name) for name in ("Delete throughput",)),
]
CRASHES = [Crash(*state, when) for state in STATES for when in ("before", "behind")]
ALWAYS = [
    Crash("first", "job", "Create job", "behind"),
    Crash("first", "open", "Create deployment", "behind"),
    Crash("first", "serve", "Record champion", "behind"),
]
SAMPLE = {*ALWAYS, *random.Random(2026).sample([one for one in CRASHES if one.path == "first"], 2)}


def crashed(cloud: CloudUnderTest, crash: Crash) -> tuple[Played, Played]:
    """Play a run that crashes in a state, and its second execution; before it the champion that it needs."""
    make, records = (hourly_job, HOURLY) if crash.path == "hourly" else (job, SMALL)
    data = triage_data(records=records)
    if crash.path == "next" or (crash.path == "hourly" and crash.machine != "open"):
        assert play(cloud, make(crash.project), beatable_data(records)).status == "SUCCEEDED"
        data = better_data()
    fault = {"error": "Crash", "when": crash.when, "times": 1}
    cloud.fault(crash.project, states={f"{crash.machine}/{crash.state}": fault})
    first = play(cloud, make(crash.project), data)
    return first, resume(cloud, first.run.run)


@pytest.mark.parametrize(
    "crash",
    [pytest.param(one, marks=() if one in SAMPLE else pytest.mark.soak, id=str(one)) for one in CRASHES],
)
@scenario(crashed)
def test_a_second_execution_adopts_what_exists(
    cloud: CloudUnderTest, played: tuple[Played, Played], crash: Crash
) -> None:
    first, second = played
    assert first.status == "FAILED"
    assert (second.status, second.run.outcome) == ("SUCCEEDED", "promoted"), (
        f"{second.run.reason}: {second.cause}"
    )
    runs = cloud.runs_of(crash.project)
    made = [f"{crash.project}-{run.run}-1" for run in runs]
    assert sorted(cloud.jobs(crash.project)) == sorted(made), "training was asked for once"
    left = cloud.billable(crash.project)
    assert sorted(left["models"]) == sorted(made)
    assert len(left["deployments"]) + len(left["throughputs"]) == 1
    champion = cloud.ledger.champion(crash.project)
    assert champion is not None
    assert champion.run == second.run.run
    assert cloud.champion_parameter(crash.project) == champion.arn
    assert cloud.model_behind(champion.arn) == champion.model_arn
    check_nothing_billable_but_the_champion(cloud, crash.project)
