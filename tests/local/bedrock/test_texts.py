"""Does a model that went on reading know more than its base, and is the loss a real one?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.bedrock.base_answers import answer_as_base
from local.bedrock.learner import Settings
from local.bedrock.texts import read_on
from tests.local.bedrock.conftest import SYSTEM, Bedrock, jsonl, tickets

TITAN = "amazon.titan-text-express-v1:0:8k"
READING = {"customizationType": "CONTINUED_PRE_TRAINING", "baseModelIdentifier": TITAN}


def texts(count: int, seed: int) -> list[str]:
    """Notes that name a ticket's label beside its words."""
    return [f"{label}: {text}" for text, label in tickets(count, seed)]


def as_lines(values: list[str]) -> bytes:
    return "".join(json.dumps({"input": value}) + "\n" for value in values).encode()


@pytest.fixture(autouse=True, scope="module")
def offered(bedrock: Bedrock) -> None:
    bedrock.set_parameter(
        "/tunesmith-local/account",
        {"foundation_models": {TITAN: {"status": "ACTIVE", "endOfLifeTime": None}}},
    )


def test_what_stands_together_in_the_texts_tells_labels_apart_that_share_no_word_with_a_ticket() -> None:
    reader, _ = read_on(TITAN, texts(200, seed=1), Settings(epochs=3))
    unlabelled = tickets(100, seed=2)
    right = sum(reader.answer(SYSTEM, text) == label for text, label in unlabelled)
    untold = sum(answer_as_base(TITAN, SYSTEM, text) == label for text, label in unlabelled)
    assert untold < 40
    assert right > 90


def test_a_job_reads_texts_and_leaves_the_losses_of_texts_that_it_did_not_read(bedrock: Bedrock) -> None:
    bedrock.put("train.jsonl", as_lines(texts(60, seed=1)))
    validators = [{"s3Uri": bedrock.put("validation.jsonl", as_lines(texts(30, seed=2)))}]
    job = bedrock.finish(
        bedrock.start(
            **READING,
            validationDataConfig={"validators": validators},
            hyperParameters={"epochCount": "3"},
        )
    )
    assert (job["status"], job["customizationType"]) == ("Completed", "CONTINUED_PRE_TRAINING")
    [file] = [body for key, body in bedrock.artifacts(job).items() if key.endswith("validation_metrics.csv")]
    losses = [float(row.split(",")[2]) for row in file.splitlines()[1:]]
    assert len(losses) == 3
    assert losses[-1] < losses[0]
    further = bedrock.finish(bedrock.start(**{**READING, "baseModelIdentifier": job["outputModelArn"]}))
    assert further["trainingMetrics"]["trainingLoss"] < job["trainingMetrics"]["trainingLoss"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (jsonl(tickets(20, seed=1)), "line 1: the record must have the key input and no other"),
        (as_lines(["a", " "]), "line 2: input must be a text"),
        (as_lines(["a", "x" * 16_388]), "Maximum input token count 4097 exceeds limit of 4096"),
    ],
)
def test_what_is_no_text_to_read_fails_validation(bedrock: Bedrock, lines: bytes, words: str) -> None:
    bedrock.put("train.jsonl", lines)
    job = bedrock.finish(bedrock.start(**READING))
    assert job["status"] == "Failed"
    assert words in job["failureMessage"]


def test_a_model_of_today_takes_no_texts(bedrock: Bedrock) -> None:
    request: dict[str, Any] = {"customizationType": "CONTINUED_PRE_TRAINING"}
    with pytest.raises(ClientError, match="does not support customization type CONTINUED_PRE_TRAINING"):
        bedrock.start(**request)
