"""Which project an uploaded object belongs to, read from EventBridge's event."""

from __future__ import annotations

import json

import pytest

from tunesmith.uploads import Upload, project_key, read_upload, rejection_key


def message(key: str) -> str:
    detail = {"bucket": {"name": "datasets"}, "object": {"key": key}}
    return json.dumps({"detail": detail, "time": "2026-11-23T10:00:00Z"})


@pytest.mark.parametrize(
    ("key", "project"),
    [
        ("datasets/triage/job.yaml", "triage"),
        ("datasets/triage/deep/er/train.jsonl", "triage"),
        ("datasets/triage/with space+plus%20.jsonl", "triage"),
        ("datasets/triage/", ""),
        ("datasets/triage/folder/", ""),
        ("datasets/job.yaml", ""),
        ("datasets/", ""),
        ("settings/prices.yaml", ""),
        ("other/triage/job.yaml", ""),
    ],
)
def test_a_key_below_a_project_s_folder_belongs_to_the_project(key: str, project: str) -> None:
    upload = read_upload(message(key))
    assert upload == Upload(bucket="datasets", key=key, time="2026-11-23T10:00:00Z")
    assert upload.project == project


@pytest.mark.parametrize("body", ["{}", "[]", "null", "nonsense", '{"detail": {"bucket": 1}}', ""])
def test_a_message_that_tells_of_no_upload_is_a_fault(body: str) -> None:
    with pytest.raises(ValueError, match=r"no upload|Expecting"):
        read_upload(body)


def test_keys_of_a_project() -> None:
    assert project_key("triage", "job.yaml") == "datasets/triage/job.yaml"
    assert rejection_key("triage", "ab") == "rejections/triage/ab.json"
