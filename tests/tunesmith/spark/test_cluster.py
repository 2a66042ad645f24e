"""A cluster prepares a dataset as one machine does, record for record; here it is Spark with two threads."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.tunesmith.dataset.converse import lines, pair
from tests.tunesmith.dataset.prepared import MICRO, WHERE
from tests.tunesmith.spark.machines import MISSING, local_session, read_path, sources
from tests.tunesmith.spark.records import labelled, paragraph
from tunesmith.dataset import CheckedFile, check_file, rejected_rows
from tunesmith.dataset.assignment import Assignment
from tunesmith.dataset.comparison import SpooledComparison
from tunesmith.dataset.preparation import Prepared, prepare
from tunesmith.job import Job, parse_job

if TYPE_CHECKING:
    from tunesmith.spark.files import ClusterFiles

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=MISSING or "everything is there"),
    # PySpark 3.5 is older than the Python that warns of what it uses.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


def job_of(files: Mapping[str, bytes], job: Mapping[str, Any] | None = None, **data: Any) -> Job:
    """Make a job file for these files; `job` are keys of its top level, others stand in `data`."""
    named = {role: f"{role}.jsonl" for role in files}
    keys = {"project": "triage", "base_model": MICRO.name, "seed": 1, **(job or {})}
    return parse_job(json.dumps({**keys, "data": {**named, **data}}).encode(), source="job.json")


def checked_here(job: Job, files: Mapping[str, bytes]) -> dict[str, CheckedFile]:
    return {
        role: check_file(
            [content],
            job.model_of(role),
            file=f"{role}.jsonl",
            sensitive=job.data.sensitive,
            mends=job.data.on_error == "fix",
            **job.read_as(role),
        )
        for role, content in files.items()
    }


def on_one_machine(job: Job, files: Mapping[str, bytes], previous: Assignment | None = None) -> Prepared:
    return prepare(job, job.model, checked_here(job, files), previous, rejected_uri=WHERE)


def checked_there(
    job: Job, files: Mapping[str, bytes], folder: Path, slices: int, partitions: int = 3
) -> ClusterFiles:
    from tunesmith.spark.files import check_files

    return check_files(
        local_session(),
        sources(folder, files),
        read_path,
        job,
        slice_bytes=max(map(len, files.values())) // slices + 1,
        partitions=partitions,
    )


def on_a_cluster(
    job: Job, files: Mapping[str, bytes], folder: Path, slices: int, previous: Assignment | None = None
) -> Prepared:
    found = checked_there(job, files, folder, slices)
    return prepare(job, job.model, found.files, previous, rejected_uri=WHERE, comparison=found.comparison)


def assert_checked_equal(found: Mapping[str, CheckedFile], expected: Mapping[str, CheckedFile]) -> None:
    assert list(rejected_rows(found)) == list(rejected_rows(expected))
    for role, checked in expected.items():
        assert found[role].duplicates == checked.duplicates
        assert found[role].records.places() == checked.records.places()


def assert_equal(found: Prepared, expected: Prepared) -> None:
    assert_checked_equal(found.files, expected.files)
    assert found.report.to_json() == expected.report.to_json()
    assert found.assignment == expected.assignment
    for part, records in expected.split.parts().items():
        assert found.split.parts()[part].places() == records.places()
        assert list(found.split.parts()[part].lines()) == list(records.lines())


def test_a_few_records_are_checked_and_compared_as_on_one_machine(tmp_path: Path) -> None:
    """What a cluster does itself; the driver makes the split of it, whose tests take longer (`soak`)."""
    records = [
        pair(paragraph(number // 2, 30, changed=number % 2), f"answer {number}") for number in range(40)
    ]
    files = {"train": lines(*records, *records[:3]) + b"{broken\n"}
    job = job_of(files)
    expected = checked_here(job, files)
    found = checked_there(job, files, tmp_path, slices=2, partitions=1)
    assert sum(expected["train"].duplicates.copies) - len(expected["train"].records) == 3
    assert_checked_equal(found.files, expected)
    clusters = SpooledComparison({"train": expected["train"].records}).clusters().tolist()
    assert len(set(clusters)) == 20
    assert found.comparison.clusters().tolist() == clusters


@pytest.mark.soak
def test_near_duplicates_are_dropped_as_on_one_machine(tmp_path: Path) -> None:
    files = {"train": lines(*labelled(300))}
    job = job_of(files, near_duplicates="drop")
    expected = on_one_machine(job, files)
    grouped = on_one_machine(job_of(files), files)
    kept, all_of_them = (sum(map(len, one.split.parts().values())) for one in (expected, grouped))
    assert kept < all_of_them
    assert_equal(on_a_cluster(job, files, tmp_path, 3), expected)


@pytest.mark.soak
def test_texts_of_a_continued_pre_training_are_prepared_as_on_one_machine(tmp_path: Path) -> None:
    texts = [{"input": paragraph(number // 3, changed=number % 3)} for number in range(330)]
    files = {"train": lines(*texts, {"input": ""}, *texts[:4])}
    job = job_of(files, {"base_model": "titan-text-express", "kind": "continued-pre-training"})
    expected = on_one_machine(job, files)
    figures = expected.report.figures()
    assert min(figures[name] for name in ("rejected", "duplicates", "near_duplicates")) > 0
    assert len(expected.split.train) > 200
    assert_equal(on_a_cluster(job, files, tmp_path, 3), expected)


@pytest.mark.soak
def test_prompts_of_a_reinforcement_are_prepared_as_on_one_machine(tmp_path: Path) -> None:
    prompts = [
        {
            "messages": [{"role": "user", "content": paragraph(number // 2, 40, changed=number % 2)}],
            "reference_answer": number % 10,
            "level": {"name": "easy", "points": 3},
        }
        for number in range(330)
    ]
    files = {"train": lines(*prompts, {"messages": []}, *prompts[:4])}
    grader = {"reinforcement": {"grader": "exact_match"}, "kind": "reinforcement"}
    job = job_of(files, {"base_model": "nova-2-lite", **grader})
    expected = on_one_machine(job, files)
    figures = expected.report.figures()
    assert min(figures[name] for name in ("rejected", "duplicates", "near_duplicates")) > 0
    assert len(expected.split.test) >= 50
    assert_equal(on_a_cluster(job, files, tmp_path, 3), expected)


@pytest.mark.soak
@pytest.mark.parametrize("near_duplicates", ["group", "drop"])
def test_a_label_task_is_prepared_as_on_one_machine(tmp_path: Path, near_duplicates: str) -> None:
    records = labelled(300)
    body = lines(*records) + b"{broken\n\n" + lines(*records[:3])
    files = {"train": body}
    job = job_of(files, near_duplicates=near_duplicates)
    expected = on_one_machine(job, files)
    assert bool(expected.report.findings.near.dropped) == (near_duplicates == "drop")
    figures = expected.report.figures()
    assert min(figures[name] for name in ("rejected", "duplicates", "near_duplicates", "quarantined")) > 0
    assert expected.report.findings.near.largest > 16
    assert_equal(on_a_cluster(job, files, tmp_path, 4), expected)


@pytest.mark.soak
def test_files_of_the_users_own_are_joined_with_train_as_on_one_machine(tmp_path: Path) -> None:
    free = [pair(paragraph(number, 60), f"answer {number}") for number in range(330)]
    free += [pair(paragraph(number, 60), f"else {number}") for number in range(0, 330, 50)]
    files = {
        "train": lines(*free),
        "validation": lines(
            *[pair(paragraph(number, 60, changed=2), "other") for number in range(5)], *free[20:23]
        ),
        "test": lines(*[pair(paragraph(number, 60, changed=3), "third") for number in range(3, 120)]),
    }
    job = job_of(files)
    expected = on_one_machine(job, files)
    assert expected.report.figures()["left_out"] > 100
    assert expected.report.findings.conflicts.note
    assert_equal(on_a_cluster(job, files, tmp_path, 2), expected)


@pytest.mark.soak
def test_components_follow_a_chain_to_its_lowest_row() -> None:
    from tunesmith.spark.components import connected_components

    chain = [(number, number + 1) for number in range(100, 140)] + [(7, 120), (1, 2), (2, 50)]
    random.Random(3).shuffle(chain)
    pairs = local_session().createDataFrame(chain, "low long, high long")
    found = {row.row: row.label for row in connected_components(local_session(), pairs).collect()}
    assert found == {**dict.fromkeys(range(100, 141), 7), **dict.fromkeys([2, 50], 1)}
