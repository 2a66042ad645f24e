"""A cluster prepares a dataset as one machine does, record for record; here it is Spark with two threads."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.tunesmith.dataset.converse import lines, pair
from tests.tunesmith.dataset.prepared import MICRO, WHERE
from tests.tunesmith.spark.machines import MISSING, local_session, read_path, sources
from tests.tunesmith.spark.records import labelled, paragraph
from tunesmith.dataset import check_file, rejected_rows
from tunesmith.dataset.assignment import Assignment
from tunesmith.dataset.preparation import Prepared, prepare
from tunesmith.job import Job, parse_job

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=MISSING or "everything is there"),
    # PySpark 3.5 is older than the Python that warns of what it uses.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


def job_of(files: Mapping[str, bytes], **data: Any) -> Job:
    named = {role: f"{role}.jsonl" for role in files}
    job = {"project": "triage", "base_model": MICRO.name, "seed": 1, "data": {**named, **data}}
    return parse_job(json.dumps(job).encode(), source="job.json")


def on_one_machine(job: Job, files: Mapping[str, bytes], previous: Assignment | None = None) -> Prepared:
    checked = {
        role: check_file(
            [content],
            MICRO,
            file=f"{role}.jsonl",
            group_key=job.data.group_key,
            sensitive=job.data.sensitive,
            mends=job.data.on_error == "fix",
        )
        for role, content in files.items()
    }
    return prepare(job, MICRO, checked, previous, rejected_uri=WHERE)


def on_a_cluster(
    job: Job, files: Mapping[str, bytes], folder: Path, slices: int, previous: Assignment | None = None
) -> Prepared:
    from tunesmith.spark.files import check_files

    slice_bytes = max(map(len, files.values())) // slices + 1
    found = check_files(
        local_session(),
        sources(folder, files),
        read_path,
        job,
        slice_bytes=slice_bytes,
        partitions=3,
    )
    return prepare(job, MICRO, found.files, previous, rejected_uri=WHERE, comparison=found.comparison)


def assert_equal(found: Prepared, expected: Prepared) -> None:
    assert list(rejected_rows(found.files)) == list(rejected_rows(expected.files))
    assert found.report.to_json() == expected.report.to_json()
    assert found.assignment == expected.assignment
    for part, records in expected.split.parts().items():
        assert found.split.parts()[part].places() == records.places()
        assert list(found.split.parts()[part].lines()) == list(records.lines())
    for role, checked in expected.files.items():
        assert found.files[role].duplicates == checked.duplicates
        assert found.files[role].records.places() == checked.records.places()


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
