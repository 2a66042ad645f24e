"""A mocked account in which the environment `dev` is deployed, as far as the command sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from tests.cli.fakes import DEPLOYED, JOB_FILE, REGION, Account
from tests.conftest import create_ledger
from tunesmith import names
from tunesmith.aws import clients


@pytest.fixture(autouse=True)
def _own_folder_and_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "TUNESMITH_ENV"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture(scope="package", autouse=True)
def _own_clients() -> Iterator[None]:
    """Clients are made once for all of these tests: making them takes longer than the tests."""
    clients.forget()
    yield
    clients.forget()


@pytest.fixture
def empty_account() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def account(empty_account: None, monkeypatch: pytest.MonkeyPatch) -> Account:
    for bucket in (DEPLOYED.dataset_bucket, DEPLOYED.artifacts_bucket):
        clients.s3().create_bucket(Bucket=bucket)
    create_ledger(DEPLOYED.ledger_table)
    deployment = {name: value for name, value in vars(DEPLOYED).items() if name != "scale"}
    clients.ssm().put_parameter(
        Name=names.deployment_parameter("dev"), Value=json.dumps(deployment), Type="String"
    )
    made = Account()
    monkeypatch.setattr(clients, "stepfunctions", cache(lambda: made.executions))
    monkeypatch.setattr(clients, "bedrock", cache(lambda: made.bedrock))
    return made


@pytest.fixture
def job_file(tmp_path: Path) -> Path:
    """A job file with its data beside it."""
    (tmp_path / "train.jsonl").write_text('{"schemaVersion": "bedrock-conversation-2024", "messages": []}\n')
    file = tmp_path / "job.yaml"
    file.write_text(JOB_FILE)
    return file
