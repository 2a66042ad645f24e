"""Is what is stored private, encrypted, versioned, and kept where it must be?"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.stacks.assembly import Assembly, Template, listed, spelled
from tunesmith import ledger

BUCKETS = ("DatasetBucket", "ArtifactsBucket", "AccessLogsBucket")
STATEFUL = ("AWS::S3::Bucket", "AWS::DynamoDB::Table")


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_private_versioned_and_encrypted(storage: Template, name: str) -> None:
    bucket = storage.only("AWS::S3::Bucket", name)
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    method = rule["ServerSideEncryptionByDefault"]
    if name == "AccessLogsBucket":  # S3 delivers access logs into buckets with its own key alone
        assert method == {"SSEAlgorithm": "AES256"}
    else:
        assert method["SSEAlgorithm"] == "aws:kms"
        assert spelled(method["KMSMasterKeyID"]).startswith("<DataKey")


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_refuses_requests_without_tls(storage: Template, name: str) -> None:
    policy = storage.only("AWS::S3::BucketPolicy", name)["PolicyDocument"]["Statement"]
    refusals = [statement for statement in policy if statement["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [
        statement.get("Condition") for statement in refusals
    ]


def test_uploads_are_announced_by_the_buckets_own_property(storage: Template) -> None:
    bucket = storage.only("AWS::S3::Bucket", "DatasetBucket")
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_what_runs_write_is_not_announced_and_so_starts_nothing(storage: Template) -> None:
    assert "NotificationConfiguration" not in storage.only("AWS::S3::Bucket", "ArtifactsBucket")


def test_all_but_the_evaluation_role_are_denied_blind_tests(storage: Template) -> None:
    policy = storage.only("AWS::S3::BucketPolicy", "ArtifactsBucket")["PolicyDocument"]["Statement"]
    (seal,) = (statement for statement in policy if statement.get("Sid") == "BlindTestsAreForEvaluationAlone")
    assert seal["Effect"] == "Deny"
    assert seal["Principal"] == {"AWS": "*"}
    assert seal["Action"] == "s3:GetObject*"
    assert spelled(seal["Resource"]).endswith(".Arn>/blind/*")
    reader = spelled(seal["Condition"]["ArnNotEquals"]["aws:PrincipalArn"])
    assert reader == "arn:aws:iam::<AWS::AccountId>:role/tunesmith-prod-evaluate-us-east-1"


def test_the_role_that_the_bucket_names_is_the_one_that_is_made(assemblies: dict[Any, Assembly]) -> None:
    for (environment, region), assembly in assemblies.items():
        role = assembly.template("pipeline").only("AWS::IAM::Role", "EvaluationRole")
        assert role["RoleName"] == f"tunesmith-{environment}-evaluate-{region}"
        (policy,) = (
            statement
            for statement in assembly.template("storage").only("AWS::S3::BucketPolicy", "ArtifactsBucket")[
                "PolicyDocument"
            ]["Statement"]
            if statement.get("Sid") == "BlindTestsAreForEvaluationAlone"
        )
        assert spelled(policy["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]).endswith(
            f":role/{role['RoleName']}"
        )


def test_the_ledger_has_the_keys_and_the_index_that_the_library_uses(storage: Template) -> None:
    (table,) = storage.properties("AWS::DynamoDB::Table")
    assert [key["AttributeName"] for key in table["KeySchema"]] == list(ledger.run_key("r"))
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == ledger.OPEN_INDEX
    assert [key["AttributeName"] for key in index["KeySchema"]] == [ledger.OPEN_INDEX, "expires"]
    assert index["Projection"] == {"ProjectionType": "ALL"}
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert spelled(table["SSESpecification"]["KMSMasterKeyId"]).startswith("<DataKey")


@pytest.mark.parametrize(("environment", "policy"), [("prod", "Retain"), ("local", "Delete")])
def test_data_outlives_the_stacks_in_prod_alone(
    assemblies: dict[Any, Assembly], environment: str, policy: str
) -> None:
    template = assemblies[environment, "us-east-1"].template("storage")
    stored = [resource for kind in STATEFUL for resource in template.resources(kind).values()]
    assert {resource["DeletionPolicy"] for resource in stored} == {policy}
    (table,) = template.properties("AWS::DynamoDB::Table")
    assert table.get("DeletionProtectionEnabled", False) is (policy == "Retain")


@pytest.mark.parametrize("environment", ["prod", "local"])
def test_the_key_of_models_outlives_the_stacks_everywhere(
    assemblies: dict[Any, Assembly], environment: str
) -> None:
    keys = assemblies[environment, "us-east-1"].template("storage").resources("AWS::KMS::Key")
    kept = {key.rstrip("0123456789ABCDEF"): resource["DeletionPolicy"] for key, resource in keys.items()}
    assert kept == {"ModelKey": "Retain", "DataKey": "Retain" if environment == "prod" else "Delete"}
    assert all(resource["Properties"]["EnableKeyRotation"] for resource in keys.values())


def test_alarms_rules_and_budgets_of_this_account_may_publish_encrypted(
    storage: Template,
) -> None:
    (topic,) = storage.properties("AWS::SNS::Topic")
    assert spelled(topic["KmsMasterKeyId"]).startswith("<DataKey")
    (topic_policy,) = storage.properties("AWS::SNS::TopicPolicy")
    key_policy = storage.only("AWS::KMS::Key", "DataKey")["KeyPolicy"]
    for policy, actions in (
        (topic_policy["PolicyDocument"], ["sns:Publish"]),
        (key_policy, ["kms:Decrypt", "kms:GenerateDataKey"]),
    ):
        (statement,) = (
            statement
            for statement in policy["Statement"]
            if statement.get("Sid", "").startswith("AlarmsRulesAndBudgets")
        )
        assert statement["Principal"] == {
            "Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"]
        }
        assert listed(statement["Action"]) == actions
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_messages_are_sent_over_tls_alone(storage: Template, pipeline: Template) -> None:
    policies = storage.properties("AWS::SNS::TopicPolicy") + pipeline.properties("AWS::SQS::QueuePolicy")
    assert len(policies) == 3
    for policy in policies:
        refusals = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
        assert [s["Condition"] for s in refusals] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_logs_may_be_encrypted_by_the_data_key_for_every_log_group_and_no_other(
    assemblies: dict[Any, Assembly],
) -> None:
    for (_, region), assembly in assemblies.items():
        policy = assembly.template("storage").only("AWS::KMS::Key", "DataKey")["KeyPolicy"]["Statement"]
        (statement,) = (entry for entry in policy if entry.get("Sid") == "LogsMayBeEncrypted")
        assert statement["Principal"] == {"Service": f"logs.{region}.amazonaws.com"}
        patterns = statement["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
        groups = assembly.template("pipeline").properties("AWS::Logs::LogGroup")
        used = set()
        for group in groups:
            arn = f"arn:aws:logs:{region}:<AWS::AccountId>:log-group:{group['LogGroupName']}"
            used |= {spelled(pattern) for pattern in patterns if fnmatchcase(arn, spelled(pattern))}
            assert [p for p in patterns if fnmatchcase(arn, spelled(p))], arn
            assert "DataKey" in spelled(group["KmsKeyId"])
        assert len(groups) > 20
        assert used == {spelled(pattern) for pattern in patterns}
