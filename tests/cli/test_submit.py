"""`tunesmith submit`: data first, job file last, and the run id that admit_upload will find."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from cli.upload import plan_upload, send
from tests.cli.fakes import JOB_FILE, Account, tunesmith
from tunesmith import names
from tunesmith.aws.objects import Bucket


def run_of(job_file: Path, data: Path) -> str:
    return names.run_id(job_file.read_bytes(), [("train", hashlib.sha256(data.read_bytes()).hexdigest())])


def test_the_upload_is_complete_and_the_run_id_is_printed(account: Account, job_file: Path) -> None:
    answer = tunesmith("submit", job_file)
    data = job_file.with_name("train.jsonl")
    assert answer.code == 0
    assert answer.stdout == run_of(job_file, data) + "\n"
    assert account.datasets.read("datasets/support-triage/job.yaml") == job_file.read_bytes()
    assert account.datasets.read("datasets/support-triage/train.jsonl") == data.read_bytes()
    assert "uploading" in answer.stderr


class Recorder(Bucket):
    """A bucket that notes in which order it is written."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.log: list[str] = []

    def write(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> None:
        self.log.append(f"write {key}")
        super().write(key, body, content_type)

    def delete(self, key: str) -> None:
        self.log.append(f"delete {key}")
        super().delete(key)


def test_the_job_file_goes_last_and_an_older_one_goes_away_before_anything(
    account: Account, job_file: Path
) -> None:
    account.datasets.write("datasets/support-triage/job.json", b"{}")
    account.datasets.write("datasets/support-triage/job.yaml", b"project: support-triage")
    bucket = Recorder(account.datasets.name)
    send(plan_upload(job_file, []), bucket, lambda line: None)
    assert bucket.log == [
        "delete datasets/support-triage/job.yaml",
        "delete datasets/support-triage/job.json",
        "write datasets/support-triage/train.jsonl",
        "write datasets/support-triage/job.yaml",
    ]


def test_an_equal_job_file_stays_where_it_is(account: Account, job_file: Path) -> None:
    account.datasets.write("datasets/support-triage/job.yaml", job_file.read_bytes())
    bucket = Recorder(account.datasets.name)
    send(plan_upload(job_file, []), bucket, lambda line: None)
    assert not [line for line in bucket.log if line.startswith("delete")]


def test_the_run_id_follows_content_and_not_names(job_file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other" / "tickets-2026.jsonl"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(job_file.with_name("train.jsonl").read_bytes())
    here, there = plan_upload(job_file, []), plan_upload(job_file, [elsewhere])
    assert here.run == there.run
    assert there.files[0].path == elsewhere
    assert there.files[0].key == "datasets/support-triage/train.jsonl"


def test_several_data_files_are_matched_by_name(tmp_path: Path) -> None:
    job_file = tmp_path / "job.json"
    data = {"train": "sets/train.jsonl", "test": "sets/test.jsonl"}
    job_file.write_text(json.dumps({"project": "p", "base_model": "nova-micro", "data": data}))
    for name in ("test.jsonl", "train.jsonl"):
        (tmp_path / name).write_text(name)
    upload = plan_upload(job_file, [tmp_path / "test.jsonl", tmp_path / "train.jsonl"])
    assert {file.role: (file.key, file.path.name) for file in upload.files} == {
        "train": ("datasets/p/sets/train.jsonl", "train.jsonl"),
        "test": ("datasets/p/sets/test.jsonl", "test.jsonl"),
    }
    assert upload.job_key == "datasets/p/job.json"


def test_json_names_run_and_project(account: Account, job_file: Path) -> None:
    answer = tunesmith("submit", job_file, "--json")
    assert answer.json == {
        "run": run_of(job_file, job_file.with_name("train.jsonl")),
        "project": "support-triage",
        "outcome": None,
    }


def test_a_broken_job_file_is_told_whole_and_nothing_is_uploaded(account: Account, job_file: Path) -> None:
    job_file.write_text(JOB_FILE.replace("nova-micro", "nova-mikro") + "epochs: 3\nseed: -1\n")
    answer = tunesmith("submit", job_file)
    assert answer.code == 1
    assert "the job file has 3 problems" in answer.stderr
    for key in ("base_model", "epochs", "seed"):
        assert key in answer.stderr
    assert account.datasets.keys("") == []


def test_missing_data_is_told_before_anything_is_uploaded(account: Account, job_file: Path) -> None:
    job_file.with_name("train.jsonl").unlink()
    answer = tunesmith("submit", job_file)
    assert answer.code == 2
    assert "data is missing: train.jsonl" in answer.stderr
    assert "--data FILE" in answer.stderr
    assert account.datasets.keys("") == []


def test_data_that_the_job_file_does_not_name_is_refused(
    account: Account, job_file: Path, tmp_path: Path
) -> None:
    stray = tmp_path / "notes.jsonl"
    stray.touch()
    answer = tunesmith("submit", job_file, "--data", stray, "--data", job_file.with_name("train.jsonl"))
    assert answer.code == 2
    assert "no use for" in answer.stderr
    assert "notes.jsonl" in answer.stderr


@pytest.mark.parametrize(
    ("name", "told"), [("absent.yaml", "there is no job file"), ("job.txt", "neither YAML")]
)
def test_what_is_no_job_file_could_not_be_submitted(
    account: Account, tmp_path: Path, name: str, told: str
) -> None:
    (tmp_path / "job.txt").touch()
    answer = tunesmith("submit", tmp_path / name)
    assert answer.code == 2
    assert told in answer.stderr


def test_equal_content_of_a_run_that_is_over_is_not_uploaded_again(account: Account, job_file: Path) -> None:
    run = run_of(job_file, job_file.with_name("train.jsonl"))
    account.admit(run)
    account.end("promoted", run=run)
    answer = tunesmith("submit", job_file)
    assert answer.code == 0
    assert answer.stdout == run + "\n"
    assert "over already (promoted)" in answer.stderr
    assert account.datasets.keys("") == []


def test_a_run_that_broke_may_go_on(account: Account, job_file: Path) -> None:
    run = plan_upload(job_file, []).run
    account.admit(run)
    account.end("failed", run=run, status="FAILED")
    answer = tunesmith("submit", job_file)
    assert f"tunesmith resume {run} --env dev" in answer.stderr
