"""The stand-in behind moto's server in this process, on a clock that only the tests move."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import moto.bedrock.models
import moto.bedrock.responses
import moto.bedrock.urls
import moto.bedrockruntime.urls
import pytest
from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

import local.bedrock
from local.bedrock import api
from local.bedrock.base_models import foundation_models
from local.bedrock.foundation import FoundationModel
from local.bedrock.region import Region

BASE = "amazon.nova-micro-v1:0:128k"
ROLE = "arn:aws:iam::123456789012:role/training"
BUCKET = "artifacts-of-the-tests"
RUN = "0123456789abcdef"
LABELS = ("refund", "delivery", "invoice", "password", "warranty")
SYSTEM = "Answer with exactly one label from this list and nothing else:\n" + "\n".join(LABELS)
WORDS = {
    "refund": ("money back", "reimburse me", "return the payment"),
    "delivery": ("parcel is late", "shipping status", "courier never came"),
    "invoice": ("bill is wrong", "receipt for taxes", "statement copy"),
    "password": ("cannot log in", "locked out", "reset my access"),
    "warranty": ("broke after a week", "repair it", "defective part"),
}
FILLER = tuple(
    f"{first}{last}" for first in ("ba", "do", "ki", "lu", "me") for last in ("ren", "tas", "vol", "zim")
)


@dataclass
class StillClock:
    """Simulated time that stands still until it is moved."""

    time: datetime = datetime(2026, 11, 23, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def move(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def tickets(count: int, seed: int, mislabelled: float = 0.0) -> list[tuple[str, str]]:
    """(text, label) pairs whose labels follow from the words, but for the share that is mislabelled."""
    chance = random.Random(seed)
    pairs = []
    for _ in range(count):
        label = chance.choice(LABELS)
        words = [*chance.sample(FILLER, 6), chance.choice(WORDS[label])]
        chance.shuffle(words)
        pairs.append((" ".join(words), chance.choice(LABELS) if chance.random() < mislabelled else label))
    return pairs


def jsonl(pairs: Sequence[tuple[str, str]], system: str = SYSTEM) -> bytes:
    """Converse records of (text, completion) pairs."""
    records = (
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": system}],
            "messages": [
                {"role": "user", "content": [{"text": text}]},
                {"role": "assistant", "content": [{"text": completion}]},
            ],
        }
        for text, completion in pairs
    )
    return "".join(json.dumps(record) + "\n" for record in records).encode()


@dataclass
class Bedrock:
    """The stand-in as its callers see it, and the clock that it lives by."""

    endpoint: str
    clock: StillClock
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    count: int = 0

    def client(self, service: str, region: str = "us-east-1") -> Any:
        if (service, region) not in self.clients:
            self.clients[service, region] = boto3.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.endpoint,
                region_name=region,
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self.clients[service, region]

    @property
    def control(self) -> Any:
        return self.client("bedrock")

    @property
    def runtime(self) -> Any:
        return self.client("bedrock-runtime")

    def put(self, key: str, body: bytes) -> str:
        """Upload data; returns its URI."""
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def artifacts(self, job: dict[str, Any]) -> dict[str, str]:
        """What a job wrote, by the key behind the job's own folder."""
        folder = f"out/model-customization-job-{job['jobArn'].rsplit('/', 1)[-1]}/"
        listed = self.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=folder).get("Contents", [])
        bodies = {
            one["Key"]: self.client("s3").get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
            for one in listed
        }
        return {key.removeprefix(folder): body.decode() for key, body in bodies.items()}

    def request(self, project: str = "triage", **changes: Any) -> dict[str, Any]:
        """A valid request for a job, under a name never used before."""
        self.count += 1
        name = f"{project}-{RUN}-{self.count}"
        request = {
            "jobName": name,
            "customModelName": name,
            "roleArn": ROLE,
            "baseModelIdentifier": BASE,
            "trainingDataConfig": {"s3Uri": f"s3://{BUCKET}/train.jsonl"},
            "outputDataConfig": {"s3Uri": f"s3://{BUCKET}/out"},
            **changes,
        }
        return {key: value for key, value in request.items() if value is not None}

    def start(self, project: str = "triage", **changes: Any) -> str:
        """Start a job; returns its ARN."""
        arn: str = self.control.create_model_customization_job(**self.request(project, **changes))["jobArn"]
        return arn

    def job(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.control.get_model_customization_job(jobIdentifier=arn)
        return found

    def finish(self, arn: str) -> dict[str, Any]:
        """Let a job take the time it needs; returns what it has become."""
        process = api.regions["123456789012"]["us-east-1"].jobs[arn].process
        if process:
            assert process.wait(timeout=60) == 0
        self.clock.move(6 * 3600)
        return self.job(arn)

    def train(self, project: str = "triage", **changes: Any) -> str:
        """Run a job to its end; returns the model's ARN."""
        model: str = self.finish(self.start(project, **changes))["outputModelArn"]
        return model

    def deploy(self, model: str, project: str = "triage") -> str:
        """Deploy a model and wait until it is Active; returns the deployment's ARN."""
        self.count += 1
        arn: str = self.control.create_custom_model_deployment(
            modelDeploymentName=f"{project}-{RUN}-{self.count}", modelArn=model
        )["customModelDeploymentArn"]
        self.clock.move(3600)
        return arn

    def ask(self, model: str, text: str, system: str = SYSTEM, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.runtime.converse(
            modelId=model,
            system=[{"text": system}],
            messages=[{"role": "user", "content": [{"text": text}]}],
            **more,
        )
        return answer

    def accuracy(self, model: str, pairs: Sequence[tuple[str, str]]) -> float:
        answers: list[str] = [
            self.ask(model, text)["output"]["message"]["content"][0]["text"] for text, _ in pairs
        ]
        right = [answer == label for answer, (_, label) in zip(answers, pairs, strict=True)]
        return sum(right) / len(right)

    def set_parameter(self, name: str, value: dict[str, Any]) -> None:
        self.client("ssm").put_parameter(Name=name, Value=json.dumps(value), Type="String", Overwrite=True)


def models() -> list[FoundationModel]:
    """The catalogue's models, and Nova Lite as one that may be served by the hour too."""
    return [replace(one, provisionable="nova-lite" in one.model_id) for one in foundation_models()]


@pytest.fixture(scope="module")
def bedrock() -> Iterator[Bedrock]:
    """A server of its own for each test module; moto's Bedrock is put back afterwards."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    urls = [
        (module.url_paths, dict(module.url_paths)) for module in (moto.bedrock.urls, moto.bedrockruntime.urls)
    ]
    backends = moto.bedrock.models.bedrock_backends
    clock = StillClock()
    local.bedrock.install(clock, models=models)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    cloud = Bedrock(f"http://{host}:{port}", clock)
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    cloud.put("train.jsonl", jsonl(tickets(300, seed=1)))
    cloud.put("validation.jsonl", jsonl(tickets(100, seed=2)))
    yield cloud
    server.stop()
    for region in list(Region.every):
        region.reset()
    for paths, original in urls:
        paths.clear()
        paths.update(original)
    for module in (moto.bedrock.models, moto.bedrock.responses):
        vars(module)["bedrock_backends"] = backends
    for client in cloud.clients.values():
        client.close()
    BackendDict.reset()


@pytest.fixture(scope="module")
def model(bedrock: Bedrock) -> str:
    """The ARN of a model trained on the tickets."""
    return bedrock.train()
