"""A project's uploads and its run before anything was prepared, in a mocked account."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.tunesmith.dataset.converse import lines, pair
from tests.tunesmith.dataset.prepared import said
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket
from tunesmith.evaluation.tasks import named
from tunesmith.job import parse_job
from tunesmith.ledger import Run, Step, StepRecord
from tunesmith.settings import function_settings

EVENTS = Path(__file__).parent.parent / "events"
STEP: dict[str, str] = json.loads((EVENTS / "step.json").read_text())
RUN, PROJECT = STEP["run"], "triage"
GRADER_ARN = "arn:aws:lambda:us-east-1:123456789012:function:grade:7"
JOB = "project: triage\nbase_model: nova-micro\ndata: train.jsonl\n"


def records(count: int, start: int = 0) -> bytes:
    """A JSONL file of so many different good records."""
    return lines(*(pair(said(n), f"label_{n % 5}") for n in range(start, start + count)))


@dataclass
class Tokenizer:
    """Bedrock's CountTokens: `per_word` tokens a word and a template of four, or an account that refuses."""

    per_word: int = 0
    asked: list[str] = field(default_factory=list)

    def count_tokens(self, modelId: str, input: dict[str, Any]) -> dict[str, int]:  # noqa: A002, N803
        """Count a conversation of one turn."""
        self.asked.append(modelId)
        if not self.per_word:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "CountTokens")
        [turn] = input["converse"]["messages"]
        text = turn["content"][0]["text"]
        return {"inputTokens": 4 + (1 if text == "a" else self.per_word * len(text.split()))}


@dataclass
class DataRun:
    """Buckets, ledger and the function's settings; `pipeline` is the machine that runs start."""

    uploads: Bucket
    artifacts: Bucket
    ledger: LedgerTable
    pipeline: str
    queue: str
    """URL of a queue that the topic's messages arrive in."""
    tokenizer: Tokenizer = field(default_factory=Tokenizer)

    def admitted(self, job: str = JOB, **data: bytes) -> None:
        """Write a run as admit_upload does; keyword arguments are the content by role."""
        parsed = parse_job(job.encode(), source="job.yaml")
        self.artifacts.write_json(f"runs/{RUN}/job.json", parsed.to_json())
        pinned = {}
        for role, content in data.items():
            key = f"datasets/{PROJECT}/{parsed.files_by_role().get(role, f'{role}.jsonl')}"
            self.uploads.write(key, content)
            version = (self.uploads.head(key) or {})["version"]
            pinned[role] = {"bucket": self.uploads.name, "key": key, "version": version, "sha256": "0" * 64}
        run = Run(
            run=RUN,
            project=PROJECT,
            created="2026-11-23T09:59:58Z",
            attempt=1,
            base_model=parsed.base_model,
            job_sha256="1" * 64,
            data=pinned,
        )
        assert self.ledger.create_run(run)

    def prepared(self, job: str = JOB, *, train: int, tokens: int = 50_000) -> None:
        """Write a run as prepare_dataset leaves it, with figures only."""
        self.admitted(job)
        part = {"records": 0, "tokens": tokens, "prompt_tokens": tokens, "answer_tokens": 1000}
        records = {"train": train, "validation": 50, "test": 100}
        split = {name: {**part, "records": count} for name, count in records.items()}
        report = {
            "split": split,
            "tokens": {"off": 0.27},
            "conflicts": {"labels": False, "ceiling": 1.0},
            "unproven_note": "",
            "task": named("exact_match").to_json(),
        }
        self.artifacts.write_json(f"runs/{RUN}/data/report.json", report)

    def step(self, step: Step) -> StepRecord:
        """Read what a step recorded."""
        return next(record for record in self.ledger.steps(RUN) if record.step is step)

    def lines(self, key: str) -> list[Any]:
        """Read a JSONL object of the artifacts bucket."""
        return [json.loads(line) for line in self.artifacts.read(key).splitlines()]

    def executions(self) -> dict[str, str]:
        """Map the name of every execution to its input."""
        machine = boto3.client("stepfunctions")
        listed = machine.list_executions(stateMachineArn=self.pipeline)["executions"]
        return {
            each["name"]: machine.describe_execution(executionArn=each["executionArn"])["input"]
            for each in listed
        }

    def told(self) -> list[dict[str, str]]:
        """Take the messages that the topic sent since the last look."""
        found = boto3.client("sqs").receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]


@pytest.fixture
def data_run(ledger_table: LedgerTable, monkeypatch: pytest.MonkeyPatch) -> DataRun:
    """An empty project in a mocked account."""
    s3 = boto3.client("s3")
    for bucket in ("datasets", "artifacts"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    queue = boto3.client("sqs").create_queue(QueueName="told")["QueueUrl"]
    topic = boto3.client("sns").create_topic(Name="topic")["TopicArn"]
    boto3.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:told"
    )
    pipeline = boto3.client("stepfunctions").create_state_machine(
        name="pipeline",
        definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/pipeline",
    )["stateMachineArn"]
    values = {
        "environment": "dev",
        "account": "123456789012",
        "cluster": "off",
        "ledger_table": "ledger",
        "artifacts_bucket": "artifacts",
        "dataset_bucket": "datasets",
        "pipeline_arn": pipeline,
        "topic_arn": topic,
        "grader_arn": GRADER_ARN,
    }
    settings = function_settings()
    for name in ("admit_upload", "prepare_dataset", "check_preflight", "estimate_cost"):
        fields = settings[name].__dataclass_fields__
        for variable, value in (
            settings[name](**{key: values[key] for key in fields}).to_environment().items()
        ):
            monkeypatch.setenv(variable, value)
    made = DataRun(Bucket("datasets"), Bucket("artifacts"), ledger_table, pipeline, queue)
    monkeypatch.setattr("tunesmith.aws.clients.bedrock_runtime", lambda: made.tokenizer)
    return made
