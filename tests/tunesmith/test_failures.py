"""Is the reason of a failed run the message that somebody wrote, and not the JSON around it?"""

from __future__ import annotations

import json

import pytest

from tunesmith.failures import LONGEST, plain_reason

FUNCTION = json.dumps(
    {
        "errorMessage": "no answer: the disk is full",
        "errorType": "OSError",
        "requestId": "1",
        "stackTrace": [" a\n"],
    }
)


def child(error: str, cause: str) -> str:
    return json.dumps(
        {
            "Cause": cause,
            "Error": error,
            "ExecutionArn": "arn:aws:states:us-east-1:1:execution:x:y",
            "Status": "FAILED",
        }
    )


@pytest.mark.parametrize(
    ("reason", "plain"),
    [
        ("JobFailed: out of memory", "JobFailed: out of memory"),
        (f"OSError: {FUNCTION}", "OSError: no answer: the disk is full"),
        (f"States.TaskFailed: {child('JobFailed', 'out of memory')}", "JobFailed: out of memory"),
        (f"States.TaskFailed: {child('OSError', FUNCTION)}", "OSError: no answer: the disk is full"),
        (
            f"States.TaskFailed: {child('States.TaskFailed', child('CapacityStuck', 'still creating'))}",
            "CapacityStuck: still creating",
        ),
        ("States.TaskFailed: {cut off", "States.TaskFailed: {cut off"),
        ("States.TaskFailed: [1]", "States.TaskFailed: [1]"),
        ("no separator", "no separator"),
        ("States.Timeout: ", "States.Timeout: "),
        (
            'States.TaskFailed: {"Name": "run-1-train", "Status": "TIMED_OUT"}',
            "States.TaskFailed: the execution run-1-train ended TIMED_OUT",
        ),
        (f"{'a' * 9}: {'b' * LONGEST}", f"{'a' * 9}: {'b' * (LONGEST - 11)}"),
    ],
)
def test_the_innermost_message_is_what_remains(reason: str, plain: str) -> None:
    assert plain_reason(reason) == plain
