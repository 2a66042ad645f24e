"""admit_upload: one run for however many uploads, once everything is there; a bad job file is told once."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from admit_upload.handler import lambda_handler as admit_upload
from tests.handlers.data_run import EVENTS, JOB, PROJECT, DataRun, records
from tunesmith import names
from tunesmith.aws import clients
from tunesmith.job import parse_job
from tunesmith.ledger import Champion, Step

NOTHING_FAILED: dict[str, Any] = {"batchItemFailures": []}
EVENT = json.loads((EVENTS / "upload.json").read_text())


def uploaded(*keys: str, bucket: str = "datasets") -> dict[str, Any]:
    """The queue's event for uploads of these keys."""
    messages = []
    for number, key in enumerate(keys):
        message = copy.deepcopy(EVENT["Records"][0])
        body = json.loads(message["body"])
        body["detail"]["object"]["key"], body["detail"]["bucket"]["name"] = key, bucket
        messages.append({**message, "messageId": str(number), "body": json.dumps(body)})
    return {"Records": messages}


def put(data_run: DataRun, name: str, content: bytes) -> dict[str, Any]:
    key = f"datasets/{PROJECT}/{name}"
    data_run.uploads.write(key, content)
    return admit_upload(uploaded(key), None)


def run_of(job: bytes, **data: bytes) -> str:
    return names.run_id(job, [(role, hashlib.sha256(content).hexdigest()) for role, content in data.items()])


FIRST = run_of(JOB.encode(), train=records(20))


@pytest.mark.parametrize("order", [["job.yaml", "train.jsonl"], ["train.jsonl", "job.yaml"]])
def test_job_first_or_data_first_ends_in_the_same_run(data_run: DataRun, order: list[str]) -> None:
    contents = {"job.yaml": JOB.encode(), "train.jsonl": records(20)}
    assert put(data_run, order[0], contents[order[0]]) == NOTHING_FAILED
    assert data_run.executions() == {}
    assert put(data_run, order[1], contents[order[1]]) == NOTHING_FAILED
    assert data_run.executions() == {f"{FIRST}-1": json.dumps({"run": FIRST})}
    run = data_run.ledger.run(FIRST)
    assert (run.project, run.base_model, run.attempt) == (PROJECT, "amazon.nova-micro-v1:0", 1)
    assert run.created == "2026-11-23T09:59:58Z"
    assert run.data["train"]["sha256"] == hashlib.sha256(records(20)).hexdigest()
    assert data_run.uploads.read(run.data["train"]["key"], run.data["train"]["version"]) == records(20)
    assert parse_job(data_run.artifacts.read(f"runs/{FIRST}/job.json"), source="job.json").project == PROJECT
    assert [step.step for step in data_run.ledger.steps(FIRST)] == [Step.ADMIT]


def test_the_same_upload_five_times_at_once_is_one_run(data_run: DataRun) -> None:
    data_run.uploads.write(f"datasets/{PROJECT}/job.yaml", JOB.encode())
    data_run.uploads.write(f"datasets/{PROJECT}/train.jsonl", records(20))
    events = [uploaded(f"datasets/{PROJECT}/{name}") for name in ["train.jsonl"] * 3 + ["job.yaml"] * 2]
    with ThreadPoolExecutor(5) as threads:
        assert list(threads.map(lambda event: admit_upload(event, None), events)) == [NOTHING_FAILED] * 5
    assert list(data_run.executions()) == [f"{FIRST}-1"]
    assert [run.run for run in data_run.ledger.runs(PROJECT)] == [FIRST]


def test_the_pinned_version_stays_when_the_object_changes(data_run: DataRun) -> None:
    put(data_run, "train.jsonl", records(20))
    put(data_run, "job.yaml", JOB.encode())
    put(data_run, "train.jsonl", records(21))
    pinned = data_run.ledger.run(FIRST).data["train"]
    assert data_run.uploads.read(pinned["key"], pinned["version"]) == records(20)


def test_changed_data_and_a_changed_job_file_are_new_runs(data_run: DataRun) -> None:
    put(data_run, "train.jsonl", records(20))
    put(data_run, "job.yaml", JOB.encode())
    put(data_run, "train.jsonl", records(21))
    put(data_run, "job.yaml", JOB.encode() + b"seed: 2\n")
    expected = [
        FIRST,
        run_of(JOB.encode(), train=records(21)),
        run_of(JOB.encode() + b"seed: 2\n", train=records(21)),
    ]
    assert sorted(data_run.executions()) == sorted(f"{run}-1" for run in expected)


def test_a_run_that_is_over_is_not_started_again(data_run: DataRun) -> None:
    put(data_run, "train.jsonl", records(20))
    put(data_run, "job.yaml", JOB.encode())
    data_run.ledger.close_run(FIRST, outcome="rejected", reason="", now="2026-11-23T12:00:00Z")
    assert put(data_run, "train.jsonl", records(20)) == NOTHING_FAILED
    assert list(data_run.executions()) == [f"{FIRST}-1"]
    assert data_run.ledger.run(FIRST).outcome == "rejected"


def test_an_execution_that_ended_under_an_open_run_is_left_to_resume(
    data_run: DataRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(data_run, "train.jsonl", records(20))
    put(data_run, "job.yaml", JOB.encode())
    stepfunctions = clients.stepfunctions()

    def taken(**_: str) -> None:
        raise stepfunctions.exceptions.ExecutionAlreadyExists({"Error": {}}, "StartExecution")

    monkeypatch.setattr(stepfunctions, "start_execution", taken)
    assert put(data_run, "train.jsonl", records(20)) == NOTHING_FAILED


def test_a_crash_before_the_start_is_made_good_by_the_message_s_return(
    data_run: DataRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(data_run, "train.jsonl", records(20))
    with monkeypatch.context() as broken:
        broken.setattr("admit_upload.handler.start_run", lambda *_: 1 / 0)
        assert put(data_run, "job.yaml", JOB.encode()) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert data_run.executions() == {}
    assert put(data_run, "job.yaml", JOB.encode()) == NOTHING_FAILED
    assert list(data_run.executions()) == [f"{FIRST}-1"]


def test_all_files_of_the_job_are_waited_for(data_run: DataRun) -> None:
    job = JOB.replace("train.jsonl", "{train: a/train.jsonl, test: b test.jsonl}").encode()
    put(data_run, "job.yaml", job)
    put(data_run, "a/train.jsonl", records(20))
    assert data_run.executions() == {}
    put(data_run, "b test.jsonl", records(5, 50))
    run = run_of(job, train=records(20), test=records(5, 50))
    assert list(data_run.executions()) == [f"{run}-1"]
    assert set(data_run.ledger.run(run).data) == {"train", "test"}


def test_a_job_file_may_be_json(data_run: DataRun) -> None:
    job = json.dumps({"project": PROJECT, "base_model": "nova-micro", "data": "train.jsonl"}).encode()
    put(data_run, "train.jsonl", records(20))
    put(data_run, "job.json", job)
    assert list(data_run.executions()) == [f"{run_of(job, train=records(20))}-1"]


def rejection(data_run: DataRun, job: bytes) -> dict[str, Any]:
    found: dict[str, Any] = data_run.artifacts.read_json(
        f"rejections/{PROJECT}/{hashlib.sha256(job).hexdigest()}.json"
    )
    return found


def test_a_bad_job_file_is_rejected_and_told_once_with_every_problem(data_run: DataRun) -> None:
    job = b"project: triage\nbase_modell: x\ndata: train.jsonl\n"
    for _ in range(3):
        assert put(data_run, "job.yaml", job) == NOTHING_FAILED
    document = rejection(data_run, job)
    assert document["project"] == PROJECT
    assert document["job_sha256"] == hashlib.sha256(job).hexdigest()
    assert len(document["problems"]) == 2
    [message] = data_run.told()
    assert message["Subject"] == "Tunesmith: job file of triage refused"
    assert "did you mean 'base_model'" in message["Message"]
    assert "s3://artifacts/rejections/triage/" in message["Message"]
    assert data_run.executions() == {}


Change = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("job", "problem"),
    [
        (JOB.replace("triage", "other").encode(), "'other' is not allowed; allowed is the folder's 'triage'"),
        (b"#" * 70_000, "has 70000 bytes"),
        (b"", "holds no keys"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_every_kind_of_unusable_job_file_is_rejected(data_run: DataRun, job: bytes, problem: str) -> None:
    put(data_run, "train.jsonl", records(20))
    put(data_run, "job.yaml", job)
    assert problem in rejection(data_run, job)["problems"][0]
    assert data_run.executions() == {}


def test_two_job_files_are_rejected(data_run: DataRun) -> None:
    put(data_run, "job.json", b"{}")
    data_run.told()
    put(data_run, "job.yaml", JOB.encode())
    assert "both job.yaml and job.json" in rejection(data_run, JOB.encode())["problems"][0]


def test_a_rejected_job_file_that_is_mended_becomes_a_run(data_run: DataRun) -> None:
    put(data_run, "train.jsonl", records(20))
    put(data_run, "job.yaml", b"project: triage")
    put(data_run, "job.yaml", JOB.encode())
    assert list(data_run.executions()) == [f"{FIRST}-1"]


def test_a_folder_name_that_no_subject_can_hold_is_still_told(data_run: DataRun) -> None:
    project = "träge\n" + "x" * 120
    data_run.uploads.write(f"datasets/{project}/job.yaml", JOB.encode())
    assert admit_upload(uploaded(f"datasets/{project}/job.yaml"), None) == NOTHING_FAILED
    [message] = data_run.told()
    assert message["Subject"].startswith("Tunesmith: job file of tr?ge?xxx")
    assert len(message["Subject"]) == 100


@pytest.mark.parametrize(
    "key", ["datasets/triage/", "datasets/job.yaml", "settings/prices.yaml", "runs/x/job.json"]
)
def test_what_belongs_to_no_project_starts_nothing(data_run: DataRun, key: str) -> None:
    put(data_run, "train.jsonl", records(20))
    data_run.uploads.write(f"datasets/{PROJECT}/job.yaml", JOB.encode())
    assert admit_upload(uploaded(key), None) == NOTHING_FAILED
    assert data_run.executions() == {}


def test_an_upload_to_another_bucket_starts_nothing(data_run: DataRun) -> None:
    data_run.uploads.write(f"datasets/{PROJECT}/train.jsonl", records(20))
    data_run.uploads.write(f"datasets/{PROJECT}/job.yaml", JOB.encode())
    assert admit_upload(uploaded("datasets/triage/job.yaml", bucket="artifacts"), None) == NOTHING_FAILED
    assert data_run.executions() == {}


def test_a_message_that_fails_fails_alone(data_run: DataRun) -> None:
    data_run.uploads.write(f"datasets/{PROJECT}/train.jsonl", records(20))
    data_run.uploads.write(f"datasets/{PROJECT}/job.yaml", JOB.encode())
    event = uploaded("datasets/triage/job.yaml", "datasets/triage/train.jsonl")
    event["Records"][0]["body"] = "nonsense"
    assert admit_upload(event, None) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert list(data_run.executions()) == [f"{FIRST}-1"]


def champion(base_model: str) -> Champion:
    return Champion(
        project=PROJECT,
        run="fedcba9876543210",
        model_arn=f"arn:model-of-{base_model}",
        model_name=f"{PROJECT}-fedcba9876543210-2",
        base_model=base_model,
        arn="arn:deployment",
        path="on_demand",
        capacity_name="c",
        capacity_run="fedcba9876543210",
        since="2026-11-20T00:00:00Z",
    )


def test_a_run_goes_on_from_the_champion_that_stood_when_it_was_admitted(data_run: DataRun) -> None:
    job = JOB.replace("nova-micro", "champion").encode()
    run = run_of(job, train=records(20))
    first, later = champion("amazon.nova-lite-v1:0"), champion("amazon.nova-pro-v1:0")
    data_run.ledger.put_champion(first, replaces=None)
    put(data_run, "train.jsonl", records(20))
    put(data_run, "job.yaml", job)
    data_run.ledger.put_champion(later, replaces=first)

    put(data_run, "job.yaml", job)

    admitted = data_run.ledger.run(run)
    assert admitted.base_model == "amazon.nova-lite-v1:0"
    assert admitted.continues == {
        "run": first.run,
        "model_arn": first.model_arn,
        "model_name": first.model_name,
    }
    assert data_run.artifacts.read_json(f"runs/{run}/job.json")["base_model"] == "amazon.nova-lite-v1:0"


def test_there_is_nothing_to_go_on_from_without_a_champion(data_run: DataRun) -> None:
    job = JOB.replace("nova-micro", "champion").encode()
    put(data_run, "train.jsonl", records(20))

    assert put(data_run, "job.yaml", job) == NOTHING_FAILED

    assert data_run.executions() == {}
    (key,) = data_run.artifacts.keys(f"rejections/{PROJECT}/")
    (problem,) = data_run.artifacts.read_json(key)["problems"]
    assert "no champion yet" in problem
