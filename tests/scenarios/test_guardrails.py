"""Does a candidate that wins, and forgets what it could, stay out of service?"""

from __future__ import annotations

import json
import random

from tests.cloud import CloudUnderTest, triage_data
from tests.scenarios.plays import (
    SMALL,
    Played,
    check_nothing_billable_but_the_champion,
    finish,
    job,
    scenario,
)

COLOURS = ("red", "green", "blue", "yellow", "purple")
GENERAL = 300
"""Records of the general set: the fewest that are checked."""


def colours() -> bytes:
    """Questions that have nothing to do with tickets, and that the base model answers."""
    chance = random.Random(5)
    records = []
    for number in range(GENERAL):
        colour = chance.choice(COLOURS)
        turns = [("user", f"My house number {number} has a {colour} door."), ("assistant", colour)]
        records.append(
            {
                "schemaVersion": "bedrock-conversation-2024",
                "system": [{"text": f"Answer only with one of these colours: {', '.join(COLOURS)}"}],
                "messages": [{"role": role, "content": [{"text": text}]} for role, text in turns],
            }
        )
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def forgetful(cloud: CloudUnderTest) -> Played:
    guardrail = {"name": "general", "metric": "exact_match", "margin": 5.0, "file": "general.jsonl"}
    evaluation = {"few_shot": False, "noise_records": 0, "max_tokens": 16, "guardrails": [guardrail]}
    given = job("forgetful", evaluation=evaluation)
    beside = {"guardrail-general": ("general.jsonl", colours())}
    return finish(cloud, cloud.submit(given, triage_data(records=SMALL), beside=beside))


@scenario(forgetful)
def test_a_candidate_that_wins_on_quality_and_fails_a_guardrail_is_not_promoted(
    cloud: CloudUnderTest, played: Played
) -> None:
    assert (played.status, played.run.outcome) == ("SUCCEEDED", "rejected"), played.run.reason
    evaluation = cloud.report(played.run.run)["evaluation"]
    assert evaluation["gain"]["low"] > evaluation["gain"]["minimum"], "it has won on quality"
    (finding,) = evaluation["guardrails"]
    assert (finding["name"], finding["comparator"], finding["outcome"]) == ("general", "base", "failed")
    assert finding["high"] < -5
    assert "Guardrail general (exact match on general.jsonl) failed" in played.run.reason
    assert "Add training records" in played.run.reason
    assert cloud.ledger.champion("forgetful") is None
    assert cloud.champion_parameter("forgetful") is None
    check_nothing_billable_but_the_champion(cloud, "forgetful")
