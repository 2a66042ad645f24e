"""Tokens are counted by Bedrock where it answers; where it does not, nothing fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber

from tunesmith.aws.token_counts import count_tokens

MODEL = "amazon.nova-micro-v1:0"
CLIENT = boto3.client("bedrock-runtime", region_name="us-east-1")


@pytest.fixture
def bedrock() -> Iterator[Stubber]:
    """Bedrock's runtime with stubbed answers."""
    with Stubber(CLIENT) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def asked(text: str) -> dict[str, Any]:
    return {
        "modelId": MODEL,
        "input": {"converse": {"messages": [{"role": "user", "content": [{"text": text}]}]}},
    }


def test_what_the_chat_template_adds_is_not_counted(bedrock: Stubber) -> None:
    for text, tokens in (("a", 8), ("Where is it?", 12), ("Here.", 9)):
        bedrock.add_response("count_tokens", {"inputTokens": tokens}, asked(text))
    assert count_tokens(MODEL, ["Where is it?", "Here."], CLIENT) == [("Where is it?", 5), ("Here.", 2)]


@pytest.mark.parametrize(
    "code",
    ["AccessDeniedException", "ValidationException", "ResourceNotFoundException", "ThrottlingException"],
)
def test_the_first_refusal_ends_the_counting_without_an_error(bedrock: Stubber, code: str) -> None:
    bedrock.add_client_error("count_tokens", code, expected_params=asked("a"))
    assert count_tokens(MODEL, ["Where is it?"], CLIENT) == []
    bedrock.add_response("count_tokens", {"inputTokens": 1}, asked("a"))
    bedrock.add_response("count_tokens", {"inputTokens": 4}, asked("Where?"))
    bedrock.add_client_error("count_tokens", code, expected_params=asked("Here"))
    assert count_tokens(MODEL, ["Where?", "Here", "There"], CLIENT) == [("Where?", 4)]


def test_a_network_that_is_not_there_ends_it_likewise() -> None:
    class Unreachable:
        def count_tokens(self, **_: Any) -> Any:
            raise ConnectTimeoutError(endpoint_url="https://bedrock-runtime.us-east-1.amazonaws.com")

    unreachable: Any = Unreachable()
    assert count_tokens(MODEL, ["Where?"], unreachable) == []
