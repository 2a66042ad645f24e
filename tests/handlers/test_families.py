"""One upload becomes a plan for every model, written in the format that the model takes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from botocore.stub import Stubber

from check_preflight.handler import lambda_handler as check_preflight
from estimate_cost.handler import lambda_handler as estimate_cost
from local.bedrock.records import read_examples
from prepare_dataset.handler import lambda_handler as prepare_dataset
from tests.handlers.data_run import PROJECT, RUN, STEP, DataRun
from tests.tunesmith.dataset.converse import lines, pair
from tunesmith.aws import clients
from tunesmith.catalogue import Model, load_catalogue
from tunesmith.cost import OVERRIDE_KEY, load_prices, override_line
from tunesmith.cost.estimates import needed_prices
from tunesmith.preflight import DEPLOYMENTS_QUOTA, UNITS_QUOTA

RECORDS = 500
SYSTEM = "Answer with exactly one label: invoice, refund."
SHAPES = {
    "converse": lambda n: pair(f"message {n}", "refund", system=SYSTEM),
    "anthropic_messages": lambda n: {
        "system": SYSTEM,
        "messages": [
            {"role": "user", "content": f"message {n}"},
            {"role": "assistant", "content": "refund"},
        ],
    },
    "prompt_completion": lambda n: {"prompt": f"{SYSTEM}\n\nmessage {n}", "completion": "refund"},
}


def offer_everything(bedrock: Stubber, quotas: Stubber, model: Model) -> None:
    """Let the account offer a model, whatever the catalogue says, and grant what it needs."""
    bedrock.add_response(
        "list_foundation_models",
        {
            "modelSummaries": [
                {
                    "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/x",
                    "modelId": model.training_id,
                    "customizationsSupported": ["FINE_TUNING"],
                    "modelLifecycle": {"status": "ACTIVE"},
                }
            ]
        },
    )
    bedrock.add_response(
        "get_foundation_model_availability",
        {
            "modelId": model.id,
            "agreementAvailability": {"status": "AVAILABLE"},
            "authorizationStatus": "AUTHORIZED",
            "entitlementAvailability": "AVAILABLE",
            "regionAvailability": "AVAILABLE",
        },
    )
    hourly = model.serving_paths[0] == "provisioned"
    codes = {UNITS_QUOTA, model.units_quota} if hourly else {DEPLOYMENTS_QUOTA}
    for code in sorted(codes - {""}):
        asked = {"ServiceCode": "bedrock", "QuotaCode": code}
        quotas.add_response("get_service_quota", {"Quota": {"Value": 1.0}}, asked)
    if hourly:
        bedrock.add_response("list_provisioned_model_throughputs", {"provisionedModelSummaries": []})
    else:
        bedrock.add_response("list_custom_model_deployments", {"modelDeploymentSummaries": []})


def add_missing_prices(data_run: DataRun, model: Model) -> None:
    missing = load_prices().missing(model.id, needed_prices(model.serving_paths[0]))
    rows = [override_line(model.id, item) for item in missing]
    text = "\n".join(["prices:" if rows else "prices: []", *rows])
    text = text.replace("<US dollars>", "5").replace("<yyyy-mm-dd>", "2026-11-23")
    data_run.uploads.write(OVERRIDE_KEY, text.encode())


def cases() -> list[Any]:
    """Every model with an upload in Converse's format, and one model of each format with the others."""
    by_format = {model.record_format: model for model in load_catalogue()}
    pairs = [(model, "converse") for model in load_catalogue()]
    pairs += [(model, shape) for model in by_format.values() for shape in SHAPES if shape != "converse"]
    return [pytest.param(model, shape, id=f"{model.name}-{shape}") for model, shape in pairs]


@pytest.mark.parametrize(("model", "uploaded"), cases())
def test_an_upload_in_any_format_becomes_a_plan_for_any_model(
    data_run: DataRun, model: Model, uploaded: str
) -> None:
    job = f"project: {PROJECT}\nbase_model: {model.name}\ndata: train.jsonl\nbudget: {{limit_usd: 5000}}\n"
    shape: Any = SHAPES[uploaded]
    data_run.admitted(job, train=lines(*map(shape, range(RECORDS))))
    assert prepare_dataset(STEP, None) == {"outcome": "valid", "reason": ""}
    report = data_run.artifacts.read_json(f"runs/{RUN}/data/report.json")
    assert report["files"]["train"]["format"] == uploaded

    for part in ("train", "validation"):
        content = data_run.artifacts.read(f"runs/{RUN}/data/{part}.jsonl")
        examples = read_examples(content, part, model.record_format, one_system_text=model.one_system_text)
        assert len(examples) == report["split"][part]["records"]
        assert all("message" in each.user and each.completion == "refund" for each in examples)
    blind = data_run.lines(f"blind/{RUN}/test.jsonl")
    assert all(record["schemaVersion"] == "bedrock-conversation-2024" for record in blind)
    assert all(SYSTEM in json.dumps(record) for record in blind)

    with Stubber(clients.bedrock()) as bedrock, Stubber(clients.service_quotas()) as quotas:
        offer_everything(bedrock, quotas, model)
        assert check_preflight(STEP, None) == {"outcome": "clear", "reason": ""}
    add_missing_prices(data_run, model)
    assert estimate_cost(STEP, None) == {"outcome": "affordable", "reason": "", "tunes": True}
    assert data_run.artifacts.read_json(f"runs/{RUN}/estimate.json")["total_usd"]
    assert (data_run.ledger.run(RUN).estimated_usd or Decimal(0)) > 0
