"""`tunesmith estimate`: the cloud's own figures without a cloud, and no guess where a price is not known."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.fakes import Answer, tunesmith
from tests.cloud import triage_data

PRICED = "project: triage\nbase_model: nova-micro\ndata: train.jsonl\n"
UNPRICED = "project: triage\nbase_model: nova-lite\ndata: train.jsonl\n"


@pytest.fixture
def job(tmp_path: Path) -> Path:
    (tmp_path / "train.jsonl").write_bytes(triage_data(records=400))
    return write(tmp_path, PRICED)


def write(folder: Path, content: str) -> Path:
    file = folder / "job.yaml"
    file.write_text(content)
    return file


def test_a_job_is_priced_item_by_item_within_its_budget(job: Path) -> None:
    answer = tunesmith("estimate", job, "--json")
    assert answer.code == 0
    items = answer.json["items"]
    assert {"what", "quantity", "unit", "price", "usd", "source"} <= set(items[0])
    total = sum(Decimal(item["usd"]) for item in items)
    assert abs(total - Decimal(answer.json["total_usd"])) < Decimal("0.0001")
    low, high = Decimal(answer.json["low_usd"]), Decimal(answer.json["high_usd"])
    assert low <= Decimal(answer.json["total_usd"]) <= high < 50
    assert answer.json["reason"] == ""


def test_a_person_sees_prices_sources_and_the_verdict(job: Path) -> None:
    answer = tunesmith("estimate", job)
    assert answer.code == 0
    assert "stored custom model" in answer.stdout
    assert "AWS Price List API" in answer.stdout
    assert "within the $50.00 of budget.limit_usd" in answer.stderr


def test_a_job_over_its_budget_is_answered_with_no(job: Path) -> None:
    write(job.parent, PRICED + "budget: {limit_usd: 0.5}\n")
    answer = tunesmith("estimate", job)
    assert answer.code == 1
    assert "more than the $0.50 of budget.limit_usd" in answer.stderr
    assert "stored custom model" in answer.stdout, "the items still tell where the money would go"


def test_an_unknown_price_is_answered_with_no_and_the_line_that_settles_it(job: Path) -> None:
    write(job.parent, UNPRICED)
    answer = tunesmith("estimate", job)
    assert answer.code == 1
    assert "- {model: amazon.nova-lite-v1:0, item: training, usd:" in answer.stderr
    assert tunesmith("estimate", job, "--json").json["total_usd"] is None


def test_prices_of_ones_own_settle_it(job: Path) -> None:
    write(job.parent, UNPRICED)
    prices = job.parent / "prices.yaml"
    prices.write_text(
        "prices:\n"
        '  - {model: amazon.nova-lite-v1:0, item: training, usd: "0.002", per: 1K tokens, '
        'source: "our contract", date: 2026-11-01}\n'
    )
    answer = tunesmith("estimate", job, "--prices", prices, "--json")
    assert answer.code == 0
    assert answer.json["items"][0]["source"] == "our contract, 2026-11-01"


def test_data_that_would_end_invalid_is_answered_with_no(job: Path) -> None:
    (job.parent / "train.jsonl").write_bytes(b"{not json\n" * 200)
    answer = tunesmith("estimate", job)
    assert answer.code == 1
    assert answer.stdout == ""
    assert "train" in answer.stderr


def test_gaps_are_the_active_models_that_need_a_price(tmp_path: Path) -> None:
    listed = {gap["model"]: gap["missing"] for gap in tunesmith("estimate", "--gaps", "--json").json}
    assert listed["nova-lite"] == ["training"]
    assert listed["nova-2-lite"] == ["reinforcement_hour"]
    assert "nova-micro" not in listed
    assert "nova-lite: training\n  - {model: amazon.nova-lite-v1:0" in tunesmith("estimate", "--gaps").stdout


def test_a_job_file_is_needed_for_anything_else() -> None:
    answer = tunesmith("estimate")
    assert answer.code == 2
    assert "--gaps" in answer.stderr


def test_a_log_is_estimated_by_the_entries_that_pass_its_filters(tmp_path: Path) -> None:
    entries = []
    for number, line in enumerate(triage_data(records=400).splitlines()):
        *asked, answer = json.loads(line)["messages"]
        entry = {
            "schemaType": "ModelInvocationLog",
            "modelId": "amazon.nova-pro-v1:0",
            "requestMetadata": {"team": "support" if number < 300 else "sales"},
            "input": {"inputBodyJson": {"messages": asked}},
            "output": {"outputBodyJson": {"output": {"message": answer}}},
        }
        entries.append(json.dumps(entry))
    (tmp_path / "log.json.gz").write_bytes(gzip.compress("\n".join(entries).encode()))
    logged = "kind: distillation\ndistillation: {teacher: nova-pro, logs: {filters: {equals: {team: %s}}}}\n"

    def estimated(team: str) -> Answer:
        job = write(tmp_path, PRICED.replace("train.jsonl", "log.json.gz") + logged % team)
        return tunesmith("estimate", job, "--json")

    few, many = (
        {item["what"]: Decimal(item["quantity"]) for item in estimated(team).json["items"]}
        for team in ("sales", "support")
    )
    assert 0 < few["teacher, nova-pro reads"] < many["teacher, nova-pro reads"]
    assert "none of its 400 entries passes the filters" in estimated("nobody").json["reason"]
