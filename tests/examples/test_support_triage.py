"""The demo's data: the same for the same seed, fit to train on, and neither too easy nor too hard."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from examples.support_triage import generate
from examples.support_triage.vocabulary import LABELS
from tunesmith.catalogue import find_model
from tunesmith.dataset import check_file
from tunesmith.job import parse_job

ROOT = Path(__file__).parents[2]


def answers(data: bytes) -> list[tuple[str, str]]:
    records = [json.loads(line) for line in data.splitlines()]
    return [
        (record["messages"][0]["content"][0]["text"], record["messages"][1]["content"][0]["text"])
        for record in records
    ]


def test_a_seed_makes_the_same_file_every_time_and_another_seed_another() -> None:
    assert generate.dataset(50, seed=3) == generate.dataset(50, seed=3)
    assert generate.dataset(50, seed=3) != generate.dataset(50, seed=4)


def test_every_record_obeys_the_rules_of_every_active_model_family() -> None:
    for model in ("nova-micro", "nova-2-lite"):
        checked = check_file([generate.dataset()], find_model(model), file="train.jsonl")
        assert (checked.read, checked.valid, checked.problems) == (generate.RECORDS, generate.RECORDS, ())


def test_labels_are_even_and_some_tickets_came_twice() -> None:
    pairs = answers(generate.dataset())
    counts = Counter(label for _, label in pairs)
    assert set(counts) == set(LABELS)
    assert min(counts.values()) > generate.RECORDS / len(LABELS) / 2
    assert 5 < len(pairs) - len(set(pairs)) < 60


def test_the_prompt_lists_the_labels_and_asks_for_one_alone() -> None:
    assert all(f"\n{label}" in generate.SYSTEM for label in LABELS)
    assert "exactly one label" in generate.SYSTEM


@pytest.mark.filterwarnings("default")
def test_the_stand_in_gains_much_by_tuning_and_not_everything() -> None:
    from local.bedrock.base_answers import answer_as_base
    from local.bedrock.learner import Settings, fit
    from local.bedrock.records import read_examples

    examples = list({one.user: one for one in read_examples(generate.dataset(), "train.jsonl")}.values())
    test, train = examples[:300], examples[300:]
    model, _ = fit(train, Settings(epochs=3))
    tuned = sum(model.answer(one.system, one.user) == one.completion for one in test) / len(test)
    base = sum(
        answer_as_base("amazon.nova-micro-v1:0", one.system, one.user) == one.completion for one in test
    ) / len(test)
    assert 0.35 < base < 0.55
    assert 0.84 < tuned < 0.96


def test_the_job_file_is_good() -> None:
    job = parse_job((ROOT / "examples/support_triage/job.yaml").read_bytes(), source="job.yaml")
    assert job.project == "support-triage"
    assert job.data.by_role() == {"train": "train.jsonl"}


def test_the_generator_runs_as_its_docstring_says(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "examples.support_triage.generate",
        "--out",
        str(tmp_path),
        "--records",
        "20",
    ]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed == f"{tmp_path / 'train.jsonl'}\n"
    assert (tmp_path / "train.jsonl").read_bytes() == generate.dataset(20)
