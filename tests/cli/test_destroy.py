"""`tunesmith destroy`: what is billed goes first, the stacks only then, and what stays is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cli import stacks
from tests.cli.fakes import DEPLOYED, RUN, Account, Answer, tunesmith
from tunesmith import names
from tunesmith.aws import clients
from tunesmith.ledger import CapacityKind
from tunesmith.serving.capacity import NEVER, SERVING_TOKEN, model_token

RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
PARAMETER = names.champion_parameter("dev", "support-triage")
OTHER = "f" * 16


def create_stack(part: str, resources: dict[str, Any], *, protected: bool = False) -> None:
    clients.cloudformation().create_stack(
        StackName=f"tunesmith-dev-{part}",
        TemplateBody=json.dumps({"Resources": resources}),
        EnableTerminationProtection=protected,
    )


def bucket(name: str, **policy: str) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}, **policy}


def exists(part: str) -> bool:
    listed = clients.cloudformation().list_stacks()["StackSummaries"]
    return any(
        stack["StackName"] == f"tunesmith-dev-{part}" and stack["StackStatus"] == "CREATE_COMPLETE"
        for stack in listed
    )


def keys(name: str) -> int:
    return clients.s3().list_objects_v2(Bucket=name)["KeyCount"]


@pytest.fixture
def deployed(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The three stacks, with a deletion by CloudFormation itself in place of the CDK command's."""

    def delete(stacks: Sequence[str], **_: object) -> None:
        for name in stacks:
            clients.cloudformation().delete_stack(StackName=name)

    monkeypatch.setattr("cli.destroy.delete_stacks", delete)
    monkeypatch.setattr("cli.destroy.require_checkout", lambda: None)
    create_stack(
        "storage",
        {
            "Uploads": bucket("uploads"),
            "ModelKey": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}}, **RETAINED},
        },
    )
    for part in ("pipeline", "operations"):
        create_stack(part, {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": part}}})
    clients.s3().put_bucket_versioning(Bucket="uploads", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old", b"new"):
        clients.s3().put_object(Bucket="uploads", Key="datasets/support-triage/job.yaml", Body=body)
    return account


@pytest.fixture
def serving(deployed: Account) -> Account:
    """A champion with its capacity, and a run at work that holds a model."""
    deployed.admit()
    for kind in (CapacityKind.MODEL, CapacityKind.DEPLOYMENT):
        deployed.hold(kind, expires=NEVER)
    deployed.end("promoted")
    deployed.crown()
    clients.ssm().put_parameter(Name=PARAMETER, Value="arn:deployment/support-triage", Type="String")
    deployed.admit(OTHER, created="2026-11-23T10:00:00Z")
    deployed.hold(CapacityKind.MODEL, run=OTHER)
    released(deployed)
    return deployed


def released(account: Account, *, but: str = "") -> None:
    """Let the reaper give back what is due, and the release of the stopped run what that held."""

    def reap(_: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        for item in account.ledger.open_capacity():
            if item.expires <= item.since and item.token != but:
                account.ledger.release_capacity(item.run, item.token, "2026-11-23T16:00:00Z")
            elif item.token == but:
                account.ledger.update_capacity(item.run, item.token, problem="AccessDenied: not yours")
        return ("FAILED", {"cause": "something stays"}) if but else ("SUCCEEDED", {})

    def stop(*, executionArn: str, error: str, cause: str) -> None:  # noqa: N803
        account.executions.statuses[executionArn.rsplit(":", 1)[1]] = "ABORTED"
        account.ledger.close_run(OTHER, outcome="failed", reason=cause, now="2026-11-23T15:00:00Z")

    account.executions.plays["reap-dev"] = reap
    account.executions.stop_execution = stop  # type: ignore[method-assign]


def test_what_is_billed_goes_first_and_then_the_stacks(serving: Account) -> None:
    answer = tunesmith("destroy", "--delete-data", typed="y\n")
    assert answer.code == 0
    assert serving.executions.statuses[f"{OTHER}-1"] == "ABORTED"
    assert serving.ledger.champion("support-triage") is None
    assert serving.ledger.open_capacity() == []
    with pytest.raises(clients.ssm().exceptions.ParameterNotFound):
        clients.ssm().get_parameter(Name=PARAMETER)
    assert [exists(part) for part in ("operations", "pipeline", "storage")] == [False] * 3
    assert "remains  AWS::KMS::Key" in answer.stdout
    assert f"champion   support-triage-{RUN}-1 of support-triage" in answer.stderr


def test_json_says_what_went_what_remains_and_why(serving: Account) -> None:
    told = tunesmith("destroy", "--delete-data", "--yes", "--json").json
    assert told["went"]["executions"] == [f"{OTHER}-1"]
    assert told["went"]["champions"] == [f"support-triage-{RUN}-1"]
    assert len(told["went"]["capacity"]) == 3
    assert told["went"]["objects"] == 2, "both versions"
    assert told["went"]["stacks"] == [
        f"tunesmith-dev-{part}" for part in ("operations", "pipeline", "storage")
    ]
    assert [(item["what"], bool(item["why"])) for item in told["remains"]] == [("AWS::KMS::Key", True)]


def test_data_stays_with_its_stack_unless_it_is_asked_for(serving: Account) -> None:
    told = tunesmith("destroy", "--yes", "--json").json
    assert told["went"]["stacks"] == ["tunesmith-dev-operations", "tunesmith-dev-pipeline"]
    assert told["remains"][0]["id"] == "tunesmith-dev-storage"
    assert "--delete-data" in told["remains"][0]["why"]
    assert exists("storage")
    assert keys("uploads") == 1


def test_data_that_stayed_can_be_deleted_later(serving: Account) -> None:
    tunesmith("destroy", "--yes")
    clients.ssm().delete_parameter(Name=names.deployment_parameter("dev"))  # as the pipeline's stack does
    answer = tunesmith("destroy", "--yes")
    assert (answer.code, exists("storage")) == (0, True)
    assert tunesmith("destroy", "--yes", "--delete-data").code == 0
    assert not exists("storage")
    assert "nothing of dev is deployed" in tunesmith("destroy", "--yes").stderr


def test_a_no_changes_nothing(serving: Account) -> None:
    assert tunesmith("destroy", typed="n\n").code == 1
    assert serving.ledger.champion("support-triage") is not None
    assert serving.executions.statuses[f"{OTHER}-1"] == "RUNNING"
    assert exists("pipeline")


def test_the_stacks_stay_as_long_as_something_is_billed(serving: Account) -> None:
    released(serving, but=SERVING_TOKEN)
    answer: Answer = tunesmith("destroy", "--yes", "--delete-data")
    assert answer.code == 2
    assert f"deployment support-triage-{RUN}: AccessDenied: not yours" in answer.stderr
    assert "so the stacks stay" in answer.stderr
    assert exists("pipeline")
    assert keys("uploads") == 1
    assert model_token(1) not in {item.token for item in serving.ledger.open_capacity()}


def test_a_protected_stack_is_refused_before_anything_is_touched(serving: Account) -> None:
    clients.cloudformation().delete_stack(StackName="tunesmith-dev-pipeline")
    create_stack("pipeline", {"Topic": {"Type": "AWS::SNS::Topic"}}, protected=True)
    answer = tunesmith("destroy", "--yes")
    assert answer.code == 2
    assert "nothing was touched" in answer.stderr
    assert "--no-enable-termination-protection --stack-name tunesmith-dev-pipeline" in answer.stderr
    assert serving.ledger.champion("support-triage") is not None


def test_data_that_an_environment_retains_is_not_emptied(deployed: Account) -> None:
    stacks.empty_bucket("uploads")
    clients.cloudformation().delete_stack(StackName="tunesmith-dev-storage")
    create_stack("storage", {"Uploads": bucket("retained", **RETAINED)})
    clients.s3().put_object(Bucket="retained", Key="datasets/p/job.yaml", Body=b"")
    told = tunesmith("destroy", "--yes", "--delete-data", "--json").json
    assert told["remains"] == [
        {"what": "AWS::S3::Bucket", "id": "retained", "why": "this environment retains its data"}
    ]
    assert keys("retained") == 1


def test_without_the_cdk_app_nothing_is_touched(
    serving: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("cli.destroy.require_checkout", stacks.require_checkout)
    monkeypatch.setattr(stacks, "ROOT", tmp_path)
    answer = tunesmith("destroy", "--yes")
    assert answer.code == 2
    assert "run this in a clone of the repository" in answer.stderr
    assert serving.ledger.champion("support-triage") is not None


def test_a_deployment_of_an_older_version_is_told(account: Account) -> None:
    known = {name: value for name, value in vars(DEPLOYED).items() if name not in ("scale", "reap_arn")}
    clients.ssm().put_parameter(
        Name=names.deployment_parameter("dev"), Value=json.dumps(known), Type="String", Overwrite=True
    )
    answer = tunesmith("capacity")
    assert answer.code == 2
    assert "does not tell of reap_arn: an older version is deployed" in answer.stderr
