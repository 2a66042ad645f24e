"""Each family trains on its own format alone, where the account has it; Service Quotas tells of its units."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.servicequotas.models import ServiceQuotasBackend

from local.bedrock.account import ACCOUNT_PARAMETER
from local.patches import service_quotas
from tests.local.bedrock.conftest import SYSTEM, Bedrock, jsonl, tickets

LLAMA, LLAMA_CONVERSE = "meta.llama3-1-8b-instruct-v1:0", "meta.llama3-2-1b-instruct-v1:0"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
HERE = {"status": "ACTIVE", "regions": ["us-east-1"], "endOfLifeTime": None}
Offer = Callable[..., None]


@pytest.fixture
def offer(bedrock: Bedrock) -> Iterator[Offer]:
    """Let the account have models that the catalogue knows elsewhere or as retired."""

    def write(*models: str, **settings: Any) -> None:
        offered = dict.fromkeys(models, HERE)
        bedrock.set_parameter(ACCOUNT_PARAMETER, {"foundation_models": offered, **settings})

    yield write
    bedrock.client("ssm").delete_parameter(Name=ACCOUNT_PARAMETER)


def rows(*records: Any) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def in_format(record_format: str, count: int = 150) -> bytes:
    pairs = tickets(count, seed=5)
    if record_format == "converse":
        return jsonl(pairs)
    if record_format == "prompt_completion":
        return rows(*({"prompt": f"{SYSTEM}\n\n{text}", "completion": label} for text, label in pairs))
    return rows(
        *(
            {
                "system": SYSTEM,
                "messages": [{"role": "user", "content": text}, {"role": "assistant", "content": label}],
            }
            for text, label in pairs
        )
    )


def status(bedrock: Bedrock, base: str, data: bytes) -> tuple[str, str]:
    uri = bedrock.put("family.jsonl", data)
    job = bedrock.finish(bedrock.start(baseModelIdentifier=base, trainingDataConfig={"s3Uri": uri}))
    return job["status"], job.get("failureMessage", "")


def listed(bedrock: Bedrock, region: str) -> set[str]:
    return {
        m["modelId"] for m in bedrock.client("bedrock", region).list_foundation_models()["modelSummaries"]
    }


def test_a_model_of_another_region_is_there_once_the_account_says_so(bedrock: Bedrock, offer: Offer) -> None:
    assert LLAMA not in listed(bedrock, "us-east-1")
    assert LLAMA in listed(bedrock, "us-west-2")
    with pytest.raises(ClientError):
        bedrock.start(baseModelIdentifier=f"{LLAMA}:128k")
    offer(LLAMA)
    assert {LLAMA, f"{LLAMA}:128k"} <= listed(bedrock, "us-east-1")
    assert bedrock.ask(LLAMA, "parcel is late")["output"]


def test_a_retired_model_trains_once_the_account_still_offers_it(bedrock: Bedrock, offer: Offer) -> None:
    assert HAIKU not in listed(bedrock, "us-west-2")
    offer(HAIKU)
    assert status(bedrock, f"{HAIKU}:200k", in_format("anthropic_messages")) == ("Completed", "")


@pytest.mark.parametrize("given", ["converse", "anthropic_messages", "prompt_completion"])
@pytest.mark.parametrize(
    ("base", "taken"),
    [
        ("amazon.nova-micro-v1:0:128k", "converse"),
        (f"{LLAMA}:128k", "prompt_completion"),
        (f"{LLAMA_CONVERSE}:128k", "converse"),
        (f"{HAIKU}:200k", "anthropic_messages"),
    ],
)
def test_a_base_model_trains_on_its_own_format_alone(
    bedrock: Bedrock, offer: Offer, base: str, taken: str, given: str
) -> None:
    offer(LLAMA, LLAMA_CONVERSE, HAIKU)
    state, failure = status(bedrock, base, in_format(given))
    assert state == ("Completed" if given == taken else "Failed")
    assert ("at line 1" in failure) == (given != taken)


def test_a_llama_conversation_without_system_text_fails(bedrock: Bedrock, offer: Offer) -> None:
    offer(LLAMA_CONVERSE)
    bare = [json.loads(line) for line in in_format("converse").splitlines()]
    for record in bare:
        del record["system"]
    state, failure = status(bedrock, f"{LLAMA_CONVERSE}:128k", rows(*bare))
    assert (state, "exactly one text" in failure) == ("Failed", True)
    assert status(bedrock, "amazon.nova-micro-v1:0:128k", rows(*bare))[0] == "Completed"


def test_llama_counts_validation_towards_its_minimum(bedrock: Bedrock, offer: Offer) -> None:
    offer(LLAMA)
    few = bedrock.put("few.jsonl", in_format("prompt_completion", 60))
    more = bedrock.put("more.jsonl", in_format("prompt_completion", 40))
    request: dict[str, Any] = {
        "baseModelIdentifier": f"{LLAMA}:128k",
        "trainingDataConfig": {"s3Uri": few},
    }
    alone = bedrock.finish(bedrock.start(**request))
    together = bedrock.finish(
        bedrock.start(**request, validationDataConfig={"validators": [{"s3Uri": more}]})
    )
    assert (alone["status"], together["status"]) == ("Failed", "Completed")
    assert "is 60; it must be from 100 to 10000" in alone["failureMessage"]


def test_service_quotas_tells_of_the_account_s_units(
    bedrock: Bedrock, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServiceQuotasBackend, "get_service_quota", ServiceQuotasBackend.get_service_quota)
    service_quotas.apply()
    quotas = bedrock.client("service-quotas")

    def value(code: str, service: str = "bedrock") -> float:
        told: float = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]
        return told

    assert (value("L-BE77399C"), value("L-3632DE15"), value("L-1EF80F3E")) == (0, 0, 100)
    offer(quotas={"provisioned_units": 3})
    assert (value("L-BE77399C"), value("L-3632DE15")) == (3, 3)
    assert value("L-EC6A6ABC") == 20_000
    assert value("L-F678F1CE", "vpc") > 0
    with pytest.raises(ClientError, match="NoSuchResource"):
        value("L-00000000")
