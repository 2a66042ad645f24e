"""The recipes turn public data into records and a job file; skipped where the data is not at hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from examples.recipes import banking77, gsm8k
from examples.recipes.recipe import default_data
from tunesmith.catalogue import find_model
from tunesmith.dataset import check_file
from tunesmith.job import parse_job

DATA = default_data()
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no folder {DATA} with the public data sets")


def records(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def turns(record: dict[str, Any]) -> tuple[str, str]:
    question, answer = (message["content"][0]["text"] for message in record["messages"])
    return question, answer


def test_a_small_banking77_becomes_records_that_list_its_labels(tmp_path: Path) -> None:
    (tmp_path / "banking77_train.csv").write_text(
        'text,category\n"Where, please?",card_arrival\nWhy?,top_up\nWhy?,top_up\n'
    )
    job = banking77.main(out=tmp_path / "out", data=tmp_path)
    made = records(tmp_path / "out/train.jsonl")
    assert [turns(record) for record in made] == [
        ("Where, please?", "card_arrival"),
        ("Why?", "top_up"),
        ("Why?", "top_up"),
    ]
    assert all(record["system"][0]["text"].endswith("card_arrival\ntop_up") for record in made)
    assert parse_job(job.read_bytes(), source="job.yaml").project == "banking77"


def test_a_small_gsm8k_asks_for_the_final_number_alone(tmp_path: Path) -> None:
    rows = [{"question": "How much?", "answer": "2+2=<<2+2=4>>4\n#### 1,004"}]
    (tmp_path / "gsm8k_train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    job = gsm8k.main(out=tmp_path / "out", data=tmp_path)
    assert [turns(record) for record in records(tmp_path / "out/train.jsonl")] == [("How much?", "1004")]
    assert parse_job(job.read_bytes(), source="job.yaml").evaluation.minimum_gain == 5


@needs_data
def test_the_whole_of_banking77_is_valid_and_nothing_is_left_out(tmp_path: Path) -> None:
    banking77.main(out=tmp_path, data=DATA)
    checked = check_file(
        [(tmp_path / "train.jsonl").read_bytes()], find_model("nova-micro"), file="train.jsonl"
    )
    with (DATA / "banking77_train.csv").open(newline="") as file:
        assert checked.read == checked.valid == len(list(csv.DictReader(file))) == 10_003
    assert len({turns(record)[1] for record in records(tmp_path / "train.jsonl")}) == 77


@needs_data
def test_the_whole_of_gsm8k_is_valid_and_every_answer_is_a_number(tmp_path: Path) -> None:
    gsm8k.main(out=tmp_path, data=DATA)
    checked = check_file(
        [(tmp_path / "train.jsonl").read_bytes()], find_model("nova-micro"), file="train.jsonl"
    )
    assert checked.read == checked.valid == 7_473
    assert all(float(turns(record)[1]) is not None for record in records(tmp_path / "train.jsonl"))
