"""How is a scenario played, and what may be left when it is over? Shared by the scenario tests."""

from __future__ import annotations

import io
import json
import random
import zipfile
from dataclasses import dataclass, field
from typing import Any

import pytest

from examples.support_triage.vocabulary import LABELS
from tests.cloud import CloudUnderTest, triage_data
from tests.state_machines.machines import load, tasks
from tunesmith.ledger import Capacity, CapacityKind, CapacityState, Run
from tunesmith.serving.capacity import NEVER

scenario = pytest.mark.scenario.with_args

NOTHING: dict[str, list[str]] = {"jobs": [], "models": [], "deployments": [], "throughputs": []}
SMALL = 310
"""Records of which a hundred become the blind test: few more than a verdict needs."""
HOURLY = 400
"""Records for a model that needs two hundred to train on."""
TINY = 150
"""Records that are too few for a verdict, where a scenario needs none."""

NOT_ON_THE_WAY = {
    "pipeline": {"Prepare on cluster", "Prepare dataset from the cluster"},
    "train": {"Judge model", "Delete model", "Mark released"},
    "job": {"Stop job"},
    "open": {"Look for the throughput", "Create throughput", "Describe throughput"},
    "serve": {
        "Swap capacity",
        "Smoke test champion",
        "Restore champion",
        "Swap back",
        "Point back",
        "Take name away",
    },
}
ACTING_STATES = [
    (machine, name)
    for machine in ("pipeline", "train", "job", "open", "evaluate", "serve")
    for name, _ in tasks(load(machine))
    if name not in NOT_ON_THE_WAY.get(machine, ())
]
"""Every state that calls something on the way to a first champion that is served on demand."""

WRONG_SHARE = {SMALL: 0.0, HOURLY: 0.33}
"""Of so many first tickets, the labels that are wrong; a small set makes a beatable champion as it is."""


@dataclass
class Played:
    """A run that is over, with what the assertions look at."""

    project: str
    run: Run
    status: str
    output: dict[str, Any] = field(default_factory=dict)
    cause: str = ""
    """What the execution says of its failure; shown where an assertion finds another end than it wants."""


def job(project: str, **changes: Any) -> dict[str, Any]:
    """A small job file for a project: one job of two epochs and no base model with examples, unless changed.

    Its deadline is far: a machine under load is slow by the simulated clock too.
    """
    small = {
        "base_model": "amazon.nova-micro-v1:0",
        "data": "train.jsonl",
        "stopping": {"policy": "single"},
        "hyperparameters": {"epochCount": 2},
        "evaluation": {"few_shot": False, "noise_records": 0},
        "training": {"deadline_hours": 240},
    }
    return {"project": project, **small, **changes}


def hourly_job(project: str, **changes: Any) -> dict[str, Any]:
    """A job file whose model is served by the hour, with the money for it."""
    hourly = {"base_model": "nova-2-lite", "serving": {"path": "provisioned"}, "budget": {"limit_usd": 5000}}
    return job(project, **{**hourly, **changes})


def beatable_data(records: int = SMALL) -> bytes:
    """Few tickets, or ones with many wrong labels: a first champion that one trained on more beats."""
    chance = random.Random(1)
    lines = [json.loads(line) for line in triage_data(records=records, seed=7).splitlines()]
    for line in lines:
        answer = line["messages"][-1]["content"][0]
        if chance.random() < WRONG_SHARE[records]:
            answer["text"] = chance.choice([label for label in LABELS if label != answer["text"]])
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def better_data() -> bytes:
    """Other tickets, and many more of them."""
    return triage_data(records=1_000, seed=8)


def play(cloud: CloudUnderTest, job_file: dict[str, Any], train: bytes, *, job_first: bool = False) -> Played:
    """Upload, wait for the execution's end, and read the run."""
    return finish(cloud, cloud.submit(job_file, train, job_first=job_first))


def finish(cloud: CloudUnderTest, run: str, attempt: int = 1) -> Played:
    """Wait for the end of a run's execution and for its closing, and read the run."""
    execution = cloud.wait_for_run(run, attempt)
    closed = cloud.wait_for_close(run)
    return Played(
        project=closed.project,
        run=closed,
        status=execution["status"],
        output=json.loads(execution.get("output") or "{}"),
        cause=f"{execution.get('error', '')}: {execution.get('cause', '')}",
    )


def resume(cloud: CloudUnderTest, run: str) -> Played:
    """Open a closed run again, start its next execution and wait for the end."""
    opened = cloud.ledger.reopen_run(run)
    cloud.start("pipeline", f"{run}-{opened.attempt}", {"run": run})
    return finish(cloud, run, opened.attempt)


def deploy_function(cloud: CloudUnderTest, name: str, code: str) -> str:
    """Deploy a Lambda function of a user's, whose handler is `lambda_handler`; returns its ARN."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", code)
    functions = cloud.client("lambda")
    made: str = functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=functions.list_functions()["Functions"][0]["Role"],
        Handler="handler.lambda_handler",
        Code={"ZipFile": packed.getvalue()},
    )["FunctionArn"]
    return made


def stop_in_state(
    cloud: CloudUnderTest,
    job_file: dict[str, Any],
    train: bytes,
    machine: str,
    state: str,
    when: str,
    **faults: Any,
) -> Played:
    """Hold a run in a state of a machine, in front of its call or behind it, and stop it there by hand."""
    project = job_file["project"]
    cloud.fault(project, states={f"{machine}/{state}": {"hold": True, "when": when, "times": 1}}, **faults)
    run = cloud.submit(job_file, train)
    cloud.wait_for_state(run, machine, state, called=when == "behind")
    cloud.client("stepfunctions").stop_execution(executionArn=cloud.execution_arn("pipeline", f"{run}-1"))
    return finish(cloud, run)


def check_nothing_billable_but_the_champion(cloud: CloudUnderTest, project: str) -> None:
    """What serves is the champion's; what is stored or at work beside it has a date in the ledger."""
    champion = cloud.ledger.champion(project)
    left = cloud.billable(project)
    serving = {"on_demand": "deployments", "provisioned": "throughputs"}
    for path, kind in serving.items():
        expected = [champion.capacity_name] if champion is not None and champion.path == path else []
        assert left[kind] == expected
    held = _held(cloud, project)
    for kind, names in ((CapacityKind.MODEL, left["models"]), (CapacityKind.JOB, left["jobs"])):
        for name in names:
            assert (kind, name) in held, f"the {kind} {name} is there and the ledger does not know it"
            if champion is None or kind is CapacityKind.JOB or name not in _models_of(champion):
                assert held[kind, name].expires < NEVER, f"the {kind} {name} would stay for ever"
    exists = {name for names in left.values() for name in names}
    for kind, name in held:
        assert name in exists, f"the ledger still lists the {kind} {name}, which does not exist"


def _held(cloud: CloudUnderTest, project: str) -> dict[tuple[CapacityKind, str], Capacity]:
    return {
        (item.kind, item.name): item
        for run in cloud.runs_of(project)
        for item in cloud.ledger.capacity(run.run)
        if item.state is not CapacityState.RELEASED
    }


def _models_of(champion: Any) -> set[str]:
    return {champion.model_name, champion.previous["model_name"] if champion.previous else ""}
