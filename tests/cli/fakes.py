"""What do the command's tests talk to? Moto's S3, DynamoDB and SSM, and executions as a test tells them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError
from typer.testing import CliRunner

from cli.deployment import Deployment
from cli.main import app
from tunesmith import names
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket
from tunesmith.ledger import Capacity, CapacityKind, CapacityState, Champion, Run
from tunesmith.serving.capacity import SERVING_TOKEN, model_token

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
    serve_arn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:serve-dev",
    reap_arn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:reap-dev",
    topic_arn=f"arn:aws:sns:{REGION}:{ACCOUNT}:tunesmith-dev",
)
RUN = "0123456789abcdef"
STARTED = datetime(2026, 11, 23, 9, 0, 0, tzinfo=UTC)
CLOSED = "2026-11-23T11:20:00Z"
JOB_FILE = "project: support-triage\nbase_model: nova-micro\ndata: train.jsonl\n"


class _AlreadyExistsError(ClientError):
    """What StartExecution raises for a name that is taken."""


class FakeExecutions:
    """Step Functions as far as the command sees it: executions by name, with the status that a test gives.

    `plays` maps a machine's name to what an execution of it does at once; it returns status and output.
    """

    exceptions = SimpleNamespace(ExecutionAlreadyExists=_AlreadyExistsError)

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.outputs: dict[str, dict[str, Any]] = {}
        self.started: list[tuple[str, str, dict[str, Any]]] = []
        self.machines: dict[str, str] = {}
        self.plays: dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        name = executionArn.rsplit(":", 1)[1]
        if name not in self.statuses:
            raise ClientError(
                {"Error": {"Code": "ExecutionDoesNotExist", "Message": name}}, "DescribeExecution"
            )
        status = self.statuses[name]
        ended = {} if status == "RUNNING" else {"stopDate": STARTED.replace(second=14)}
        told = self.outputs.get(name, {})
        failed = {"error": "Broke", "cause": told.get("cause", "")} if status == "FAILED" else {}
        return {"status": status, "startDate": STARTED, "output": json.dumps(told), **ended, **failed}

    def start_execution(
        self,
        *,
        stateMachineArn: str,  # noqa: N803
        name: str,
        input: str,  # noqa: A002
    ) -> dict[str, str]:
        machine = stateMachineArn.rsplit(":", 1)[1]
        if name in self.statuses:
            raise _AlreadyExistsError(
                {"Error": {"Code": "ExecutionAlreadyExists", "Message": name}}, "StartExecution"
            )
        self.started.append((machine, name, json.loads(input)))
        self.machines[name] = machine
        play = self.plays.get(machine)
        status, output = play(json.loads(input)) if play else ("RUNNING", {})
        self.statuses[name], self.outputs[name] = status, output
        return {"executionArn": f"{stateMachineArn.replace(':stateMachine:', ':execution:')}:{name}"}

    def stop_execution(self, *, executionArn: str, error: str, cause: str) -> None:  # noqa: N803
        self.statuses[executionArn.rsplit(":", 1)[1]] = "ABORTED"

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=self._list)

    def _list(self, *, stateMachineArn: str, statusFilter: str) -> list[dict[str, Any]]:  # noqa: N803
        machine = stateMachineArn.rsplit(":", 1)[1]
        arn = stateMachineArn.replace(":stateMachine:", ":execution:")
        found = [
            {"executionArn": f"{arn}:{name}"}
            for name, status in self.statuses.items()
            if status == statusFilter and self.machines.get(name, "pipeline-dev") == machine
        ]
        return [{"executions": found}]


class FakeBedrock:
    """Custom models by name or ARN, jobs by name."""

    def __init__(self) -> None:
        self.models: set[str] = set()
        self.jobs: dict[str, str] = {}

    def get_custom_model(self, *, modelIdentifier: str) -> dict[str, str]:  # noqa: N803
        if modelIdentifier not in self.models:
            raise _not_found("GetCustomModel")
        return {"modelArn": modelIdentifier}

    def get_model_customization_job(self, *, jobIdentifier: str) -> dict[str, Any]:  # noqa: N803
        if jobIdentifier not in self.jobs:
            raise _not_found("GetModelCustomizationJob")
        return {
            "jobName": jobIdentifier,
            "jobArn": f"arn:job/{jobIdentifier}",
            "status": self.jobs[jobIdentifier],
            "outputModelArn": f"arn:model/{jobIdentifier}",
            "creationTime": STARTED,
            "lastModifiedTime": STARTED,
            "failureMessage": "records cannot be read" if self.jobs[jobIdentifier] == "Failed" else "",
        }


def _not_found(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, operation)


class Account:
    """The environment `dev`, and short ways to what lies in it."""

    def __init__(self) -> None:
        self.ledger = LedgerTable(DEPLOYED.ledger_table)
        self.datasets = Bucket(DEPLOYED.dataset_bucket)
        self.artifacts = Bucket(DEPLOYED.artifacts_bucket)
        self.executions = FakeExecutions()
        self.bedrock = FakeBedrock()

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
        self.ledger.close_run(run, outcome=outcome, reason=reason, now=CLOSED)
        attempt = self.ledger.run(run).attempt
        self.executions.statuses[names.execution_name(run, attempt)] = status

    def hold(
        self,
        kind: CapacityKind,
        *,
        run: str = RUN,
        project: str = "support-triage",
        expires: str = "2026-11-30T09:00:00Z",
        usd_per_hour: str = "0",
    ) -> Capacity:
        """Enter a run's model, or what serves it, as training and evaluation do; Bedrock has the model."""
        model = kind is CapacityKind.MODEL
        name = f"{project}-{run}" + ("-1" if model else "")
        held = Capacity(
            run=run,
            project=project,
            token=model_token(1) if model else SERVING_TOKEN,
            kind=kind,
            name=name,
            purpose="candidate" if model else "evaluation",
            state=CapacityState.OPEN,
            since="2026-11-23T09:00:00Z",
            expires=expires,
            arn=f"arn:{kind}/{name}",
            usd_per_hour=Decimal(usd_per_hour),
            usd_per_month=Decimal("1.95") if model else Decimal(0),
        )
        self.ledger.enter_stray(held)
        if model:
            self.bedrock.models |= {name, held.arn}
        return held

    def crown(self, run: str = RUN, project: str = "support-triage", previous: str = "") -> Champion:
        """Make a run's model the champion; `previous` names the run of the one before."""

        def facts(of: str) -> dict[str, str]:
            return {
                "run": of,
                "model_arn": f"arn:model/{project}-{of}-1",
                "model_name": f"{project}-{of}-1",
                "base_model": "amazon.nova-micro-v1:0",
                "arn": f"arn:deployment/{project}",
                "path": "on_demand",
                "capacity_name": f"{project}-{previous or of}",
                "capacity_run": previous or of,
                "since": "2026-11-23T10:00:00Z",
            }

        crowned = Champion(project=project, previous=facts(previous) if previous else None, **facts(run))
        self.ledger.put_champion(crowned, replaces=self.ledger.champion(project))
        return crowned

    def put_report(self, report: dict[str, Any], run: str = RUN, closed: str = CLOSED) -> None:
        """Write a run's report, as JSON and as a page."""
        report = {"clock": {"closed": closed}, **report}
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


def tunesmith(*arguments: object, typed: str = "") -> Answer:
    """Run the command in this process, as with a pipe for output; `typed` is what its questions get."""
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(app, words, input=typed, catch_exceptions=False)
    return Answer(result.exit_code, result.stdout, result.stderr)
