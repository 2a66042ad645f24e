"""Where do uploads, records, the ledger and messages lie, and which keys protect them?"""

from __future__ import annotations

from typing import Final, cast

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as ddb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.environment import Environment
from stacks.grants import acknowledge

_SENDERS: Final = ("cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com")
"""The services that publish to the topic, and so have to use the key that encrypts it."""


class StorageStack(cdk.Stack):
    """Everything that outlives a run; in prod it outlives the stacks too."""

    def __init__(self, scope: Construct, *, environment: Environment) -> None:
        name = f"{environment.prefix}-storage"
        super().__init__(
            scope,
            name,
            env=environment.target,
            termination_protection=environment.retain_data,
            description="Tunesmith: buckets, keys, ledger and notification topic",
        )
        self._environment = environment

        self.data_key = kms.Key(
            self,
            "DataKey",
            alias=f"{environment.prefix}-data",
            enable_key_rotation=True,
            description="Tunesmith: datasets, run records, ledger, messages, logs",
            removal_policy=environment.removal_policy,
        )
        # Stored models are lost with their key, so this one stays whatever becomes of the stacks.
        self.model_key = kms.Key(
            self,
            "ModelKey",
            alias=f"{environment.prefix}-models",
            enable_key_rotation=True,
            description="Tunesmith: custom models",
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )

        access_logs = self._access_logs()
        self.dataset_bucket = self._bucket("DatasetBucket", access_logs)
        self.artifacts_bucket = self._bucket("ArtifactsBucket", access_logs)
        # Named exports: a grant below a bucket can then spell its finding before synthesis links the stacks.
        self.dataset_arn = self.export_value(
            self.dataset_bucket.bucket_arn, name=f"{name}-dataset-bucket-arn"
        )
        self.artifacts_arn = self.export_value(
            self.artifacts_bucket.bucket_arn, name=f"{name}-artifacts-bucket-arn"
        )
        self._announce_uploads()
        self._seal_blind_tests()

        self.ledger = self._ledger()
        self.topic = self._topic()
        self._encrypt_logs()

    def _bucket(self, construct_id: str, access_logs: s3.Bucket) -> s3.Bucket:
        return s3.Bucket(
            self,
            construct_id,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.data_key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            removal_policy=self._environment.removal_policy,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{construct_id}/",
            lifecycle_rules=[s3.LifecycleRule(abort_incomplete_multipart_upload_after=cdk.Duration.days(7))],
        )

    def _access_logs(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "AccessLogsBucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            removal_policy=self._environment.removal_policy,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(self._environment.log_retention_days),
                    noncurrent_version_expiration=cdk.Duration.days(1),
                )
            ],
        )
        acknowledge(
            bucket, "AwsSolutions-S1", "This bucket receives the access logs; logging itself would never end."
        )
        return bucket

    def _announce_uploads(self) -> None:
        """Send the bucket's events to EventBridge by its own property: the construct's switch for it adds a
        custom resource, with a function and a role of its own, that does no more than this."""
        bucket = cast(s3.CfnBucket, self.dataset_bucket.node.default_child)
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )

    def _seal_blind_tests(self) -> None:
        """Keep all but the evaluation role from reading blind tests, whatever their own policies allow.

        The role stands here by name: naming its construct would make this stack depend on the pipeline's.
        """
        reader = self.format_arn(
            service="iam", region="", resource="role", resource_name=self._environment.evaluation_role_name
        )
        self.artifacts_bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="BlindTestsAreForEvaluationAlone",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:GetObject*"],
                resources=[self.artifacts_bucket.arn_for_objects("blind/*")],
                conditions={"ArnNotEquals": {"aws:PrincipalArn": reader}},
            )
        )

    def _ledger(self) -> ddb.Table:
        ledger = ddb.Table(
            self,
            "Ledger",
            partition_key=ddb.Attribute(name="pk", type=ddb.AttributeType.STRING),
            sort_key=ddb.Attribute(name="sk", type=ddb.AttributeType.STRING),
            billing_mode=ddb.BillingMode.PAY_PER_REQUEST,
            encryption=ddb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.data_key,
            point_in_time_recovery_specification=ddb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self._environment.retain_data,
            removal_policy=self._environment.removal_policy,
        )
        # Only capacity that is still out has the attribute `open`, so the index holds nothing else.
        ledger.add_global_secondary_index(
            index_name="open",
            partition_key=ddb.Attribute(name="open", type=ddb.AttributeType.STRING),
            sort_key=ddb.Attribute(name="expires", type=ddb.AttributeType.STRING),
        )
        return ledger

    def _topic(self) -> sns.Topic:
        topic = sns.Topic(
            self,
            "Notifications",
            display_name="Tunesmith",
            master_key=self.data_key,
            enforce_ssl=True,
        )
        ours = {"StringEquals": {"aws:SourceAccount": self.account}}
        senders: list[iam.IPrincipal] = [iam.ServicePrincipal(service) for service in _SENDERS]
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsRulesAndBudgetsMayPublish",
                principals=senders,
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions=ours,
            )
        )
        self.data_key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsRulesAndBudgetsMayEncryptMessages",
                principals=senders,
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions=ours,
            )
        )
        return topic

    def _encrypt_logs(self) -> None:
        """Let CloudWatch Logs use the data key, for the log groups of this environment alone."""
        groups = [
            self.format_arn(
                service="logs",
                resource="log-group",
                resource_name=f"{prefix}*",
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            for prefix in (self._environment.function_logs, self._environment.machine_logs)
        ]
        self.data_key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LogsMayBeEncrypted",
                principals=[iam.ServicePrincipal(f"logs.{self.region}.amazonaws.com")],
                actions=[
                    "kms:Decrypt",
                    "kms:Describe*",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            )
        )
