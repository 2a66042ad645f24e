"""Which deployment a command talks to, and what a user is told where there is none."""

from __future__ import annotations

import pytest

from cli.deployment import connect
from local.cloud import LocalCloud
from tests.cli.fakes import DEPLOYED, RUN, Account, tunesmith
from tunesmith.aws import clients


def test_an_environment_is_read_from_its_parameter(account: Account) -> None:
    found = connect("dev")
    assert found == DEPLOYED
    assert not found.is_local
    assert found.execution_arn(RUN, 2).endswith(f":execution:pipeline-dev:{RUN}-2")


def test_an_environment_that_is_not_deployed_says_how_to_deploy_it(account: Account) -> None:
    answer = tunesmith("runs", "--env", "prod")
    assert answer.code == 2
    assert "'prod' is not deployed in us-east-1" in answer.stderr
    assert "make deploy ENV=prod" in answer.stderr


def test_the_environment_may_come_from_a_variable(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_ENV", "staging")
    assert "'staging' is not deployed" in tunesmith("runs").stderr


def test_a_shell_without_region_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    clients.forget()
    answer = tunesmith("runs")
    assert answer.code == 2
    assert "error: AWS cannot be asked: You must specify a region." in answer.stderr
    assert "hint: set AWS_REGION" in answer.stderr


@pytest.mark.parametrize("command", [("runs", "--env", "local"), ("local", "down")])
def test_without_a_local_cloud_the_user_is_told_to_start_one(command: tuple[str, ...]) -> None:
    answer = tunesmith(*command)
    assert answer.code == 2
    assert "no local cloud is running here" in answer.stderr


def test_the_local_clouds_own_environment_is_used(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    class Running:
        scale = 600.0

        def environment(self) -> dict[str, str]:
            return {"AWS_REGION": "us-east-1", "TUNESMITH_SEEN": "yes"}

    monkeypatch.setattr(LocalCloud, "running", Running)
    monkeypatch.setenv("TUNESMITH_SEEN", "no")
    value = clients.ssm().get_parameter(Name="/tunesmith/dev/deployment")["Parameter"]["Value"]
    clients.ssm().put_parameter(
        Name="/tunesmith/local/deployment", Value=value.replace('"dev"', '"local"'), Type="String"
    )
    found = connect("local")
    assert found.is_local
    assert found.scale == 600.0


def test_a_refusal_of_aws_is_told_without_a_traceback(account: Account) -> None:
    clients.dynamodb().delete_table(TableName=DEPLOYED.ledger_table)
    answer = tunesmith("report", RUN)
    assert answer.code == 2
    assert "error: AWS refused GetItem: ResourceNotFoundException" in answer.stderr
