"""How long does a run train? Jobs made, model kept, and nothing billable left of the others."""

from __future__ import annotations

import json
import random
from typing import Any

from examples.support_triage.vocabulary import LABELS
from tests.cloud import CloudUnderTest, triage_data
from tests.scenarios.plays import (
    SMALL,
    Played,
    check_nothing_billable_but_the_champion,
    job,
    play,
    scenario,
)

LONG = {"epochCount": 5}
HASTY = {"epochCount": 5, "learningRate": 3e-5}
"""On noisy data the stand-in learns the noise by heart well before five such epochs are over."""


def noisy_data(records: int = 400, wrong: float = 0.3) -> bytes:
    """Tickets of which many have a wrong label: to learn them all by heart does harm."""
    chance = random.Random(1)
    lines = [json.loads(line) for line in triage_data(records=records).splitlines()]
    for line in lines:
        answer = line["messages"][-1]["content"][0]
        if chance.random() < wrong:
            answer["text"] = chance.choice([label for label in LABELS if label != answer["text"]])
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def trained(cloud: CloudUnderTest, played: Played) -> list[dict[str, Any]]:
    """The report's jobs; of their models only the chosen one is left, and no deployment but a champion's."""
    report = cloud.report(played.run.run)
    jobs: list[dict[str, Any]] = report["training"]["jobs"]
    assert [one["name"] for one in jobs if one["chosen"]] == [
        f"{played.project}-{played.run.run}-{played.run.chosen}"
    ]
    assert report["training"]["decisions"][-1]["action"] == "keep"
    kept = {one["name"] for one in jobs if one["chosen"]}
    assert set(cloud.billable(played.project)["models"]) <= kept
    check_nothing_billable_but_the_champion(cloud, played.project)
    return jobs


def asked(cloud: CloudUnderTest, project: str) -> list[dict[str, Any]]:
    """What Bedrock says of the project's jobs, in the order of their numbers."""
    bedrock = cloud.client("bedrock")
    return [bedrock.get_model_customization_job(jobIdentifier=name) for name in sorted(cloud.jobs(project))]


def probe(cloud: CloudUnderTest) -> Played:
    given = job("probe", stopping={"policy": "probe"}, hyperparameters=HASTY)
    return play(cloud, given, noisy_data())


@scenario(probe)
def test_a_probe_that_overfits_is_run_again_at_its_best_length(cloud: CloudUnderTest, played: Played) -> None:
    assert played.status == "SUCCEEDED", played.cause
    first, second = trained(cloud, played)
    losses = [loss for _, _, loss in first["curves"]["validation"]]
    best = losses.index(min(losses)) + 1
    assert losses[-1] > 1.02 * min(losses)
    assert [one["hyperParameters"]["epochCount"] for one in asked(cloud, "probe")] == ["5", str(best)]
    assert first["score"] is not None
    assert second["score"] is not None


def enough(cloud: CloudUnderTest) -> Played:
    return play(cloud, job("enough", stopping={}, hyperparameters=LONG), triage_data(records=SMALL))


@scenario(enough)
def test_a_probe_that_still_gains_is_the_only_job(cloud: CloudUnderTest, played: Played) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "promoted"), played.cause
    (only,) = trained(cloud, played)
    assert only["chosen"]
    assert "no rerun" in cloud.report(played.run.run)["training"]["decisions"][-1]["why"]
