"""The model card: what a model is made of and how it did, from the run's records; none without a model."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from tests.tunesmith.reporting import sample
from tests.tunesmith.reporting.test_document import document
from tests.tunesmith.reporting.test_page import Balance
from tunesmith.reporting.document import RunRecords
from tunesmith.reporting.model_card import build_card, render_card


def chosen(records: RunRecords) -> RunRecords:
    """The run with its training decided, as a run that came to a verdict has it."""
    decision = {"at": sample.NOW, "action": "keep", "why": "there is one model"}
    return replace(records, training=replace(records.training, decisions=[decision]))


def card(records: RunRecords) -> dict[str, Any]:
    built = build_card(document(records), records.run)
    assert built is not None
    read: dict[str, Any] = json.loads(json.dumps(built))
    return read


def test_a_card_holds_hashes_job_metrics_verdict_and_deployment() -> None:
    records = chosen(sample.promoted())
    upload = {"bucket": "b", "key": "datasets/x/train.jsonl", "version": "1", "sha256": "cd" * 32}
    records = replace(records, run=replace(records.run, data={"train": upload}, blind_sha256="ef" * 32))

    found = card(records)

    assert found["data"]["uploads"]["train"]["sha256"] == "cd" * 32
    assert found["data"]["blind_test_sha256"] == "ef" * 32
    assert found["data"]["records"]["test"] == 500
    assert found["model_arn"] == sample.MODEL
    assert found["hyperparameters"]["epochCount"] == "3"
    assert [one["label"] for one in found["evaluation"]["models"]] == ["candidate", "base"]
    assert found["evaluation"]["comparisons"][0]["gain"]["low"] > 2.0
    assert found["verdict"]["outcome"] == "promoted"
    assert found["deployment"]["arn"] == sample.DEPLOYMENT


def test_a_model_that_does_not_serve_has_no_deployment_and_says_so() -> None:
    found = card(chosen(sample.inconclusive()))

    assert found["deployment"] is None
    assert "this model is not in service" in render_card(found)


def test_a_run_without_a_model_has_no_card() -> None:
    records = sample.invalid()

    assert build_card(document(records), records.run) is None


def test_the_page_stands_alone_and_texts_cannot_become_markup() -> None:
    records = chosen(sample.promoted())
    evil = "<img src=x>"
    records = replace(records, run=replace(records.run, reason=evil, project=evil))

    page = render_card(card(records))

    assert "<img" not in page
    assert page.count("&lt;img") >= 2
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"|@import|url\(", page)
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
