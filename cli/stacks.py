"""Which stacks does an environment have, what of them outlives their deletion, and how are they deleted?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from cli.voice import CommandError
from tunesmith.aws import clients

ROOT: Final = Path(__file__).resolve().parent.parent
STACKS: Final = ("operations", "pipeline", "storage")
"""The parts of an environment, each in front of those that it needs."""

_RETAINED: Final = ("Retain", "RetainExceptOnCreate")
_WHY: Final = {
    "AWS::KMS::Key": "what is encrypted with it would be lost with it; once nothing is, "
    "`aws kms schedule-key-deletion --key-id` takes it away",
    "AWS::S3::Bucket": "this environment retains its data",
    "AWS::DynamoDB::Table": "this environment retains its ledger",
}
_DELETED_AT_ONCE: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of a stack; `retained` says that it stays when the stack goes."""

    kind: str
    id: str
    retained: bool


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One deployed stack."""

    name: str
    protected: bool
    """Whether CloudFormation refuses to delete it."""
    resources: Sequence[Resource]

    @property
    def buckets(self) -> list[str]:
        """Names of the buckets that go with the stack, and so must be empty by then."""
        return [
            found.id for found in self.resources if found.kind == "AWS::S3::Bucket" and not found.retained
        ]

    @property
    def remains(self) -> list[dict[str, str]]:
        """What stays when the stack goes, and why."""
        return [
            {"what": found.kind, "id": found.id, "why": _WHY[found.kind]}
            for found in self.resources
            if found.retained and found.kind in _WHY
        ]


def deployed_stacks(environment: str) -> list[Stack]:
    """List an environment's stacks that exist, in the order in which they can be deleted."""
    found = (_stack(f"tunesmith-{environment}-{part}") for part in STACKS)
    return [stack for stack in found if stack is not None]


def empty_bucket(bucket: str) -> int:
    """Delete every version of every object; returns how many."""
    count = 0
    pages = clients.s3().get_paginator("list_object_versions").paginate(Bucket=bucket)
    for page in pages:
        versions: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        for start in range(0, len(versions), _DELETED_AT_ONCE):
            part = versions[start : start + _DELETED_AT_ONCE]
            answer = clients.s3().delete_objects(
                Bucket=bucket,
                Delete={
                    "Objects": [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in part],
                    "Quiet": True,
                },
            )
            if answer.get("Errors"):
                told = answer["Errors"][0]
                raise CommandError(f"{told.get('Key')} of {bucket} stays: {told.get('Message')}")
            count += len(part)
    return count


def require_checkout() -> None:
    """Raise CommandError where the CDK app or its command is not here, without which no stack is deleted."""
    if not (ROOT / "app.py").is_file():
        raise CommandError(
            "the stacks are deleted by the CDK app, which is not here",
            "run this in a clone of the repository",
        )
    if not _cdk().exists():
        raise CommandError("the CDK command is not installed", "run `make setup`")


def delete_stacks(
    stacks: Sequence[str], *, environment: str, region: str, tell: Callable[[str], None]
) -> None:
    """Delete stacks by `cdk destroy`; `tell` gets its lines. Raises CommandError with its last lines."""
    with tempfile.TemporaryDirectory(prefix="tunesmith-destroy-") as assembly:
        settings = ["-c", f"env={environment}", "-c", f"region={region}", "--output", assembly]
        process = subprocess.Popen(
            [str(_cdk()), "destroy", *stacks, "--force", *settings, "--no-notices", "--no-color", "--ci"],
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        with process:
            lines = list(_lines(process, tell))
    if process.returncode != 0:
        raise CommandError(
            "`cdk destroy` failed:\n" + "\n".join(lines[-20:]), "mend the reason, then destroy again"
        )


def _stack(name: str) -> Stack | None:
    cloudformation = clients.cloudformation()
    try:
        (described,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError" and "does not exist" in str(error):
            return None
        raise
    template: Any = cloudformation.get_template(StackName=name)["TemplateBody"]
    definitions: Mapping[str, Any] = template["Resources"]
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    return Stack(
        name=name,
        protected=described.get("EnableTerminationProtection", False),
        resources=[
            Resource(
                kind=found["ResourceType"],
                id=found.get("PhysicalResourceId", ""),
                retained=definitions.get(found["LogicalResourceId"], {}).get("DeletionPolicy") in _RETAINED,
            )
            for page in pages
            for found in page["StackResourceSummaries"]
        ],
    )


def _cdk() -> Path:
    return ROOT / "node_modules" / ".bin" / "cdk"


def _environment() -> dict[str, str]:
    """Let the app run under this very Python, and find node where the project's environment has it."""
    inherited = dict(os.environ)  # noqa: TID251 # credentials, Region and endpoint are the caller's
    own = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)]),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "lambdas")]),
    }
    return inherited | own


def _lines(process: subprocess.Popen[str], tell: Callable[[str], None]) -> Iterator[str]:
    assert process.stdout is not None  # noqa: S101 # it is a pipe
    for line in process.stdout:
        told = line.rstrip()
        if told:
            tell(told)
            yield told
