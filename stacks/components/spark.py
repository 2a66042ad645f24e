"""What is a cluster of ours? An EMR Serverless application that costs nothing idle, its job, role and log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_emrserverless as emr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks import grants
from stacks.components.function import SOURCE, packaged
from stacks.environment import ClusterSettings, Environment
from tunesmith.settings import ClusterLimits

RELEASE: Final = "emr-7.13.0"
"""Spark 3.5, as the tests run; its image has Python 3.9 and, for Spark, 3.11."""
PYTHON: Final = "3.11"
REQUIREMENTS: Final = (
    "requirements.txt", "requirements-statistics.txt", "requirements-dataset.txt", "requirements-cluster.txt",
)  # fmt: skip
JOB: Final = "prepare_dataset/spark_job.py"

VCPUS: Final = 4
"""Of each worker; the driver is one of them."""
_DRIVER_GB, _EXECUTOR_GB = 30, 16
_DRIVER_DISK_GB, _EXECUTOR_DISK_GB, _FREE_DISK_GB = 200, 100, 20
_UNPACKED: Final = "packages"


def limits_of(settings: ClusterSettings) -> ClusterLimits:
    """Say what a cluster of so many vCPUs takes at most."""
    executors = settings.vcpus // VCPUS - 1
    free = _FREE_DISK_GB * (executors + 1)
    return ClusterLimits(
        above_bytes=settings.above_mb * 1_000_000,
        vcpus=settings.vcpus,
        memory_gb=_DRIVER_GB + executors * _EXECUTOR_GB,
        disk_gb=_DRIVER_DISK_GB + executors * _EXECUTOR_DISK_GB - free,
        minutes=settings.minutes,
    )


class SparkCluster(Construct):
    """The application, with its machines in AWS's network, which reaches S3 and DynamoDB of the Region."""

    def __init__(
        self, scope: Construct, *, environment: Environment, log_key: kms.IKey, variables: Mapping[str, str]
    ) -> None:
        super().__init__(scope, "Cluster")
        limits = limits_of(environment.cluster)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"{environment.function_logs}cluster",
            encryption_key=log_key,
            retention=environment.log_retention,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        disk = limits.disk_gb + _FREE_DISK_GB * (limits.vcpus // VCPUS)
        self.application = emr.CfnApplication(
            self,
            "Application",
            name=f"{environment.prefix}-cluster",
            release_label=RELEASE,
            type="SPARK",
            architecture="ARM64",
            auto_start_configuration={"enabled": True},
            auto_stop_configuration={
                "enabled": True,
                "idleTimeoutMinutes": environment.cluster.idle_minutes,
            },
            maximum_capacity={
                "cpu": f"{limits.vcpus} vCPU",
                "memory": f"{limits.memory_gb} GB",
                "disk": f"{disk} GB",
            },
            monitoring_configuration={
                "cloudWatchLoggingConfiguration": {
                    "enabled": True,
                    "logGroupName": self.log_group.log_group_name,
                },
                # What is logged lies under our key alone.
                "managedPersistenceMonitoringConfiguration": {"enabled": False},
            },
            tags=[cdk.CfnTag(key="tunesmith:environment", value=environment.name)],
        )
        self.role = iam.Role(
            self,
            "Role",
            description="What a job of the cluster may do while it prepares a dataset",
            assumed_by=iam.ServicePrincipal(
                "emr-serverless.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account},
                    "ArnEquals": {"aws:SourceArn": self.application.attr_arn},
                },
            ),
        )
        self.code = packaged(self, "Packages", *REQUIREMENTS, python=PYTHON)
        self.job = assets.Asset(self, "Job", path=str(SOURCE / JOB))
        grants.read_assets(self.role, self.code, self.job)
        grants.write_cluster_log(self.role, self.log_group)
        self.substitutions = {
            "ClusterApplicationId": self.application.attr_application_id,
            "ClusterRoleArn": self.role.role_arn,
            "ClusterJob": self.job.s3_object_url,
            "ClusterLogs": self.log_group.log_group_name,
            "ClusterParameters": self._parameters(limits.vcpus // VCPUS - 1, variables),
        }

    def _parameters(self, executors: int, variables: Mapping[str, str]) -> str:
        """Spell what spark-submit is told: Python, packages, sizes of the workers, the job's variables."""
        driver, executor = "spark.emr-serverless.driverEnv", "spark.executorEnv"
        python = f"/usr/bin/python{PYTHON}"
        options = {
            "spark.archives": f"{self.code.s3_object_url}#{_UNPACKED}",
            f"{driver}.PYSPARK_DRIVER_PYTHON": python,
            f"{driver}.PYSPARK_PYTHON": python,
            f"{driver}.PYTHONPATH": f"./{_UNPACKED}",
            f"{executor}.PYSPARK_PYTHON": python,
            f"{executor}.PYTHONPATH": f"./{_UNPACKED}",
            f"{executor}.AWS_DEFAULT_REGION": cdk.Stack.of(self).region,
            f"{driver}.AWS_DEFAULT_REGION": cdk.Stack.of(self).region,
            # Most of the memory is Python's: keys and places on the driver, texts in the executors' workers.
            "spark.driver.cores": str(VCPUS),
            "spark.driver.memory": "6g",
            "spark.driver.memoryOverhead": f"{_DRIVER_GB - 7}g",
            "spark.emr-serverless.driver.disk": f"{_DRIVER_DISK_GB}g",
            "spark.executor.cores": str(VCPUS),
            "spark.executor.memory": "6g",
            "spark.executor.memoryOverhead": f"{_EXECUTOR_GB - 7}g",
            "spark.emr-serverless.executor.disk": f"{_EXECUTOR_DISK_GB}g",
            "spark.dynamicAllocation.maxExecutors": str(executors),
        } | {f"{driver}.{name}": value for name, value in variables.items()}
        return " ".join(f"--conf {name}={value}" for name, value in options.items())
