"""How much of a model's rate does an evaluation use, and what is paid twice when a function is killed?

The very function that answers a shard runs here, in processes of its own, against the local Bedrock, which is
given a latency and a limit of requests a minute for each model. One command: `python -m bench.inference`.
Time is real, so it takes some minutes; the limit is a bucket that holds a second's worth of calls.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import Any, Final

import boto3

from local.server import serve
from tunesmith.evaluation.shards import calls_in_flight, first_rate

RUN: Final = "0123456789abcdef"
NOW: Final = "2026-01-01T00:00:00Z"
MODELS: Final = {"candidate": "amazon.nova-micro-v1:0", "base": "amazon.nova-lite-v1:0"}
REGION: Final = "us-east-1"
TABLE: Final = "ledger"
BUCKET: Final = "artifacts"


@dataclass
class Counted:
    """What the service saw."""

    taken: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def paid_twice(self) -> int:
        """Calls that were answered though they had been answered before."""
        return sum(count - 1 for count in self.answers.values())


class Context:
    """What Lambda tells a function: here it always has time."""

    def get_remaining_time_in_millis(self) -> int:
        """Tell 15 minutes."""
        return 900_000


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2_000, help="records that each of two models answers")
    parser.add_argument("--rate", type=float, default=2_000, help="requests a minute that each model takes")
    parser.add_argument("--latency", type=float, default=300, help="milliseconds that each call takes")
    chosen = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with serve() as port:
        counted = _count_calls()
        _make_account(f"http://localhost:{port}", chosen.rate, chosen.latency)
        for functions in (1, 2):
            _limit(counted, port, functions, chosen.records, chosen.rate)
        for functions in (1, 2):
            _killed(counted, port, functions, min(600, chosen.records))


def _limit(counted: Counted, port: int, functions: int, records: int, rate: float) -> None:
    shards = _plan(port, records, functions, f"limit-{functions}")
    _forget(counted)
    began = time.monotonic()
    _finish([_start(port, shard) for shard in shards])
    seconds = time.monotonic() - began
    for model in MODELS.values():
        used = counted.taken[model] / (seconds / 60 * rate)
        refused = counted.throttled[model] / (counted.taken[model] + counted.throttled[model])
        sys.stdout.write(
            f"{functions} function(s), {model}: {counted.taken[model]:,} calls in {seconds:,.0f} s, "
            f"{100 * used:.1f}% of the limit, {100 * refused:.2f}% throttled\n"
        )
    sys.stdout.flush()


def _killed(counted: Counted, port: int, functions: int, records: int) -> None:
    shards = _plan(port, records, functions, f"killed-{functions}")
    _forget(counted)
    processes = [_start(port, shard) for shard in shards]
    while counted.taken.total() < records:
        time.sleep(0.01)
    for process in processes:
        if process.pid is not None and process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()
    _finish([_start(port, shard) for shard in shards])
    sys.stdout.write(
        f"{functions} function(s) killed half-way: {counted.paid_twice} of {len(counted.answers):,} calls "
        f"paid twice; {functions * calls_in_flight(functions)} were allowed in flight\n"
    )
    sys.stdout.flush()


def _start(port: int, shard: str) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=_answer, args=(port, shard))
    process.start()
    return process


def _finish(processes: list[BaseProcess]) -> None:
    for process in processes:
        process.join()
        if process.exitcode:
            raise SystemExit(f"a function ended with {process.exitcode}")


def _answer(port: int, shard: str) -> None:
    """Run the function as Lambda would, until its shard is answered."""
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://localhost:{port}",
        AWS_DEFAULT_REGION=REGION,
        TUNESMITH_ENVIRONMENT="local",
        TUNESMITH_LEDGER_TABLE=TABLE,
        TUNESMITH_ARTIFACTS_BUCKET=BUCKET,
        POWERTOOLS_LOG_LEVEL="WARNING",
    )
    from answer_shard.handler import lambda_handler

    while lambda_handler({"run": RUN, "now": NOW, "shard": shard}, Context())["unfinished"]:
        pass


def _count_calls() -> Counted:
    """Watch the service from inside: what it took, what it refused, what it answered."""
    from local.bedrock import runtime
    from local.bedrock.errors import BedrockError
    from local.bedrock.request_rate import RequestRate

    counted = Counted()
    take, converse = RequestRate.take, runtime.OPERATIONS["Converse"]

    def counting_take(self: RequestRate, model: str, settings: Any) -> None:
        try:
            take(self, model, settings)
        except BedrockError:
            counted.throttled[model] += 1
            raise
        counted.taken[model] += 1

    def counting_converse(region: Any, params: dict[str, Any]) -> dict[str, Any]:
        counted.answers[params["modelId"], params["messages"][-1]["content"][0]["text"]] += 1
        return converse(region, params)

    RequestRate.take = counting_take  # type: ignore[method-assign]
    runtime.OPERATIONS["Converse"] = counting_converse
    return counted


def _forget(counted: Counted) -> None:
    for counter in (counted.taken, counted.throttled, counted.answers):
        counter.clear()


def _client(service: str, port: int) -> Any:
    make: Any = boto3.client
    return make(service, endpoint_url=f"http://localhost:{port}", region_name=REGION)


def _make_account(endpoint: str, rate: float, latency: float) -> None:
    port = int(endpoint.rpartition(":")[2])
    _client("s3", port).create_bucket(Bucket=BUCKET)
    _client("dynamodb", port).create_table(
        TableName=TABLE,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    # The function asks its candidate through the capacity that the ledger names.
    serving = {
        "pk": f"RUN#{RUN}", "sk": "CAPACITY#serving", "run": RUN, "project": "bench", "token": "serving",
        "kind": "deployment", "name": "bench", "purpose": "evaluation", "state": "open", "since": NOW,
        "expires": NOW, "arn": MODELS["candidate"],
    }  # fmt: skip
    _client("dynamodb", port).put_item(
        TableName=TABLE, Item={key: {"S": value} for key, value in serving.items()}
    )
    _client("ssm", port).put_parameter(
        Name="/tunesmith-local/account",
        Type="String",
        Value=json.dumps({"inference": {"requests_per_minute": rate, "latency_ms": latency}}),
    )


def _plan(port: int, records: int, functions: int, folder: str) -> list[str]:
    """Lay down a blind test and the plan of its evaluation; return the shards."""
    lines = [
        json.dumps(
            {
                "schemaVersion": "bedrock-conversation-2024",
                "messages": [
                    {"role": "user", "content": [{"text": f"What is number {number} of {folder}?"}]},
                    {"role": "assistant", "content": [{"text": str(number)}]},
                ],
            }
        )
        for number in range(records)
    ]
    shards = {
        f"{number:04d}": {
            "key": f"blind/{RUN}/test.jsonl",
            "of": "",
            "first": number * records // functions,
            "end": (number + 1) * records // functions,
        }
        for number in range(functions)
    }
    plan = {
        "models": [
            {"label": label, "id": model, "folder": f"{folder}-{label}"} for label, model in MODELS.items()
        ],
        "shards": shards,
        "twice": [],
        "inference": {
            "max_tokens": 64,
            "in_flight": calls_in_flight(functions),
            "first_rate": first_rate(functions),
        },
    }
    s3 = _client("s3", port)
    s3.put_object(Bucket=BUCKET, Key=f"blind/{RUN}/test.jsonl", Body="\n".join(lines).encode())
    s3.put_object(Bucket=BUCKET, Key=f"runs/{RUN}/evaluation/plan.json", Body=json.dumps(plan).encode())
    return list(shards)


if __name__ == "__main__":
    main()
