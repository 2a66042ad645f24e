"""What do the scenario tests see of the local cloud? Clients, uploads, runs, and all that costs money."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml

from examples.support_triage import generate
from local.cloud import LocalCloud
from tunesmith import names
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.ledger import Run

REPOSITORY = Path(__file__).parents[1]
CHILDREN = {
    "pipeline": "",
    "train": "-train",
    "job": "-train-1",
    "judge": "-train-judge-1",
    "evaluate": "-evaluate",
    "open": "-evaluate-open",
    "serve": "-serve",
    "swap": "-serve-swap",
    "release": "-release",
}
"""What the name of a run's execution is followed by in each machine's."""
MODEL_UNITS = 60
ACCOUNT = {"quotas": {"provisioned_units": MODEL_UNITS}}
"""In what the scenarios' account differs from one that is new to Bedrock."""
SHOP = b"a furniture shop"
"""Whose tickets the example's are, as its system prompt says in every record."""
PATIENCE = 480.0
"""Real seconds after which a scenario that does not end is a failure of the machines, not of the test."""


@dataclass
class CloudUnderTest:
    """The deployed stacks on a local cloud, seen through AWS's own APIs."""

    local: LocalCloud
    deployment: dict[str, str]
    inbox: str = ""
    """A queue that receives what the topic publishes."""
    _clients: dict[str, Any] = field(default_factory=dict)
    _received: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """A boto3 client of the local cloud."""
        if service not in self._clients:
            make: Any = boto3.client
            self._clients[service] = make(
                service,
                endpoint_url=self.local.endpoint,
                region_name="us-east-1",
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
            )
        return self._clients[service]

    @property
    def ledger(self) -> LedgerTable:
        """The deployed ledger."""
        return LedgerTable(self.deployment["ledger_table"], self.client("dynamodb"))

    # --- what a user does

    def put(self, key: str, body: bytes) -> None:
        """Upload one object to the dataset bucket."""
        self.client("s3").put_object(Bucket=self.deployment["dataset_bucket"], Key=key, Body=body)

    def submit(
        self,
        job: dict[str, Any],
        train: bytes,
        *,
        job_first: bool = False,
        beside: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> str:
        """Upload a job file and its training data; returns the id that the run will have.

        `beside` are more files, by role: path and content.
        Each project's tickets come from a shop of its own: one blind test shared by many projects would have
        its error spent by the first of them.
        """
        train = train.replace(SHOP, SHOP + f" called {job['project']}".encode())
        body = yaml.safe_dump(job).encode()
        folder = f"datasets/{job['project']}"
        uploads = [(f"{folder}/{job['data']}", train), (f"{folder}/job.yaml", body)]
        others = dict(beside or {})
        uploads = [*((f"{folder}/{path}", content) for path, content in others.values()), *uploads]
        for key, content in reversed(uploads) if job_first else uploads:
            self.put(key, content)
        return run_of_upload(body, train, {role: content for role, (_, content) in others.items()})

    def fault(self, project: str, **faults: Any) -> None:
        """Declare what goes wrong for a project."""
        self.client("ssm").put_parameter(
            Name=f"/tunesmith-local/faults/{project}", Value=json.dumps(faults), Type="String", Overwrite=True
        )

    def start(self, machine: str, name: str, given: dict[str, Any]) -> None:
        """Start an execution of a machine."""
        self.client("stepfunctions").start_execution(
            stateMachineArn=self.machine_arn(machine), name=name, input=json.dumps(given)
        )

    # --- what comes of it

    def wait_for_run(self, run: str, attempt: int = 1) -> dict[str, Any]:
        """Wait until the run's execution is over; returns DescribeExecution's answer."""
        arn = self.execution_arn("pipeline", names.execution_name(run, attempt))
        stepfunctions = self.client("stepfunctions")
        for _ in self._patience(f"the execution of run {run}"):
            try:
                found: dict[str, Any] = stepfunctions.describe_execution(executionArn=arn)
            except stepfunctions.exceptions.ExecutionDoesNotExist:
                continue
            if found["status"] != "RUNNING":
                return found
        raise AssertionError("unreachable")

    def wait_for_end(self, machine: str, name: str) -> dict[str, Any]:
        """Wait until an execution that was started is over; returns DescribeExecution's answer."""
        arn = self.execution_arn(machine, name)
        for _ in self._patience(f"the end of {name}"):
            found: dict[str, Any] = self.client("stepfunctions").describe_execution(executionArn=arn)
            if found["status"] != "RUNNING":
                return found
        raise AssertionError("unreachable")

    def wait_for_state(self, run: str, machine: str, state: str, *, called: bool = False) -> None:
        """Wait until a run's first execution is in a state of one of its machines.

        `called` waits until the state's call was answered, which a held state shows before it goes on.
        """
        arn = self.execution_arn(machine, f"{run}-1{CHILDREN[machine]}")
        stepfunctions = self.client("stepfunctions")
        for _ in self._patience(f"{state} in {machine} of run {run}"):
            try:
                pages = stepfunctions.get_paginator("get_execution_history").paginate(
                    executionArn=arn, includeExecutionData=False
                )
                events = [event for page in pages for event in page["events"]]
            except stepfunctions.exceptions.ExecutionDoesNotExist:
                continue
            names = [event.get("stateEnteredEventDetails", {}).get("name") for event in events]
            if state not in names:
                continue
            after = {event["type"] for event in events[names.index(state) :]}
            if not called or after & {"TaskSucceeded", "LambdaFunctionSucceeded"}:
                return

    def wait_for_close(self, run: str) -> Run:
        """Wait until the ledger shows the run as closed and told of; returns it."""
        for _ in self._patience(f"the closing of run {run}"):
            found = self.ledger.run(run)
            if found.closed and found.announced == found.outcome:
                return found
        raise AssertionError("unreachable")

    def machine_arn(self, machine: str) -> str:
        """The ARN of a state machine, by the name of its file."""
        return f"{self.deployment['pipeline_arn'].removesuffix('pipeline')}{machine}"

    def execution_arn(self, machine: str, name: str) -> str:
        """The ARN of one of a machine's executions."""
        return f"{self.machine_arn(machine).replace(':stateMachine:', ':execution:')}:{name}"

    def executions(self, machine: str) -> list[dict[str, Any]]:
        """All executions of a machine."""
        pages = (
            self.client("stepfunctions")
            .get_paginator("list_executions")
            .paginate(stateMachineArn=self.machine_arn(machine))
        )
        return [execution for page in pages for execution in page["executions"]]

    def runs_of(self, project: str) -> list[Run]:
        """What the ledger lists for a project."""
        return self.ledger.runs(project)

    def report(self, run: str) -> dict[str, Any]:
        """The run's report.json."""
        body = self.client("s3").get_object(
            Bucket=self.deployment["artifacts_bucket"], Key=f"runs/{run}/report.json"
        )["Body"]
        document: dict[str, Any] = json.loads(body.read())
        return document

    def artifact_keys(self, prefix: str) -> list[str]:
        """Keys in the artifacts bucket."""
        pages = (
            self.client("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self.deployment["artifacts_bucket"], Prefix=prefix)
        )
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def billable(self, project: str) -> dict[str, list[str]]:
        """Names of everything of a project that exists in Bedrock and may cost money, by kind."""
        bedrock = self.client("bedrock")
        mine = f"{project}-"
        jobs = bedrock.list_model_customization_jobs(maxResults=1000)["modelCustomizationJobSummaries"]
        models = bedrock.list_custom_models(maxResults=1000)["modelSummaries"]
        deployments = bedrock.list_custom_model_deployments(maxResults=1000)["modelDeploymentSummaries"]
        throughputs = bedrock.list_provisioned_model_throughputs(maxResults=1000)["provisionedModelSummaries"]
        return {
            "jobs": [
                j["jobName"]
                for j in jobs
                if j["jobName"].startswith(mine) and j["status"] in ("InProgress", "Stopping")
            ],
            "models": [m["modelName"] for m in models if m["modelName"].startswith(mine)],
            "deployments": [
                d["customModelDeploymentName"]
                for d in deployments
                if d["customModelDeploymentName"].startswith(mine)
            ],
            "throughputs": [
                t["provisionedModelName"] for t in throughputs if t["provisionedModelName"].startswith(mine)
            ],
        }

    def jobs(self, project: str) -> list[str]:
        """Names of all customization jobs that a project ever had."""
        jobs = self.client("bedrock").list_model_customization_jobs(maxResults=1000)
        return [
            job["jobName"]
            for job in jobs["modelCustomizationJobSummaries"]
            if job["jobName"].startswith(f"{project}-")
        ]

    def champion_parameter(self, project: str) -> str | None:
        """The value of the project's stable name, None where there is none."""
        ssm = self.client("ssm")
        try:
            answer = ssm.get_parameter(Name=names.champion_parameter("local", project))
        except ssm.exceptions.ParameterNotFound:
            return None
        value: str = answer["Parameter"]["Value"]
        return value

    def model_behind(self, arn: str) -> str:
        """The ARN of the model that answers at a deployment or at provisioned throughput."""
        bedrock = self.client("bedrock")
        if ":custom-model-deployment/" in arn:
            found = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
        else:
            found = bedrock.get_provisioned_model_throughput(provisionedModelId=arn)
        model: str = found["modelArn"]
        return model

    def wait_for_releases(self, run: str, count: int) -> None:
        """Wait until that many releases of a run are over, whoever started them."""
        ended: set[str] = set()
        seen: set[str] = set()
        for _ in self._patience(f"{count} releases of {run}"):
            over = {e["executionArn"] for e in self.executions("release") if e["status"] != "RUNNING"}
            for arn in over - seen:
                given = self.client("stepfunctions").describe_execution(executionArn=arn)["input"]
                if json.loads(given)["run"].startswith(run):
                    ended.add(arn)
            seen |= over
            if len(ended) >= count:
                return

    def wait_for_billable(self, project: str, kind: str) -> None:
        """Wait until something of a project exists that may cost money."""
        for _ in self._patience(f"{kind} of {project}"):
            if self.billable(project)[kind]:
                return

    def wait_for_rejection(self, project: str) -> dict[str, Any]:
        """Wait for a project's first rejection document."""
        for _ in self._patience(f"a rejection of {project}"):
            keys = self.artifact_keys(f"rejections/{project}/")
            if keys:
                body = self.client("s3").get_object(Bucket=self.deployment["artifacts_bucket"], Key=keys[0])[
                    "Body"
                ]
                document: dict[str, Any] = json.loads(body.read())
                return document
        raise AssertionError("unreachable")

    def wait_for_quiet_queue(self) -> None:
        """Wait until no upload waits for admission or is being admitted."""
        quiet = 0
        for _ in self._patience("an empty upload queue"):
            attributes = self.client("sqs").get_queue_attributes(
                QueueUrl=self._queue("upload", but="dead"), AttributeNames=["All"]
            )["Attributes"]
            waiting = int(attributes["ApproximateNumberOfMessages"])
            quiet = 0 if waiting + int(attributes["ApproximateNumberOfMessagesNotVisible"]) else quiet + 1
            if quiet > 5:
                return

    def dead_letters_naming(self, text: str) -> int:
        """Wait for a dead letter that holds a text; returns how many hold it."""
        for _ in self._patience(f"a dead letter naming {text}"):
            received = self.client("sqs").receive_message(
                QueueUrl=self._queue("dead"), MaxNumberOfMessages=10, VisibilityTimeout=0
            )
            found = sum(text in message["Body"] for message in received.get("Messages", []))
            if found:
                return found
        raise AssertionError("unreachable")

    def messages_naming(self, text: str) -> list[str]:
        """What was published on the topic so far and holds a text."""
        while (
            received := self.client("sqs")
            .receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10)
            .get("Messages")
        ):
            for message in received:
                self._received.append(message["Body"])
                self.client("sqs").delete_message(QueueUrl=self.inbox, ReceiptHandle=message["ReceiptHandle"])
        return [body for body in self._received if text in body]

    def _queue(self, part: str, but: str = "") -> str:
        urls = self.client("sqs").list_queues()["QueueUrls"]
        (url,) = [u for u in urls if part in u.lower() and not (but and but in u.lower())]
        found: str = url
        return found

    def _patience(self, what: str) -> Any:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            yield
            time.sleep(0.4)
        raise AssertionError(f"{what} did not happen within {PATIENCE:.0f} s")


def run_of_upload(job: bytes, train: bytes, beside: Mapping[str, bytes] | None = None) -> str:
    """The run id of an upload of a job file, one training file and what lies beside it, by role."""
    files = {"train": train, **(beside or {})}
    return names.run_id(job, [(role, hashlib.sha256(body).hexdigest()) for role, body in files.items()])


def triage_data(records: int = 600, seed: int = 7) -> bytes:
    """A small classification set that tuning clearly helps."""
    return generate.dataset(records=records, seed=seed)


def _with_cluster(folder: Path, cluster: Mapping[str, Any]) -> Path:
    """Write the app's cdk.json with other settings of the local environment's cluster."""
    written = json.loads((REPOSITORY / "cdk.json").read_text())
    written["app"] = f"python {REPOSITORY / 'app.py'}"
    written["context"]["environments"]["local"]["cluster"] = dict(cluster)
    folder.mkdir()
    (folder / "cdk.json").write_text(json.dumps(written))
    return folder


@contextmanager
def deployed(*, scale: float, cluster: Mapping[str, Any] | None = None) -> Iterator[CloudUnderTest]:
    """Start a local cloud, deploy the stacks with the real command, and take all down afterwards.

    `cluster` are the settings of one, where there is to be one.
    """
    with LocalCloud.temporary(scale=scale) as local:
        if cluster is None:
            local.deploy()
        else:
            local.deploy(app=_with_cluster(local.state / "app", cluster))
        cloud = CloudUnderTest(local=local, deployment={})
        parameter = cloud.client("ssm").get_parameter(Name=names.deployment_parameter("local"))
        cloud.deployment.update(json.loads(parameter["Parameter"]["Value"]))
        cloud.inbox = cloud.client("sqs").create_queue(QueueName="inbox-of-the-tests")["QueueUrl"]
        cloud.client("sns").subscribe(
            TopicArn=cloud.deployment["topic_arn"],
            Protocol="sqs",
            Endpoint="arn:aws:sqs:us-east-1:123456789012:inbox-of-the-tests",
        )
        cloud.client("ssm").put_parameter(
            Name="/tunesmith-local/account", Value=json.dumps(ACCOUNT), Type="String"
        )
        yield cloud
