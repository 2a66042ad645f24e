"""An upload travels through a rule and a queue to a function; a stopped execution starts another."""

from __future__ import annotations

import json
from typing import Any

from tests.local.conftest import Machines, Sample, eventually


def item(sample: Sample, pk: str) -> dict[str, Any] | None:
    found = sample.client("dynamodb").get_item(
        TableName=sample.outputs["TableName"], Key={"pk": {"S": pk}, "sk": {"S": "META"}}
    )
    stored: dict[str, Any] | None = found.get("Item")
    return stored


def test_an_upload_reaches_the_function_as_aws_tells_it(sample: Sample) -> None:
    put = sample.client("s3").put_object(Bucket=sample.outputs["Bucket"], Key="data/a b.jsonl", Body=b"{}")
    seen = eventually(lambda: item(sample, "UPLOAD#data/a b.jsonl"))
    event = json.loads(seen["body"]["S"])
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["detail"]["bucket"] == {"name": sample.outputs["Bucket"]}
    assert event["detail"]["object"]["version-id"] == put["VersionId"]
    assert event["detail"]["object"]["etag"] == put["ETag"].strip('"')
    assert (event["detail"]["object"]["size"], event["detail"]["reason"]) == (2, "PutObject")


def test_messages_that_keep_failing_end_in_the_dead_letter_queue(sample: Sample) -> None:
    sample.client("s3").put_object(Bucket=sample.outputs["Bucket"], Key="data/refuse.jsonl", Body=b"{}")
    sample.client("s3").put_object(Bucket=sample.outputs["Bucket"], Key="data/fine.jsonl", Body=b"{}")

    def dead() -> list[dict[str, Any]]:
        received: dict[str, Any] = sample.client("sqs").receive_message(
            QueueUrl=sample.outputs["DeadLettersUrl"], WaitTimeSeconds=0
        )
        messages: list[dict[str, Any]] = received.get("Messages", [])
        return messages

    messages = eventually(dead)
    assert json.loads(messages[0]["Body"])["detail"]["object"]["key"] == "data/refuse.jsonl"
    assert eventually(lambda: item(sample, "UPLOAD#data/fine.jsonl"))["seen"] == {"N": "1"}
    refused = item(sample, "UPLOAD#data/refuse.jsonl")
    assert refused is not None
    assert refused["seen"] == {"N": "2"}


def test_a_stopped_execution_starts_the_machine_of_a_rule(sample: Sample, machines: Machines) -> None:
    listed = sample.client("stepfunctions").list_state_machines()["stateMachines"]
    greeter = next(one["stateMachineArn"] for one in listed if one["name"] == "sample-greeter")
    fine = machines.start(greeter, {}, name="fine")
    stopped = machines.start(greeter, {"rest": 360000}, name="stopped")
    failed = machines.start(greeter, {"refuse": True}, name="failed")
    machines.api.stop_execution(executionArn=stopped)
    assert [machines.end_of(one)["status"] for one in (fine, stopped, failed)] == [
        "SUCCEEDED",
        "ABORTED",
        "FAILED",
    ]
    assert eventually(lambda: item(sample, "STOPPED#stopped"))["status"] == {"S": "ABORTED"}
    assert eventually(lambda: item(sample, "STOPPED#failed"))["status"] == {"S": "FAILED"}
    assert item(sample, "STOPPED#fine") is None
