"""What do the command's tests talk to? Moto's S3, DynamoDB and SSM, and executions as a test tells them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from typer.testing import CliRunner

from cli.deployment import Deployment
from cli.main import app
from tunesmith import names
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket
from tunesmith.ledger import Run

ACCOUNT, REGION = "123456789012", "us-east-1"
DEPLOYED = Deployment(
    environment="dev",
    region=REGION,
    account=ACCOUNT,
    dataset_bucket="datasets-dev",
    artifacts_bucket="artifacts-dev",
    ledger_table="ledger-dev",
    pipeline_arn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:pipeline-dev",
    release_arn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:release-dev",
    topic_arn=f"arn:aws:sns:{REGION}:{ACCOUNT}:tunesmith-dev",
)
RUN = "0123456789abcdef"
STARTED = datetime(2026, 11, 23, 9, 0, 0, tzinfo=UTC)
JOB_FILE = "project: support-triage\nbase_model: nova-micro\ndata: train.jsonl\n"


class FakeExecutions:
    """Answers DescribeExecution with the status that a test gives to an execution's name."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        name = executionArn.rsplit(":", 1)[1]
        if name not in self.statuses:
            raise ClientError(
                {"Error": {"Code": "ExecutionDoesNotExist", "Message": name}}, "DescribeExecution"
            )
        status = self.statuses[name]
        ended = {} if status == "RUNNING" else {"stopDate": STARTED.replace(second=14)}
        return {"status": status, "startDate": STARTED, **ended}


class Account:
    """The environment `dev`, and short ways to what lies in it."""

    def __init__(self) -> None:
        self.ledger = LedgerTable(DEPLOYED.ledger_table)
        self.datasets = Bucket(DEPLOYED.dataset_bucket)
        self.artifacts = Bucket(DEPLOYED.artifacts_bucket)
        self.executions = FakeExecutions()

    def admit(
        self, run: str = RUN, project: str = "support-triage", created: str = "2026-11-23T09:00:00Z"
    ) -> None:
        """Enter a run as admit_upload does, with an execution that goes on."""
        self.ledger.create_run(
            Run(
                run=run,
                project=project,
                created=created,
                attempt=1,
                base_model="amazon.nova-micro-v1:0",
                job_sha256="0" * 64,
                data={},
            )
        )
        self.executions.statuses[names.execution_name(run, 1)] = "RUNNING"

    def end(self, outcome: str, reason: str = "", status: str = "SUCCEEDED", run: str = RUN) -> None:
        """Close a run and end its execution."""
        self.ledger.close_run(run, outcome=outcome, reason=reason, now="2026-11-23T11:20:00Z")
        self.executions.statuses[names.execution_name(run, 1)] = status

    def put_report(self, report: dict[str, Any], run: str = RUN) -> None:
        """Write a run's report, as JSON and as a page."""
        self.artifacts.write_json(f"runs/{run}/report.json", report)
        self.artifacts.write(f"runs/{run}/report.html", b"<!doctype html><title>report</title>", "text/html")


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Stdout as JSON."""
        return json.loads(self.stdout)


def tunesmith(*arguments: object) -> Answer:
    """Run the command in this process, as with a pipe for output."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    return Answer(result.exit_code, result.stdout, result.stderr)
