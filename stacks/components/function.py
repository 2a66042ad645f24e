"""What is a function of ours? Arm64 Python in a package built by pip, with its own log group and versions."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks import grants
from stacks.environment import Environment

SOURCE: Final = Path(__file__).parents[2] / "lambdas"
PYTHON: Final = "3.13"
PLATFORMS: Final = ("manylinux_2_28_aarch64", "manylinux2014_aarch64")
_LEFT_OUT: Final = ("**/__pycache__", "**/*.pyc", "**/.*")


@jsii.implements(cdk.ILocalBundling)
class PipPackage:
    """Lays the packages of some requirements files and our source into one folder, without Docker."""

    def __init__(self, *requirements: str, python: str = PYTHON) -> None:
        self._requirements, self._python = requirements, python

    def try_bundle(self, output_dir: str, *_options: object, **_more_options: object) -> bool:
        """Fill the asset's folder; CalledProcessError where pip finds no wheel for the platform."""
        self.install(output_dir)
        copy_source(output_dir)
        return True

    def install(self, folder: str) -> None:
        """Lay the packages alone into a folder, for the Python and the processor that they will run on."""
        options = ["--implementation", "cp", "--python-version", self._python]
        options += [word for platform in PLATFORMS for word in ("--platform", platform)]
        install(self._requirements, folder, *options)


def install(requirements: Sequence[str], folder: str, *options: str) -> None:
    """Let pip lay these files' packages into a folder: the listed versions and nothing else.

    Without further options they are for the running Python. CalledProcessError where a wheel is missing.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--target", folder, "--no-compile", "--only-binary=:all:", *options]
    command += [word for name in requirements for word in ("--requirement", str(SOURCE / name))]
    subprocess.run(command, check=True)  # noqa: S603


def copy_source(folder: str) -> None:
    """Lay our own source beside the packages."""
    left_out = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    shutil.copytree(SOURCE, folder, ignore=left_out, dirs_exist_ok=True)


def package(*requirements: str) -> lambda_.Code:
    """Describe the code asset: all of lambdas/ with the packages that these files under it pin.

    Where the stack does not bundle, it is lambdas/ as it stands.
    """
    return lambda_.Code.from_asset(
        str(SOURCE),
        exclude=list(_LEFT_OUT),
        ignore_mode=cdk.IgnoreMode.GLOB,
        bundling=_bundling(requirements, PYTHON),
    )


def packaged(scope: Construct, construct_id: str, *requirements: str, python: str) -> assets.Asset:
    """Make the like of `package` for another Python, as an object in S3 that is no function's."""
    return assets.Asset(
        scope,
        construct_id,
        path=str(SOURCE),
        exclude=list(_LEFT_OUT),
        ignore_mode=cdk.IgnoreMode.GLOB,
        bundling=_bundling(requirements, python),
    )


def _bundling(requirements: Sequence[str], python: str) -> cdk.BundlingOptions:
    return cdk.BundlingOptions(
        # Never pulled, since the local bundler always answers; the command is part of the asset's hash.
        image=cdk.DockerImage.from_registry("unused"),
        command=[python, *PLATFORMS, *requirements],
        local=PipPackage(*requirements, python=python),
    )


class Function(Construct):
    """One function; its construct id is its folder's name in PascalCase."""

    def __init__(
        self,
        scope: Construct,
        *,
        name: str,
        environment: Environment,
        code: lambda_.Code,
        log_key: kms.IKey,
        variables: dict[str, str],
        memory_mb: int,
        timeout: cdk.Duration,
        storage_mb: int | None = None,
        role: iam.Role | None = None,
    ) -> None:
        super().__init__(scope, pascal_case(name))
        self.role = role or iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"{environment.function_logs}{name}",
            encryption_key=log_key,
            retention=environment.log_retention,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            code=code,
            handler=f"{name}.handler.lambda_handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=memory_mb,
            ephemeral_storage_size=cdk.Size.mebibytes(storage_mb) if storage_mb else None,
            timeout=timeout,
            tracing=lambda_.Tracing.ACTIVE,
            role=self.role,
            log_group=log_group,
            environment=variables,
            # A running execution finishes on the version that it started with.
            current_version_options=lambda_.VersionOptions(removal_policy=cdk.RemovalPolicy.RETAIN),
        )
        grants.acknowledge_unscoped(self.role, "xray:PutTelemetryRecords", "xray:PutTraceSegments")
        grants.acknowledge(
            self,
            "AwsSolutions-L1",
            f"The packages are locked and tested for Python {PYTHON}; an upgrade is a change.",
        )

    @property
    def version_arn(self) -> str:
        """The version that executions started from now on call."""
        return self.function.current_version.function_arn


def pascal_case(name: str) -> str:
    """Spell a function's folder name as construct id: `admit_upload` becomes `AdmitUpload`."""
    return "".join(word.capitalize() for word in name.split("_"))
