"""Is a grader's answer read, and each way in which it cannot be asked told with what to do?"""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tunesmith.aws.graders import METRIC, GraderReply, ask_grader

ARN = "arn:aws:lambda:us-east-1:123456789012:function:mine"


class FakeLambda:
    """Lambda at the edge: answers with a body, or raises."""

    def __init__(self, body: Any = b"", *, failed: bool = False, error: Exception | None = None) -> None:
        self._body, self._failed, self._error = body, failed, error
        self.asked: list[Any] = []

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        """Take a call as the client spells it."""
        self.asked.append((FunctionName, json.loads(Payload)))
        if self._error:
            raise self._error
        answer: dict[str, Any] = {"Payload": io.BytesIO(self._body)}
        return {**answer, "FunctionError": "Unhandled"} if self._failed else answer


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Invoke")


def ask(function: Any) -> GraderReply:
    return ask_grader(ARN, [{"id": "1"}], function)


def test_the_samples_are_sent_as_a_list_and_the_answer_is_read() -> None:
    function = FakeLambda(b'[{"id": "1"}]')
    assert ask(function) == GraderReply(answer=[{"id": "1"}])
    assert function.asked == [(ARN, [{"id": "1"}])]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (FakeLambda(error=refused("ResourceNotFoundException")), "there is no such function: deploy it"),
        (FakeLambda(error=refused("AccessDeniedException")), "put its name into graders of cdk.json"),
        (FakeLambda(error=refused("TooManyRequestsException")), "could not be asked: An error occurred"),
        (
            FakeLambda(error=ReadTimeoutError(endpoint_url="https://lambda")),
            "did not answer 1 samples within two",
        ),
        (FakeLambda(b'{"errorType": "KeyError"}', failed=True), 'it failed: {"errorType": "KeyError"}'),
        (FakeLambda(b"\xff"), "what is no JSON"),
    ],
)
def test_a_grader_that_cannot_be_asked_is_told_with_what_to_do(function: FakeLambda, words: str) -> None:
    reply = ask(function)
    assert reply.answer is None
    assert words in reply.problem


def test_a_metric_that_cannot_be_asked_is_told_by_its_own_keys() -> None:
    for code, words in (
        ("ResourceNotFoundException", "correct evaluation.metric"),
        ("AccessDeniedException", "put its name into metrics of cdk.json"),
    ):
        function: Any = FakeLambda(error=refused(code))
        assert words in ask_grader(ARN, [], function, named=METRIC).problem
