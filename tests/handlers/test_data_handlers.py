"""prepare_dataset, check_preflight, estimate_cost: from the upload to a plan that may be paid for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.stub import Stubber

from check_preflight.handler import lambda_handler as check_preflight
from estimate_cost.handler import lambda_handler as estimate_cost
from prepare_dataset.handler import lambda_handler as prepare_dataset
from tests.handlers.data_run import JOB, RUN, STEP, DataRun, records
from tunesmith.aws import clients
from tunesmith.cost import OVERRIDE_KEY
from tunesmith.errors import RecordMissingError, SealBrokenError
from tunesmith.ledger import Step

DATA = f"runs/{RUN}/data"
BLIND = f"blind/{RUN}/test.jsonl"

# --- prepare_dataset


def test_a_good_upload_is_split_and_its_blind_test_sealed(data_run: DataRun) -> None:
    data_run.admitted(train=records(100) + records(4) + b"{bad\n")
    assert prepare_dataset(STEP, None) == {"outcome": "valid", "reason": ""}
    parts = {name: data_run.lines(f"{DATA}/{name}.jsonl") for name in ("train", "validation", "rejected")}
    test = data_run.lines(BLIND)
    assert [len(parts["train"]), len(parts["validation"]), len(test)] == [51, 16, 33]
    texts = [json.dumps(record) for record in [*parts["train"], *parts["validation"], *test]]
    assert len(set(texts)) == 100
    assert all(set(record) == {"schemaVersion", "messages"} for record in test)
    assert parts["rejected"] == [
        {
            "file": "train.jsonl",
            "line": 105,
            "offset": len(records(100) + records(4)),
            "rule": "TS004",
            "reason": "Not valid JSON at column 2: Expecting property name enclosed in double quotes.",
            "excerpt": "{bad",
        }
    ]
    seal = hashlib.sha256(data_run.artifacts.read(BLIND)).hexdigest()
    assert data_run.ledger.run(RUN).blind_sha256 == seal
    assert data_run.artifacts.read_json(f"{DATA}/report.json")["blind_sha256"] == seal
    step = data_run.step(Step.PREPARE)
    assert step.started == STEP["now"]
    assert "51 records to train" in step.summary
    assert step.figures["duplicates"] == 4


def test_line_order_changes_no_byte_of_what_is_written(data_run: DataRun) -> None:
    data_run.admitted(train=records(100))
    prepare_dataset(STEP, None)
    keys = [f"{DATA}/train.jsonl", f"{DATA}/validation.jsonl", BLIND]
    before = [data_run.artifacts.read(key) for key in keys]
    pinned = data_run.ledger.run(RUN).data["train"]
    turned = b"\n".join(reversed(records(100).splitlines()))
    data_run.uploads.write(pinned["key"], turned)
    version = (data_run.uploads.head(pinned["key"]) or {})["version"]
    data_run.ledger.update_run(RUN, data={"train": {**pinned, "version": version}})
    assert prepare_dataset(STEP, None)["outcome"] == "valid"
    assert [data_run.artifacts.read(key) for key in keys] == before


def test_a_repeat_writes_the_same_and_other_content_breaks_the_seal(data_run: DataRun) -> None:
    data_run.admitted(train=records(100))
    assert prepare_dataset(STEP, None) == prepare_dataset(STEP, None)
    sealed = data_run.artifacts.read(BLIND)
    data_run.ledger.update_run(RUN, blind_sha256="0" * 64)
    with pytest.raises(SealBrokenError, match=RUN):
        prepare_dataset(STEP, None)
    assert data_run.artifacts.read(BLIND) == sealed


def test_the_pinned_version_is_read_although_the_object_changed(data_run: DataRun) -> None:
    data_run.admitted(train=records(100))
    data_run.uploads.write("datasets/triage/train.jsonl", b"{bad\n")
    assert prepare_dataset(STEP, None)["outcome"] == "valid"


def test_files_of_the_user_s_own_are_taken_as_they_are(data_run: DataRun) -> None:
    data_run.admitted(train=records(100), validation=records(20, 90), test=records(30, 105))
    assert prepare_dataset(STEP, None)["outcome"] == "valid"
    assert len(data_run.lines(BLIND)) == 30
    report = data_run.artifacts.read_json(f"{DATA}/report.json")
    assert report["left_out"] == {"train": 10, "validation": 5}
    assert {part: figures["records"] for part, figures in report["split"].items()} == {
        "train": 90,
        "validation": 15,
        "test": 30,
    }


def test_a_bad_dataset_is_invalid_and_nothing_is_sealed(data_run: DataRun) -> None:
    data_run.admitted(train=records(50) + b"{bad\n" * 10)
    answer = prepare_dataset(STEP, None)
    assert answer["outcome"] == "invalid"
    assert "10 of 60 records of train.jsonl (16.7%) were rejected" in answer["reason"]
    assert f"s3://artifacts/{DATA}/rejected.jsonl" in answer["reason"]
    assert len(data_run.lines(f"{DATA}/rejected.jsonl")) == 10
    assert data_run.artifacts.read_json(f"{DATA}/report.json")["outcome"] == "invalid"
    assert data_run.artifacts.keys("blind/") == []
    assert data_run.artifacts.head(f"{DATA}/train.jsonl") is None
    assert data_run.ledger.run(RUN).blind_sha256 == ""
    assert data_run.step(Step.PREPARE).summary == answer["reason"]


def test_a_run_that_nobody_admitted_is_a_fault(data_run: DataRun) -> None:
    with pytest.raises(RecordMissingError):
        prepare_dataset(STEP, None)


# --- check_preflight


@pytest.fixture
def bedrock(data_run: DataRun) -> Iterator[Stubber]:
    """Bedrock's control plane with the answers that a test gives."""
    with Stubber(clients.bedrock()) as stub:
        yield stub


def listed(model: str, status: str = "ACTIVE", **lifecycle: Any) -> dict[str, Any]:
    return {
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model}",
        "modelId": model,
        "customizationsSupported": ["FINE_TUNING"] if model.endswith("k") else [],
        "modelLifecycle": {"status": status, **lifecycle},
    }


def test_a_plan_that_can_work_is_clear(data_run: DataRun, bedrock: Stubber) -> None:
    data_run.prepared(train=500)
    models = [
        listed("amazon.nova-micro-v1:0"),
        listed("amazon.nova-micro-v1:0:128k"),
        {"modelArn": "x" * 20, "modelId": "other"},
    ]
    bedrock.add_response("list_foundation_models", {"modelSummaries": models}, {})
    assert check_preflight(STEP, None) == {"outcome": "clear", "reason": ""}
    assert data_run.step(Step.PREFLIGHT).summary == "Amazon Nova Micro can be tuned and served"


def test_a_plan_that_cannot_work_is_refused_with_every_problem(data_run: DataRun, bedrock: Stubber) -> None:
    data_run.prepared(JOB + "hyperparameters: {epochCount: 50}", train=5)
    gone = datetime(2026, 9, 10, tzinfo=UTC)
    models = [listed("amazon.nova-micro-v1:0:128k", "LEGACY", endOfLifeTime=gone)]
    bedrock.add_response("list_foundation_models", {"modelSummaries": models}, {})
    answer = check_preflight(STEP, None)
    assert answer["outcome"] == "refused"
    for said in ("was retired on 2026-09-10", "needs at least 8", "from 1 to 5"):
        assert said in answer["reason"]
    assert data_run.step(Step.PREFLIGHT).figures == {"problems": 3}


# --- estimate_cost


def test_a_run_inside_its_budget_is_affordable(data_run: DataRun) -> None:
    data_run.prepared(train=500)
    assert estimate_cost(STEP, None) == {"outcome": "affordable", "reason": ""}
    estimate = data_run.artifacts.read_json(f"runs/{RUN}/estimate.json")
    assert estimate["items"][0]["what"] == "training, 2 x 50,000 tokens"
    assert data_run.ledger.run(RUN).estimated_usd == Decimal(estimate["total_usd"])
    assert data_run.step(Step.BUDGET).figures["total_usd"] == Decimal(estimate["total_usd"])
    assert data_run.step(Step.BUDGET).summary.startswith("about $2.05, between")


def test_a_run_beyond_its_budget_is_not(data_run: DataRun) -> None:
    data_run.prepared(JOB + "budget: {limit_usd: 2}", train=500)
    answer = estimate_cost(STEP, None)
    assert answer["outcome"] == "over_budget"
    assert "more than the $2.00 of budget.limit_usd" in answer["reason"]
    assert data_run.artifacts.head(f"runs/{RUN}/estimate.json") is not None


def test_an_unknown_price_stops_the_run_until_the_override_has_it(data_run: DataRun) -> None:
    data_run.prepared(JOB.replace("nova-micro", "nova-lite"), train=500)
    answer = estimate_cost(STEP, None)
    assert answer["outcome"] == "over_budget"
    assert "price of training for amazon.nova-lite-v1:0 is not known" in answer["reason"]
    assert data_run.artifacts.head(f"runs/{RUN}/estimate.json") is None
    line = answer["reason"][answer["reason"].index("- {") :]
    line = line.replace("<US dollars>", "0.002").replace("<yyyy-mm-dd>", "2026-11-01")
    data_run.uploads.write(OVERRIDE_KEY, f"prices:\n{line}".encode())
    assert estimate_cost(STEP, None)["outcome"] == "affordable"


def test_an_override_that_cannot_be_read_stops_the_run(data_run: DataRun) -> None:
    data_run.prepared(train=500)
    data_run.uploads.write(OVERRIDE_KEY, b"nonsense")
    answer = estimate_cost(STEP, None)
    assert answer["outcome"] == "over_budget"
    assert "settings/prices.yaml cannot be read" in answer["reason"]
