"""A run as it stands before training, in a mocked account, with a Bedrock that answers from a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conclude_job.handler import lambda_handler as conclude_job
from plan_job.handler import lambda_handler as plan_job
from plan_round.handler import lambda_handler as plan_round
from tests.conftest import create_ledger
from tests.tunesmith.reporting.sample import data_report
from tunesmith.aws import clients
from tunesmith.aws.ledger_table import LedgerTable
from tunesmith.aws.objects import Bucket, blind_test_key
from tunesmith.cost import estimate_run, load_prices
from tunesmith.evaluation.answers import record_id
from tunesmith.job import parse_job
from tunesmith.ledger import Run, Step
from tunesmith.settings import function_settings

RUN = "0123456789abcdef"
PROJECT = "triage"
NOW = "2026-11-23T10:00:00Z"
LATER = "2026-11-23T13:00:00Z"
START = datetime(2026, 11, 23, 10, tzinfo=UTC)
MODEL_ARN = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl"
DEPLOYMENT_ARN = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl"
JOB_ARN = (
    "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-micro-v1:0:128k/jobjobjobjob"
)
SETTINGS = {
    "environment": "local",
    "account": "123456789012",
    "ledger_table": "ledger",
    "artifacts_bucket": "artifacts",
    "dataset_bucket": "datasets",
    "pipeline_arn": "arn:aws:states:us-east-1:123456789012:stateMachine:pipeline",
    "topic_arn": "arn:aws:sns:us-east-1:123456789012:topic",
    "training_role_arn": "arn:aws:iam::123456789012:role/tunesmith-local-training-us-east-1",
    "model_key_arn": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    "grader_arn": "arn:aws:lambda:us-east-1:123456789012:function:grade:7",
    "cluster": "off",
}
JOB: dict[str, Any] = {
    "project": PROJECT,
    "base_model": "nova-micro",
    "data": "train.jsonl",
    "hyperparameters": {"epochCount": 3},
    "evaluation": {"few_shot": False, "noise_records": 0},
}


def record(number: int) -> bytes:
    """A Converse record whose right answer is the number's last digit."""
    return json.dumps(
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": "Name the last digit."}],
            "messages": [
                {"role": "user", "content": [{"text": f"number {number}"}]},
                {"role": "assistant", "content": [{"text": str(number % 10)}]},
            ],
        }
    ).encode()


def refusal(code: str) -> ClientError:
    """An error as boto3 raises it."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


@dataclass
class FakeBedrock:
    """Both of Bedrock's clients at once: jobs and models by name, answers by model."""

    answers: dict[str, Callable[[str], str]] = field(default_factory=dict)
    """Model id or deployment ARN to the function that answers the user's text; it may raise."""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def get_model_customization_job(self, *, jobIdentifier: str) -> dict[str, Any]:  # noqa: N803
        if jobIdentifier not in self.jobs:
            raise refusal("ResourceNotFoundException")
        return self.jobs[jobIdentifier]

    def get_custom_model(self, *, modelIdentifier: str) -> dict[str, Any]:  # noqa: N803
        if modelIdentifier not in self.models:
            raise refusal("ResourceNotFoundException")
        return {"modelArn": MODEL_ARN}

    def converse(self, **request: Any) -> dict[str, Any]:
        model, text = request["modelId"], request["messages"][-1]["content"][0]["text"]
        self.requests.append(request)
        self.asked.append((model, text))
        answer = self.answers[model](text)
        return {
            "output": {"message": {"role": "assistant", "content": [{"text": answer}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 20, "outputTokens": 2 + len(answer), "totalTokens": 22 + len(answer)},
            "metrics": {"latencyMs": 250},
        }


class TimeLeft:
    """A function's context that tells, call by call, how many seconds are left; the last one stays."""

    def __init__(self, *seconds: float) -> None:
        self._seconds = list(seconds)

    def get_remaining_time_in_millis(self) -> int:
        """Tell the next of the times, in milliseconds."""
        return int(1000 * (self._seconds.pop(0) if len(self._seconds) > 1 else self._seconds[0]))


MUCH_TIME = TimeLeft(900)


@dataclass
class RunUnderTest:
    """The records of one run and the Bedrock that its functions meet."""

    ledger: LedgerTable
    artifacts: Bucket
    bedrock: FakeBedrock
    prefix: str = f"runs/{RUN}"

    def event(self, now: str = NOW, **more: Any) -> dict[str, Any]:
        return {"run": RUN, "now": now, **more}

    def read(self, key: str) -> Any:
        return self.artifacts.read_json(f"{self.prefix}/{key}")

    def write_job(self, **changes: Any) -> None:
        job = parse_job(json.dumps({**JOB, **changes}).encode(), source="job.json")
        self.artifacts.write_json(f"{self.prefix}/job.json", job.to_json())

    def hold(self, numbers: range) -> None:
        """Seal a blind test of these numbers' records."""
        self.artifacts.write_lines(blind_test_key(RUN), [record(number) for number in numbers])
        self.ledger.update_run(RUN, blind_sha256=self.artifacts.sha256(blind_test_key(RUN)))
        self.group({record(number): str(number) for number in numbers})

    def group(self, groups: Mapping[bytes, str]) -> None:
        """Say which records of the blind test hang together: line to name of its group."""
        named = {record_id(line): name for line, name in groups.items()}
        self.artifacts.write_json(f"{self.prefix}/data/test_groups.json", named)

    def plan_job(self, now: str = NOW, number: int = 1) -> dict[str, Any]:
        """Plan a round and a job of it, as the machines do."""
        plan_round(self.event(now), None)
        return plan_job(self.event(now, job=number), None)

    def conclude_job(self, now: str = LATER, number: int = 1, **ended: str) -> dict[str, Any]:
        """Record the end of a job, as its machine does."""
        return conclude_job(
            self.event(now, job=number, **{"refused": "", "stopped_because": "", **ended}), None
        )

    def finish_job(self, number: int = 1, *, metrics: bool = True, **changes: Any) -> None:
        """Let Bedrock have completed one of the run's jobs and left its files, or changed something of it."""
        name = f"{PROJECT}-{RUN}-{number}"
        self.bedrock.jobs[name] = {
            "jobName": name,
            "jobArn": JOB_ARN,
            "status": "Completed",
            "outputModelArn": MODEL_ARN,
            "hyperParameters": {"epochCount": "3"},
            "creationTime": START,
            "statusDetails": {"trainingDetails": {"creationTime": START, "lastModifiedTime": START}},
            "endTime": datetime(2026, 11, 23, 12, 30, tzinfo=UTC),
            **changes,
        }
        self.bedrock.models.add(name)
        if metrics:
            self.write_metrics(number)

    def write_metrics(self, number: int = 1) -> None:
        folder = f"{self.prefix}/training/output/{number}/model-customization-job-jobjobjobjob"
        training = "step_number,epoch_number,training_loss,perplexity\n" + "".join(
            f"{step},{step // 10},{2 - step / 20},1\n" for step in range(30)
        )
        validation = (
            "step_number,epoch_number,validation_loss,perplexity\n9,0,1.6,1\n19,1,1.2,1\n29,2,1.3,1\n"
        )
        self.artifacts.write(f"{folder}/training_artifacts/step_wise_training_metrics.csv", training.encode())
        self.artifacts.write(
            f"{folder}/validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv",
            validation.encode(),
        )


@pytest.fixture
def run(aws: None, monkeypatch: pytest.MonkeyPatch) -> RunUnderTest:
    """A run that was admitted, prepared and estimated, with 120 blind records."""
    for settings in function_settings().values():
        values = {name: SETTINGS[name] for name in settings.__dataclass_fields__}
        for variable, value in settings(**values).to_environment().items():
            monkeypatch.setenv(variable, value)
    create_ledger("ledger")
    for bucket in ("artifacts", "datasets"):
        clients.s3().create_bucket(Bucket=bucket)
    bedrock = FakeBedrock()
    monkeypatch.setattr("tunesmith.aws.clients.bedrock", lambda: bedrock)
    monkeypatch.setattr("tunesmith.aws.clients.bedrock_runtime", lambda: bedrock)
    run = RunUnderTest(LedgerTable("ledger"), Bucket("artifacts"), bedrock)
    run.ledger.create_run(
        Run(
            run=RUN,
            project=PROJECT,
            created=NOW,
            attempt=1,
            base_model="amazon.nova-micro-v1:0",
            job_sha256="ab",
            data={"train": {"bucket": "datasets", "key": "k", "version": "1", "sha256": "cd"}},
        )
    )
    for step in (Step.ADMIT, Step.PREPARE, Step.PREFLIGHT, Step.BUDGET):
        run.ledger.begin_step(RUN, step, NOW, "done")
    run.write_job()
    run.artifacts.write_lines(
        f"{run.prefix}/data/train.jsonl", [record(number) for number in range(1000, 1400)]
    )
    run.artifacts.write_lines(f"{run.prefix}/data/validation.jsonl", [record(n) for n in range(2000, 2050)])
    run.artifacts.write_json(f"{run.prefix}/data/report.json", data_report())
    run.hold(range(120))
    estimate = estimate_run(
        load_prices(),
        "amazon.nova-micro-v1:0",
        training_tokens=40_000,
        epochs=3,
        test_records=120,
        test_prompt_tokens=2_400,
        test_answer_tokens=240,
        max_tokens=256,
    )
    run.artifacts.write_json(f"{run.prefix}/estimate.json", estimate.to_json())
    return run
