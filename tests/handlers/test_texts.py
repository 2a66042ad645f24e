"""Continued pre-training: texts stay texts, judged by questions that are brought, or not at all."""

from __future__ import annotations

import json
from typing import Any

from estimate_cost.handler import lambda_handler as estimate_cost
from prepare_dataset.handler import lambda_handler as prepare_dataset
from tests.handlers.data_run import RUN, STEP, DataRun, records
from tests.tunesmith.dataset.converse import lines
from tests.tunesmith.dataset.prepared import said
from tunesmith.catalogue import find_model
from tunesmith.cost import OVERRIDE_KEY, load_prices, override_line
from tunesmith.cost.estimates import needed_prices
from tunesmith.ledger import Step

DATA, BLIND = f"runs/{RUN}/data", f"blind/{RUN}/test.jsonl"
JOB = "project: triage\nbase_model: titan-text-express\nkind: continued-pre-training\ndata: "
TITAN = find_model("titan-text-express")


def texts(count: int, start: int = 0) -> bytes:
    return lines(*({"input": f"{said(n)} and more"} for n in range(start, start + count)))


def estimated(data_run: DataRun) -> list[str]:
    """What an account that has a price for everything would be asked to pay for."""
    missing = load_prices().missing(TITAN.id, needed_prices("provisioned"))
    rows = "\n".join(["prices:", *(override_line(TITAN.id, item) for item in missing)])
    filled = rows.replace("<US dollars>", "0.002").replace("<yyyy-mm-dd>", "2026-11-28")
    data_run.uploads.write(OVERRIDE_KEY, filled.encode())
    estimate_cost(STEP, None)
    told: dict[str, Any] = data_run.artifacts.read_json(f"runs/{RUN}/estimate.json")
    return [item["what"] for item in told["items"]]


def test_texts_without_questions_are_split_in_two_and_the_run_says_that_it_proves_nothing(
    data_run: DataRun,
) -> None:
    data_run.admitted(JOB + "train.jsonl\nbudget: {limit_usd: 9000}", train=texts(300))
    assert prepare_dataset(STEP, None) == {"outcome": "valid", "reason": ""}
    train, validation = (data_run.lines(f"{DATA}/{part}.jsonl") for part in ("train", "validation"))
    assert (len(train), len(validation)) == (250, 50)
    assert all(record.keys() == {"input"} for record in train + validation)
    assert data_run.artifacts.read(BLIND) == b""
    report = data_run.artifacts.read_json(f"{DATA}/report.json")
    assert not report["proven"]
    assert "texts hold no answers" in data_run.step(Step.PREPARE).summary
    paid = estimated(data_run)
    assert any(what.startswith("training") for what in paid)
    assert not any(what.startswith("evaluation") for what in paid)


def test_questions_are_the_blind_test_and_texts_that_give_one_away_leave_training(data_run: DataRun) -> None:
    asked = records(120)
    question = json.loads(asked.splitlines()[0])["messages"][0]["content"][0]["text"]
    told = lines({"input": f"{question} label_0"})
    files = "{train: train.jsonl, test: test.jsonl}\nbudget: {limit_usd: 9000}"
    data_run.admitted(JOB + files, train=texts(300, start=500) + told, test=asked)
    assert prepare_dataset(STEP, None) == {"outcome": "valid", "reason": ""}
    assert len(data_run.lines(BLIND)) == 120
    assert not any(question in record["input"] for record in data_run.lines(f"{DATA}/train.jsonl"))
    report = data_run.artifacts.read_json(f"{DATA}/report.json")
    assert report["proven"]
    assert report["left_out"]["train"] + report["left_out"]["validation"] == 1
    assert any(what.startswith("evaluation") for what in estimated(data_run))


def test_questions_and_answers_are_no_texts(data_run: DataRun) -> None:
    data_run.admitted(JOB + "train.jsonl", train=records(100))
    answer = prepare_dataset(STEP, None)
    assert answer["outcome"] == "invalid"
    assert "TS049" in answer["reason"]
