"""Functions run their deployed code in worker processes, which end with the server."""

from __future__ import annotations

import contextlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.cloud import LocalCloud
from tests.local.conftest import Machines, Sample, eventually


def invoke(sample: Sample, event: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    answer = sample.client("lambda").invoke(
        FunctionName=sample.outputs["GreetArn"], Payload=json.dumps(event).encode()
    )
    return json.load(answer["Payload"]), answer.get("FunctionError")


def test_a_function_gets_its_variables_its_context_and_this_cloud(sample: Sample) -> None:
    result, error = invoke(sample, {"ask": True})
    assert error is None
    assert (result["greeting"], result["account"]) == ("hello", "123456789012")
    assert result["arn"] == sample.outputs["GreetArn"]
    assert 0 < result["seconds_left"] <= 2
    assert "GREETING" in result["variables"]
    assert not {"PATH", "HOME", "PYTHONPATH", "MOTO_PORT"} & set(result["variables"])


def test_an_exception_is_reported_by_its_class_and_logged(sample: Sample) -> None:
    result, error = invoke(sample, {"refuse": True})
    assert error is not None
    assert (result["errorType"], result["errorMessage"]) == ("GreetingRefused", "no greeting today")
    assert "handler.py" in result["stackTrace"][0]
    name = sample.outputs["GreetArn"].split(":")[-2]
    events = sample.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    lines = [event["message"] for event in events]
    assert any("greeting {'refuse': True}" in line for line in lines)
    assert any("[ERROR] GreetingRefused" in line for line in lines)


def test_a_function_that_takes_too_long_is_killed(sample: Sample) -> None:
    result, error = invoke(sample, {"sleep": 60})
    assert error is not None
    assert result == {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 2.00 seconds"}


def test_a_function_whose_process_ends_fails_and_the_next_one_works(sample: Sample) -> None:
    result, error = invoke(sample, {"exit": True})
    assert error is not None
    assert result["errorType"] == "Runtime.ExitError"
    assert invoke(sample, {})[1] is None


def test_concurrent_calls_run_side_by_side_and_a_warm_worker_is_used_again(sample: Sample) -> None:
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: invoke(sample, {"sleep": 0.5})[0], range(4)))
    processes = {result["process"] for result in results}
    assert len(processes) == 4
    assert invoke(sample, {})[0]["process"] in processes


def test_a_machine_catches_an_exception_by_its_class(sample: Sample, machines: Machines) -> None:
    states = {
        "Greet": {
            "Type": "Task",
            "Resource": sample.outputs["GreetArn"],
            "Arguments": {"refuse": True},
            "Catch": [
                {"ErrorEquals": ["GreetingRefused"], "Output": "{% $states.errorOutput %}", "Next": "Caught"}
            ],
            "End": True,
        },
        "Caught": {"Type": "Pass", "End": True},
    }
    output = machines.output(states)
    assert output["Error"] == "GreetingRefused"
    assert json.loads(output["Cause"])["errorMessage"] == "no greeting today"


def test_no_worker_outlives_the_server() -> None:
    with LocalCloud.temporary() as cloud:
        forker = eventually(lambda: children_of(cloud.pid))
        eventually(cloud.answers)
    eventually(lambda: not any(alive(process) for process in forker))


def children_of(process: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
                if int(parent) == process:
                    found.append(int(folder.name))
    return found


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
